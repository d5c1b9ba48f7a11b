//! The answer of a call as HTTP/2 sees it: head, frames, trailers.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::{HeaderMap, HeaderValue, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use super::driver::Driver;
use super::frames::Frames;
use super::status;
use crate::Error;
use crate::context::CallContext;
use crate::error::BoxError;
use crate::pace::Pace;
use crate::wire::segments::Segments;

/// The data of a [`CallBody`]: one or more gRPC messages in their frames, of many buffers that were not copied together.
pub type CallData = Segments;

/// The body of an answer, as tower layers see it: messages, then trailers.
///
/// The default is an empty one, for an answer that is a status in its headers alone.
#[derive(Default)]
pub struct CallBody(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Call(Answer),
    /// What a layer made of it.
    Foreign {
        body: UnsyncBoxBody<CallData, BoxError>,
        expose: bool,
    },
}

/// What is left to send of a call.
pub(super) struct Answer {
    first: Option<Segments>,
    driver: Driver,
    expose: bool,
}

impl std::fmt::Debug for CallBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallBody").finish_non_exhaustive()
    }
}

impl CallBody {
    /// The body that a layer has made.
    pub(super) fn foreign<B>(body: B, expose: bool) -> Self
    where
        B: Body<Data: Into<CallData>, Error: Into<BoxError>> + Send + 'static,
    {
        if body.is_end_stream() {
            return Self::default();
        }
        let body = body
            .map_frame(|frame| frame.map_data(Into::into))
            .map_err(Into::into)
            .boxed_unsync();
        Self(Kind::Foreign { body, expose })
    }
}

/// An answer that is a status alone ("Trailers-Only" in gRPC over HTTP/2).
pub(super) fn refused(
    error: &Error,
    context: Option<&CallContext>,
    expose: bool,
) -> Response<CallBody> {
    let mut response = head(CallBody::default());
    append(
        response.headers_mut(),
        status::failed(error, context, expose),
    );
    response
}

fn head(body: CallBody) -> Response<CallBody> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    // There is no `grpc-encoding`: answers are not compressed (`wire/compression.rs`).
    response
}

fn append(to: &mut HeaderMap, from: HeaderMap) {
    if from.is_empty() {
        return;
    }
    let mut last = None;
    for (name, value) in from {
        last = name.or(last);
        if let Some(name) = &last {
            to.append(name, value);
        }
    }
}

impl Answer {
    pub(super) fn new(frames: Frames, context: CallContext, pace: Pace, expose: bool) -> Self {
        Self {
            first: None,
            driver: Driver::new(frames, context, pace),
            expose,
        }
    }

    /// What the head of the answer waits for: the first message, the end or an error.
    pub(super) fn poll_first(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Segments, Error>>> {
        self.driver.poll(cx)
    }

    /// The answer that begins with this.
    pub(super) fn respond(
        mut self,
        mut first: Option<Result<Segments, Error>>,
    ) -> Response<CallBody> {
        let mut headers = self.driver.context().take_headers();
        if let Err(error) = self
            .driver
            .context()
            .started()
            .sending_headers(&mut headers)
            && !matches!(first, Some(Err(_)))
        {
            first = Some(Err(error));
        }
        let (first, refusal) = match first {
            Some(Err(error)) => (None, Some(error)),
            Some(Ok(first)) => (Some(first), None),
            None => (None, None),
        };
        let Some(error) = refusal else {
            self.first = first;
            let mut response = head(CallBody(Kind::Call(self)));
            append(response.headers_mut(), headers);
            return response;
        };
        let mut response = refused(&error, Some(self.driver.context()), self.expose);
        self.driver.end();
        self.driver.completed(Err(&error));
        append(response.headers_mut(), headers);
        let trailers = self.driver.context().take_trailers();
        append(response.headers_mut(), trailers);
        response
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Frame<Segments>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Frame::data(first));
        }
        let driver = &mut self.driver;
        let mut trailers = match driver.poll(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => return Poll::Ready(Frame::data(frame)),
            Poll::Ready(Some(Err(error))) => {
                let trailers = status::failed(&error, Some(driver.context()), self.expose);
                driver.completed(Err(&error));
                trailers
            }
            Poll::Ready(None) => {
                driver.completed(Ok(()));
                status::ok()
            }
        };
        append(&mut trailers, driver.context().take_trailers());
        Poll::Ready(Frame::trailers(trailers))
    }
}

impl Body for CallBody {
    type Data = CallData;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<CallData>, Infallible>>> {
        let frame = match &mut self.0 {
            Kind::Empty => return Poll::Ready(None),
            Kind::Call(answer) => ready!(answer.poll_frame(cx)),
            Kind::Foreign { body, expose } => {
                let polled = AssertUnwindSafe(|| Pin::new(body).poll_frame(cx));
                // A layer that breaks off, or panics: the client is to have a status all the same.
                let frame = match catch_unwind(polled) {
                    Ok(polled) => match ready!(polled) {
                        None => {
                            self.0 = Kind::Empty;
                            return Poll::Ready(None);
                        }
                        Some(frame) => frame.map_err(Error::from_boxed),
                    },
                    Err(panic) => Err(Error::panicked(&*panic)),
                };
                frame.unwrap_or_else(|error| Frame::trailers(status::failed(&error, None, *expose)))
            }
        };
        if frame.is_trailers() {
            self.0 = Kind::Empty;
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Kind::Empty)
    }
}

/// The same body for a server whose data is `Bytes`: tonic's.
///
/// Large buffers go as they are, small ones are merged, because each `Bytes` becomes a frame and a system call of its own.
pub(super) struct BytesBody {
    body: CallBody,
    rest: Segments,
}

impl BytesBody {
    pub(super) fn new(body: CallBody) -> Self {
        Self {
            body,
            rest: Segments::new(),
        }
    }
}

/// Buffers below this are merged.
const MERGE_BELOW: usize = 16 * 1024;

fn next_bytes(rest: &mut Segments) -> Option<Bytes> {
    if rest.is_empty() {
        return None;
    }
    let length = rest.chunk().len();
    if length >= MERGE_BELOW || length == rest.remaining() {
        // The whole first segment: no copy.
        return Some(rest.copy_to_bytes(length));
    }
    let mut count = 0;
    let small = |part: &&Bytes| {
        let merges = part.len() < MERGE_BELOW && count < 4 * MERGE_BELOW;
        count += part.len();
        merges
    };
    let length = rest.parts().take_while(small).map(Bytes::len).sum();
    Some(rest.copy_to_bytes(length))
}

impl Body for BytesBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if let Some(bytes) = next_bytes(&mut self.rest) {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            let frame = match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(never))) => match never {},
                Poll::Pending => return Poll::Pending,
            };
            match frame.into_data() {
                Ok(data) => self.rest = data,
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }
}
