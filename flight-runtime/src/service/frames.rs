//! [`Frames`]: what a call has to say, from before it is let in to its last word.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::future::BoxFuture;
use futures::stream::{BoxStream, Stream, StreamExt};

use super::quota::Permit;
use crate::Error;
use crate::wire::segments::Segments;

/// The messages of an answer, framed for gRPC.
pub(super) type Messages = BoxStream<'static, Result<Segments, Error>>;

/// A call at work: nothing of it runs until it is polled. An error is the last that it gives.
///
/// What is needed until a handler is found, more than all that comes behind it, is let go of then and not kept for as long as the answer takes.
pub(super) struct Frames(State);

enum State {
    Opening(BoxFuture<'static, Result<Opened, Error>>),
    Open(Opened),
    Over,
}

/// A call whose handler is found.
pub(super) struct Opened {
    messages: Messages,
    /// It counts for as long as there is something left of it.
    _counted: Option<Permit>,
}

impl Opened {
    pub(super) fn new(messages: Messages, counted: Option<Permit>) -> Self {
        Self {
            messages,
            _counted: counted,
        }
    }
}

impl Frames {
    /// What opens to be a call.
    pub(super) fn new(
        opening: impl Future<Output = Result<Opened, Error>> + Send + 'static,
    ) -> Self {
        Self(State::Opening(Box::pin(opening)))
    }
}

impl Stream for Frames {
    type Item = Result<Segments, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let State::Opening(opening) = &mut self.0 {
            match ready!(opening.as_mut().poll(cx)) {
                Ok(opened) => self.0 = State::Open(opened),
                Err(error) => {
                    self.0 = State::Over;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        match &mut self.0 {
            State::Open(opened) => opened.messages.poll_next_unpin(cx),
            State::Opening(_) | State::Over => Poll::Ready(None),
        }
    }
}
