//! [`Paced`]: a call that ends when its connection cuts it, because its client takes nothing of the answer.
//!
//! hyper does not ask for more of an answer while the client's window is full, so the answer itself cannot end it. What polls the call can:
//! dropping it resets the stream.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::pace::Pace;

pub(super) struct Paced {
    call: Pin<Box<dyn Future<Output = ()> + Send>>,
    pace: Option<Pace>,
}

impl Paced {
    pub(super) fn new(call: impl Future<Output = ()> + Send + 'static, pace: Option<Pace>) -> Self {
        Self {
            call: Box::pin(call),
            pace,
        }
    }

    /// How much of the answer waits to be sent.
    pub(super) fn held(&self) -> usize {
        self.pace.as_ref().map_or(0, |pace| pace.progress().held())
    }
}

impl Future for Paced {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = AssertUnwindSafe(|| self.call.as_mut().poll(cx));
        match catch_unwind(polled) {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(())) => return Poll::Ready(()),
            // What a task of its own would do for it: the connection and its other calls go on.
            Err(_) => {
                tracing::error!("a call panicked: its stream is reset");
                return Poll::Ready(());
            }
        }
        match &self.pace {
            Some(pace) => pace.poll_cut(cx),
            None => Poll::Pending,
        }
    }
}
