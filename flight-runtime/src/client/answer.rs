//! [`Answer`]: one call under way. It sends what is uploaded and reads what comes back, in the task of whoever asks, and is cancelled when it is dropped.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep};
use tonic::{Code, Status};

use super::channel::Channel;
use super::connection::InCall;
use crate::Error;
use crate::error::BoxError;
use crate::headers::GRPC_ENCODING;
use crate::wire::error::{COPIES, WireError};
use crate::wire::segments::Segments;

/// How long an upload goes on before the answer and the deadline are looked at, and others of the thread have their turn: batches that are
/// computed on the spot may never make it wait.
const TURN: Duration = Duration::from_micros(100);

/// Messages that a call sends, framed.
pub(super) type Frames = BoxStream<'static, Result<Segments, Error>>;

/// What a call says.
pub(super) enum Outgoing {
    /// One message, which goes out with the end of the stream on it: a frame less for both sides.
    One(Segments),
    /// Whatever comes, while the answer is asked for.
    Upload(Frames),
}

/// One call under way.
pub(super) struct Answer {
    channel: Arc<Channel>,
    state: State,
    upload: Option<Upload>,
    /// Kept behind the end of the upload, to cancel with.
    stream: SendStream<Segments>,
    deadline: Option<Pin<Box<Sleep>>>,
    /// Head and trailers, as they have come.
    headers: HeaderMap,
    running: InCall,
    /// The server has said that it never saw the call.
    unseen: bool,
}

enum State {
    Head(ResponseFuture),
    Body(RecvStream),
    Done,
}

/// What is left to send.
struct Upload {
    frames: Frames,
    /// A frame that waits for the server's window.
    waiting: Option<Segments>,
}

impl Answer {
    pub(super) fn new(
        channel: Arc<Channel>,
        running: InCall,
        response: ResponseFuture,
        mut stream: SendStream<Segments>,
        outgoing: Outgoing,
        deadline: Option<Sleep>,
    ) -> Self {
        let upload = match outgoing {
            Outgoing::One(frame) => {
                // An error is the connection's, and comes with the answer.
                let _ = stream.send_data(frame, true);
                None
            }
            Outgoing::Upload(frames) => Some(Upload {
                frames,
                waiting: None,
            }),
        };
        Self {
            channel,
            state: State::Head(response),
            upload,
            stream,
            deadline: deadline.map(Box::pin),
            headers: HeaderMap::new(),
            running,
            unseen: false,
        }
    }

    /// Waits for the head, and for the error of a call that has nothing else.
    pub(super) async fn head(&mut self) -> Result<(), Error> {
        poll_fn(|cx| {
            self.poll_work(cx)?;
            self.poll_head(cx)
        })
        .await
    }

    /// Whether the call may be made again on another connection, because its own was told to go before the server took it up.
    pub(super) fn is_unseen(&self) -> bool {
        self.unseen
    }

    /// Headers and trailers that have come.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Deadline and upload, which go on whatever is waited for.
    fn poll_work(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        if matches!(self.state, State::Done) {
            return Ok(());
        }
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            self.cancel();
            return Err(Error::deadline_exceeded(
                "the call took longer than its time limit",
            ));
        }
        let Some(upload) = &mut self.upload else {
            return Ok(());
        };
        match upload.poll(&mut self.stream, cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(())) => {
                self.upload = None;
                Ok(())
            }
            Poll::Ready(Err(error)) => {
                self.cancel();
                Err(error)
            }
        }
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let State::Head(response) = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        let response = match ready!(Pin::new(response).poll(cx)) {
            Ok(response) => response,
            Err(error) => {
                self.unseen = is_leave(&error);
                let error = self.broken(error);
                self.finish();
                return Poll::Ready(Err(error));
            }
        };
        let (head, body) = response.into_parts();
        let ended = body.is_end_stream();
        self.state = State::Body(body);
        let checked = match Status::from_header_map(&head.headers) {
            Some(status) if ended || status.code() != Code::Ok => {
                self.finish();
                outcome(status)
            }
            _ => {
                let checked = check_head(head.status, &head.headers);
                if checked.is_err() {
                    self.cancel();
                }
                checked
            }
        };
        self.headers = head.headers;
        Poll::Ready(checked)
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if let Err(error) = self.poll_work(cx) {
            return Poll::Ready(Some(Err(error)));
        }
        if let Err(error) = ready!(self.poll_head(cx)) {
            return Poll::Ready(Some(Err(error)));
        }
        let State::Body(body) = &mut self.state else {
            return Poll::Ready(None);
        };
        match ready!(body.poll_data(cx)) {
            Some(Ok(data)) => {
                // It is copied to where it belongs before anything else is asked for.
                let released = body.flow_control().release_capacity(data.len());
                if let Err(error) = released {
                    let error = self.broken(error);
                    self.finish();
                    return Poll::Ready(Some(Err(error)));
                }
                return Poll::Ready(Some(Ok(data)));
            }
            Some(Err(error)) => {
                let error = self.broken(error);
                self.finish();
                return Poll::Ready(Some(Err(error)));
            }
            None => {}
        }
        let trailers = ready!(body.poll_trailers(cx));
        let ended = match trailers {
            Ok(Some(trailers)) => {
                let status = Status::from_header_map(&trailers);
                self.headers.extend(trailers);
                status.map_or_else(|| Err(no_status()), outcome)
            }
            Ok(None) => Err(no_status()),
            Err(error) => Err(self.broken(error)),
        };
        self.finish();
        Poll::Ready(ended.err().map(Err))
    }

    /// The server has said its last word: what it does not want of the upload is not sent.
    fn finish(&mut self) {
        if self.upload.take().is_some() {
            self.stream.send_reset(Reason::NO_ERROR);
        }
        self.state = State::Done;
    }

    fn cancel(&mut self) {
        self.upload = None;
        self.state = State::Done;
        self.stream.send_reset(Reason::CANCEL);
    }

    /// A stream that HTTP/2 ended, in gRPC's words ("Errors" in gRPC over HTTP/2).
    fn broken(&self, error: h2::Error) -> Error {
        let reset = error.is_reset() && error.is_remote();
        let code = match error.reason() {
            Some(Reason::REFUSED_STREAM) => Code::Unavailable,
            Some(Reason::CANCEL) if reset => Code::Cancelled,
            Some(Reason::ENHANCE_YOUR_CALM) if reset => Code::ResourceExhausted,
            Some(Reason::INADEQUATE_SECURITY) => Code::PermissionDenied,
            Some(_) if reset => Code::Internal,
            _ if self.running.is_given_up() => {
                let location = self.channel.location();
                return Error::unavailable(format!(
                    "connection to `{location}` given up: the server does not answer pings"
                ));
            }
            _ => return self.channel.lost(error),
        };
        Error::new(code, format!("the server ended the call: {error}")).with_source(error)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // Said now and not left to h2, which would first send what it still holds of the upload.
        if !matches!(self.state, State::Done) {
            self.cancel();
        }
    }
}

impl Upload {
    fn poll(
        &mut self,
        stream: &mut SendStream<Segments>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let began = Instant::now();
        loop {
            if let Some(frame) = self.waiting.take() {
                match stream.poll_capacity(cx) {
                    Poll::Ready(Some(Ok(0))) => {
                        self.waiting = Some(frame);
                        continue;
                    }
                    Poll::Ready(Some(Ok(_))) => {
                        if stream.send_data(frame, false).is_err() {
                            return Poll::Ready(Ok(()));
                        }
                        if began.elapsed() > TURN {
                            cx.waker().wake_by_ref();
                            return Poll::Pending;
                        }
                    }
                    Poll::Pending => {
                        self.waiting = Some(frame);
                        return Poll::Pending;
                    }
                    // The server does not want more; why is in its answer.
                    Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(Ok(())),
                }
            }
            match ready!(self.frames.poll_next_unpin(cx)) {
                Some(Ok(frame)) => {
                    // A byte is enough to ask for: h2 raises that to what it is given.
                    stream.reserve_capacity(1);
                    self.waiting = Some(frame);
                }
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => {
                    // An error is the server's, and in its answer.
                    let _ = stream.send_data(Segments::new(), true);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = WireError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, WireError>>> {
        let data = ready!(self.get_mut().poll_data(cx));
        Poll::Ready(data.map(|data| {
            data.map(Frame::data)
                .map_err(|error| WireError::Io(BoxError::from(error)))
        }))
    }
}

/// Whether a server that leaves in good order has said so to a call: it ends those alone that it has not begun (RFC 9113, 6.8).
pub(super) fn is_leave(error: &h2::Error) -> bool {
    error.is_go_away() && error.is_remote() && error.reason() == Some(Reason::NO_ERROR)
}

/// What is wrong with an answer, as its reader sees it: the server's fault, or an error that came through.
pub(super) fn fault(error: WireError) -> Error {
    match error {
        WireError::Io(error) => Error::from_boxed(error),
        WireError::TooLarge { what, .. } if what != COPIES => {
            Error::resource_exhausted(format!("{error}: raise it with `max_message_size`"))
        }
        error => Error::internal(format!("the server's answer cannot be read: {error}")),
    }
}

/// An answer that is not gRPC comes from something in between, such as a proxy.
fn check_head(status: StatusCode, headers: &HeaderMap) -> Result<(), Error> {
    if status != StatusCode::OK {
        // "HTTP to gRPC Status Code Mapping" of gRPC.
        let code = match status.as_u16() {
            400 => Code::Internal,
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            404 => Code::Unimplemented,
            429 | 502 | 503 | 504 => Code::Unavailable,
            _ => Code::Unknown,
        };
        return Err(Error::new(
            code,
            format!("the server answered HTTP {status}"),
        ));
    }
    let content_type = headers.get(http::header::CONTENT_TYPE);
    // What follows may name the encoding of messages; `-web` is another protocol.
    let is_grpc = content_type
        .and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"))
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';' | b' ')));
    if !is_grpc {
        return Err(Error::unknown(format!(
            "the server does not speak gRPC: content-type is {content_type:?}"
        )));
    }
    if let Some(encoding) = headers.get(GRPC_ENCODING)
        && encoding != "identity"
    {
        return Err(Error::internal(format!(
            "the server compresses its messages ({encoding:?}) although it was not asked to"
        )));
    }
    Ok(())
}

fn outcome(status: Status) -> Result<(), Error> {
    match status.code() {
        Code::Ok => Ok(()),
        _ => Err(Error::from(status)),
    }
}

fn no_status() -> Error {
    Error::internal("the server ended the call without a status")
}
