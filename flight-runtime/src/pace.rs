//! [`Pace`]: a call as its connection sees it: whether its client keeps up with it, and how to end it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;

use crate::Error;
use crate::wire::progress::Progress;

/// What can be ended from outside.
pub(crate) trait Ends: Send + Sync {
    /// Drops the handler; the client is told this, if it still listens.
    fn end_with(&self, error: Error);
}

/// What a call and its connection know of each other.
#[derive(Clone, Default)]
pub(crate) struct Pace(Arc<Inner>);

#[derive(Default)]
struct Inner {
    progress: Arc<Progress>,
    /// Unset until it has begun.
    call: OnceLock<Weak<dyn Ends>>,
    cut: AtomicBool,
    /// Of whoever polls the call.
    waker: AtomicWaker,
}

impl Pace {
    /// That of a call whose connection looks after it.
    pub(crate) fn watched() -> Self {
        Self(Arc::new(Inner {
            progress: Arc::new(Progress::watched()),
            ..Inner::default()
        }))
    }

    pub(crate) fn progress(&self) -> &Arc<Progress> {
        &self.0.progress
    }

    /// Says what is ended; the first time counts.
    pub(crate) fn begin(&self, call: Weak<dyn Ends>) {
        let _ = self.0.call.set(call);
    }

    /// Ends the call, if it has begun and not ended.
    pub(crate) fn end_with(&self, error: Error) {
        if let Some(call) = self.0.call.get().and_then(Weak::upgrade) {
            call.end_with(error);
        }
    }

    /// Nothing more is said to its client: its stream is reset.
    pub(crate) fn cut(&self) {
        self.0.cut.store(true, Ordering::Release);
        self.0.waker.wake();
    }

    /// For whoever polls the call, when it waits: ready when it is [`cut`](Self::cut).
    pub(crate) fn poll_cut(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Who holds nothing back is not cut. As long as that is so, nobody needs to be woken.
        if self.0.progress.held() == 0 {
            return Poll::Pending;
        }
        self.0.waker.register(cx.waker());
        match self.0.cut.load(Ordering::Acquire) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// Whether anybody else still knows it: the call.
    pub(crate) fn is_over(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pace").field(&self.0.progress).finish()
    }
}
