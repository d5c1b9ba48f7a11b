//! [`Answering`]: from a request to the head of its answer.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::future::TryFutureExt;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;

use super::frames::{Frames, Opened};
use super::response::{self, Answer, CallBody};
use super::{STAND_IN, Service};
use crate::Error;
use crate::caller::Caller;
use crate::context::CallContext;
use crate::error::BoxError;
use crate::observe::Direction;
use crate::pace::Pace;
use crate::rpc::{Method, SERVICE_NAME};
use crate::wire::cut::RequestBody;

/// A call until there is something to send.
///
/// By hand and not an `async fn`, which would keep a request and everything that becomes of it side by side, and copy them on the way: in a small
/// call that is felt.
pub(super) struct Answering<B>(State<B>);

enum State<B> {
    /// Nothing of it was looked at.
    Asked {
        service: Arc<Service>,
        caller: Caller,
        request: Request<B>,
    },
    Begun(Answer),
    Over,
}

/// A body is not polled in here.
impl<B> Unpin for Answering<B> {}

impl<B> Answering<B> {
    pub(super) fn new(service: Arc<Service>, caller: Caller, request: Request<B>) -> Self {
        Self(State::Asked {
            service,
            caller,
            request,
        })
    }
}

impl<B> Future for Answering<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Response<CallBody>;

    /// Runs a call until there is something to send, so that headers and an early error go in the head.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<CallBody>> {
        if let State::Asked { .. } = self.0
            && let State::Asked {
                service,
                caller,
                request,
            } = mem::replace(&mut self.0, State::Over)
        {
            match service.begin(caller, request) {
                Ok(answer) => self.0 = State::Begun(answer),
                Err(refusal) => return Poll::Ready(*refusal),
            }
        }
        let State::Begun(answer) = &mut self.0 else {
            // As any future that is polled behind its end: it has nothing to give.
            return Poll::Pending;
        };
        let first = ready!(answer.poll_first(cx));
        match mem::replace(&mut self.0, State::Over) {
            State::Begun(answer) => Poll::Ready(answer.respond(first)),
            State::Asked { .. } | State::Over => Poll::Pending,
        }
    }
}

impl Service {
    /// Looks at the headers of a request. The handler does not run yet; a refusal is the whole answer.
    fn begin<B>(
        self: Arc<Self>,
        caller: Caller,
        request: Request<B>,
    ) -> Result<Answer, Box<Response<CallBody>>>
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let expose = self.settings.expose_internal_errors;
        let (mut head, body) = request.into_parts();
        if !is_grpc(&head.headers) {
            let error = Error::invalid_argument("content-type is not application/grpc");
            let mut response = response::refused(&error, None, expose);
            *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Box::new(response));
        }
        let path = head.uri.path();
        let beside = self.settings.beside.find(path);
        let Some(method) = Method::from_path(path).or(beside.map(|_| STAND_IN)) else {
            let path = crate::route::shorten(path);
            let error = Error::unimplemented(format!(
                "no method `{path}`; this server answers /{SERVICE_NAME}/…"
            ));
            return Err(Box::new(response::refused(&error, None, expose)));
        };
        let pace: Option<Pace> = head.extensions.remove();
        let context = CallContext::of_call(
            method,
            beside.map(|(_, name)| name),
            caller,
            head.headers,
            head.extensions,
            self.server.clone(),
            self.time_limit(method),
        );
        let context = context.map_err(|error| Box::new(response::refused(&error, None, expose)))?;
        let pace = pace.unwrap_or_else(|| self.keeper.pace(context.deadline()));
        let observed = context.clone();
        let body = body.map_frame(move |frame| {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            observed.observed().bytes(Direction::Received, bytes);
            frame
        });
        let bounds = self.bounds(method, &pace).until(context.deadline());
        let body = RequestBody::new(body, Some(bounds));
        let frames = match beside {
            None => self.frames(context.clone(), body),
            Some((call, _)) => {
                let opening = self.open_beside(call, context.clone(), body);
                Frames::new(opening.map_ok(|messages| Opened::new(messages, None)))
            }
        };
        Ok(Answer::new(frames, context, pace, expose))
    }
}

fn is_grpc(headers: &http::HeaderMap) -> bool {
    let content_type = headers
        .get(http::header::CONTENT_TYPE)
        .map(http::HeaderValue::as_bytes);
    // `application/grpc`, `application/grpc+proto`, `application/grpc;…`, but not `application/grpc-web`.
    content_type
        .and_then(|content_type| content_type.strip_prefix(b"application/grpc"))
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}
