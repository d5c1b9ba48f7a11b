//! [`Pace`]: a call as its connection sees it: whether its client keeps up with it, and how to end it.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Instant;

use futures::task::AtomicWaker;

use crate::Error;
use crate::deadlines::Deadlines;
use crate::wire::progress::Progress;

/// What can be ended from outside.
pub(crate) trait Ends: Send + Sync {
    /// Drops the handler; the client is told this, if it still listens.
    fn end_with(&self, error: Error);

    /// The same at its deadline.
    fn expire(&self);
}

/// What a call and its connection know of each other.
#[derive(Clone)]
pub(crate) struct Pace(Arc<Inner>);

struct Inner {
    progress: Arc<Progress>,
    call: Mutex<Phase>,
    /// Whoever waits for those sees to that of the call, if it has one.
    deadlines: Option<Arc<Deadlines>>,
    _keeper: Option<Arc<dyn Any + Send + Sync>>,
    cut: AtomicBool,
    /// Of whoever polls the call.
    waker: AtomicWaker,
}

enum Phase {
    /// It has not begun.
    Before,
    /// It is to end as soon as it begins.
    Doomed(Error),
    /// What is ended, and when it ends by itself.
    Begun {
        call: Weak<dyn Ends>,
        deadline: Option<Instant>,
    },
}

impl Pace {
    /// That of a call in another server that has no deadline.
    pub(crate) fn alone() -> Self {
        Self::of(Progress::default(), None, None)
    }

    /// The same with one; whoever waits for these deadlines lives as long as it.
    pub(crate) fn kept(deadlines: Arc<Deadlines>, keeper: Arc<dyn Any + Send + Sync>) -> Self {
        Self::of(Progress::default(), Some(deadlines), Some(keeper))
    }

    /// The same of a call whose connection looks after it.
    pub(crate) fn watched(deadlines: Arc<Deadlines>) -> Self {
        Self::of(Progress::watched(), Some(deadlines), None)
    }

    fn of(
        progress: Progress,
        deadlines: Option<Arc<Deadlines>>,
        keeper: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Self {
        Self(Arc::new(Inner {
            progress: Arc::new(progress),
            call: Mutex::new(Phase::Before),
            deadlines,
            _keeper: keeper,
            cut: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }))
    }

    pub(crate) fn downgrade(&self) -> WeakPace {
        WeakPace(Arc::downgrade(&self.0))
    }

    pub(crate) fn progress(&self) -> &Arc<Progress> {
        &self.0.progress
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.0.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what is ended, and when it is to end.
    pub(crate) fn begin(&self, call: &Arc<dyn Ends>, deadline: Option<Instant>) {
        let begun = Phase::Begun {
            call: Arc::downgrade(call),
            deadline,
        };
        let before = std::mem::replace(&mut *self.phase(), begun);
        if let Phase::Doomed(error) = before {
            call.end_with(error);
        }
        if let Some(deadline) = deadline {
            self.await_deadline(deadline);
        }
    }

    fn await_deadline(&self, deadline: Instant) {
        if let Some(deadlines) = &self.0.deadlines {
            deadlines.add(deadline);
        }
    }

    /// Ends the call, if it has not ended: one that has not begun, when it does.
    pub(crate) fn end_with(&self, error: Error) {
        let call = match &mut *self.phase() {
            Phase::Begun { call, .. } => call.upgrade(),
            before => {
                *before = Phase::Doomed(error);
                return;
            }
        };
        if let Some(call) = call {
            call.end_with(error);
        }
    }

    /// Ends the call if its deadline has come; else that is still waited for.
    pub(crate) fn expire(&self, now: Instant) {
        let (call, deadline) = match &*self.phase() {
            Phase::Begun {
                call,
                deadline: Some(deadline),
            } => (call.upgrade(), *deadline),
            _ => return,
        };
        if deadline > now {
            self.await_deadline(deadline);
        } else if let Some(call) = call {
            call.expire();
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

/// Forgets those of a list of calls that have ended. How many there are when that is worth the next look: twice as many as are left, so that each call
/// costs as much, however many there are.
pub(crate) fn forget_ended<T>(calls: &mut Vec<T>, is_over: impl Fn(&T) -> bool) -> usize {
    calls.retain(|call| !is_over(call));
    calls.len() * 2 + 8
}

/// That of a call which may have ended.
pub(crate) struct WeakPace(Weak<Inner>);

impl WeakPace {
    /// `None` when it has.
    pub(crate) fn upgrade(&self) -> Option<Pace> {
        self.0.upgrade().map(Pace)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pace").field(&self.0.progress).finish()
    }
}
