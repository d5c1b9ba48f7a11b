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
pub(crate) struct RequestBody {
    body: Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>,
    ending: Option<Ending>,
    bounds: Option<Bounds>,
}

impl RequestBody {
    /// Watches over `body`.
    pub(crate) fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            body: Box::pin(body.map_err(Into::into)),
            ending: None,
            bounds: None,
        }
    }

    /// Within these limits; what is over them is an error, and the last word.
    pub(crate) fn within(mut self, bounds: Bounds) -> Self {
        self.bounds = Some(bounds);
        self
    }

    /// A limit was reached.
    fn over(&mut self, error: WireError) -> Poll<Option<Result<Frame<Bytes>, WireError>>> {
        self.ending = Some(Ending::Cut);
        Poll::Ready(Some(Err(error)))
    }

    /// How the request ended; `None` while it has not been read to its end.
    #[cfg(test)]
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.ending
    }
}

impl std::fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBody")
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = WireError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, WireError>>> {
        match self.ending {
            None => {}
            Some(Ending::Complete) => return Poll::Ready(None),
            // Whoever asks again must not be told that all is well.
            Some(Ending::Cut) => return Poll::Ready(Some(Err(WireError::Cut))),
        }
        if let Some(bounds) = &mut self.bounds
            && let Err(error) = bounds.poll_time(cx)
        {
            return self.over(error);
        }
        let polled = self.body.as_mut().poll_frame(cx);
        if let Some(bounds) = &mut self.bounds {
            match &polled {
                Poll::Pending => {
                    let error = ready!(bounds.poll_idle(cx));
                    return self.over(error);
                }
                Poll::Ready(Some(Ok(frame))) => {
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    if let Err(error) = bounds.came(length) {
                        return self.over(error);
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
                if self.body.is_end_stream() {
                    self.ending = Some(Ending::Complete);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            None if self.body.is_end_stream() => {
                self.ending = Some(Ending::Complete);
                Poll::Ready(None)
            }
            None => {
                self.ending = Some(Ending::Cut);
                Poll::Ready(Some(Err(WireError::Cut)))
            }
            Some(Err(error)) => {
                self.ending = Some(Ending::Cut);
                Poll::Ready(Some(Err(classify(error))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self.ending {
            Some(Ending::Complete) => true,
            // The next poll has an error to tell.
            Some(Ending::Cut) => false,
            None => self.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
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
