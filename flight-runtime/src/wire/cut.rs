//! A request body that knows a finished upload from a cut one.
//!
//! gRPC ends a request with the END_STREAM flag ("EOS" in the gRPC over HTTP/2
//! protocol). A client that cancels sends RST_STREAM instead, and a handler that takes
//! that for the end commits half an upload. Two layers below invite it to:
//!
//! - hyper 1.12 turns a reset with NO_ERROR into the end of the body (`Incoming::
//!   poll_frame`: "should cause the body reading to stop, but not fail it"), which is
//!   meant for responses;
//! - tonic 0.14 searches the sources of a body's error for an `h2::Error`, and takes
//!   one with the reason CANCEL, on a server, for the end of the stream.
//!
//! What tells them apart is `is_end_stream` of hyper's `Incoming`, which asks h2
//! whether END_STREAM was received and everything before it was read. h2 (0.4.20)
//! keeps "reset after END_STREAM" and "reset before" as different states, so the answer
//! is right even when a reset follows. Other errors than resets are seen as they are.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use pin_project_lite::pin_project;

use super::error::{BoxError, WireError};
use super::upload::Bounds;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With END_STREAM, after its last byte.
    Complete,
    /// In any other way.
    Cut,
}

/// A request body of which every end but a proper one is [`WireError::Cut`].
///
/// The body inside must answer `is_end_stream` truthfully, as hyper's `Incoming`, and
/// the adaptors of `http_body_util` and tonic around it, do. One that leaves the default
/// of `false`, such as `StreamBody`, never ends properly here.
pub(crate) struct RequestBody(Pin<Box<Watched<dyn Body<Data = Bytes, Error = BoxError> + Send>>>);

pin_project! {
    /// In one place with the body, because a call hands its request on from one to the next until it is read.
    struct Watched<B: ?Sized> {
        ending: Option<Ending>,
        bounds: Option<Bounds>,
        #[pin]
        body: B,
    }
}

impl RequestBody {
    /// Watches over `body`. What is over these bounds is an error, and the last word.
    pub(crate) fn new<B>(body: B, bounds: Option<Bounds>) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Box::pin(Watched {
            ending: None,
            bounds,
            body: body.map_err(Into::into),
        }))
    }

    /// How the request ended; `None` while it has not been read to its end.
    #[cfg(test)]
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.0.ending
    }
}

impl std::fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBody")
            .field("ending", &self.0.ending)
            .finish_non_exhaustive()
    }
}

impl<B> Watched<B>
where
    B: Body<Data = Bytes, Error = BoxError> + ?Sized,
{
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, WireError>>> {
        let this = self.project();
        let (ending, mut body) = (this.ending, this.body);
        match ending {
            None => {}
            Some(Ending::Complete) => return Poll::Ready(None),
            // Whoever asks again must not be told that all is well.
            Some(Ending::Cut) => return Poll::Ready(Some(Err(WireError::Cut))),
        }
        let mut cut = |error| {
            *ending = Some(Ending::Cut);
            Poll::Ready(Some(Err(error)))
        };
        if let Some(bounds) = this.bounds
            && let Err(error) = bounds.poll_time(cx)
        {
            return cut(error);
        }
        let polled = body.as_mut().poll_frame(cx);
        if let Some(bounds) = this.bounds {
            match &polled {
                Poll::Pending => return cut(ready!(bounds.poll_idle(cx))),
                Poll::Ready(Some(Ok(frame))) => {
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    if let Err(error) = bounds.came(length) {
                        return cut(error);
                    }
                }
                Poll::Ready(_) => {}
            }
        }
        match ready!(polled) {
            Some(Ok(frame)) => {
                // Settled here and now: a connection that is lost before the next poll
                // makes h2 forget that the stream had ended. Trailers follow data only
                // when this is false.
                if body.is_end_stream() {
                    *ending = Some(Ending::Complete);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            None if body.is_end_stream() => {
                *ending = Some(Ending::Complete);
                Poll::Ready(None)
            }
            None => cut(WireError::Cut),
            Some(Err(error)) => cut(classify(error)),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = WireError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, WireError>>> {
        self.0.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        match self.0.ending {
            Some(Ending::Complete) => true,
            // The next poll has an error to tell.
            Some(Ending::Cut) => false,
            None => self.0.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.0.body.size_hint()
    }
}

/// An error of the connection is a cut, even inside the error of a layer in between;
/// every other error is the layer's own.
fn classify(error: BoxError) -> WireError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
    while let Some(error) = cause {
        if error.is::<hyper::Error>() {
            return WireError::Cut;
        }
        cause = error.source();
    }
    error.into()
}

#[cfg(test)]
mod tests;
