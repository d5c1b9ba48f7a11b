//! [`Paced`]: a call that ends when its client takes nothing of its answer.
//!
//! hyper does not ask for more of an answer while the client's window is full, so the answer itself cannot notice. What polls the call can:
//! while it waits and something is under way, it looks from time to time whether any of that was taken.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::Error;
use crate::limits::reached;
use crate::pace::Pace;
use crate::wire::progress::Idle;

pub(super) struct Paced {
    call: Pin<Box<dyn Future<Output = ()> + Send>>,
    watch: Option<Watch>,
}

struct Watch {
    pace: Pace,
    limit: Duration,
    idle: Idle,
    /// Its client was too slow; it has a moment left to read that.
    ending: bool,
}

impl Paced {
    /// A call, and how long its client may take nothing.
    pub(super) fn new(
        call: impl Future<Output = ()> + Send + 'static,
        limit: Option<(Pace, Duration)>,
    ) -> Self {
        Self {
            call: Box::pin(call),
            watch: limit.map(|(pace, limit)| Watch {
                pace,
                limit,
                idle: Idle::new(limit),
                ending: false,
            }),
        }
    }
}

impl Future for Paced {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.call.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        match &mut self.watch {
            Some(watch) => watch.poll(cx),
            None => Poll::Pending,
        }
    }
}

impl Watch {
    /// Ready when nothing is left to do but to reset the stream, which dropping the call does.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let progress = self.pace.progress();
        while progress.is_held() {
            ready!(self.idle.poll(cx, progress.taken()));
            if self.ending {
                return Poll::Ready(());
            }
            self.ending = true;
            let error = reached(
                "nothing of the answer was taken for too long",
                "download_idle",
                format_args!("{:?}", self.limit),
            );
            self.pace
                .end_with(Error::deadline_exceeded(error.message().to_owned()));
        }
        Poll::Pending
    }
}
