//! [`Progress`]: how much of what was given to HTTP/2 the other side has taken; [`Idle`]: for how long nothing moved.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::time::{Instant, Sleep, sleep};

/// What is under way to the other side. h2 takes bytes up only when the other side's windows and the socket let it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Grows whenever something is taken.
    taken: AtomicU64,
    /// Bytes that were given and are not taken.
    held: AtomicUsize,
    waker: AtomicWaker,
}

/// From this size on, what is under way is waited for before a call says that it has ended: behind its end nobody looks after it.
const HELD_AT_END: usize = 64 << 10;

impl Progress {
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Whether the other side has something to take.
    pub(crate) fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed) > 0
    }

    /// Waits until most of what was given is taken.
    pub(crate) fn poll_taken(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.held.load(Ordering::Acquire) < HELD_AT_END {
            return Poll::Ready(());
        }
        self.waker.register(cx.waker());
        match self.held.load(Ordering::Acquire) < HELD_AT_END {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    fn take(&self, count: usize) {
        self.taken.fetch_add(1, Ordering::Relaxed);
        let before = self.held.fetch_sub(count, Ordering::AcqRel);
        if before >= HELD_AT_END && before.saturating_sub(count) < HELD_AT_END {
            self.waker.wake();
        }
    }
}

/// So many bytes under way. What is dropped is no longer.
#[derive(Debug)]
pub(crate) struct Receipt {
    progress: Arc<Progress>,
    left: usize,
}

impl Receipt {
    pub(crate) fn new(progress: &Arc<Progress>, count: usize) -> Self {
        progress.held.fetch_add(count, Ordering::AcqRel);
        Self {
            progress: Arc::clone(progress),
            left: count,
        }
    }

    pub(crate) fn take(&mut self, count: usize) {
        let count = count.min(self.left);
        self.left -= count;
        self.progress.take(count);
    }
}

impl Clone for Receipt {
    /// A copy of bytes is not under way.
    fn clone(&self) -> Self {
        Self {
            progress: Arc::clone(&self.progress),
            left: 0,
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if self.left > 0 {
            self.progress.take(self.left);
        }
    }
}

/// Into how many parts a limit is divided. A timer that is set anew with every frame would cost more than the frame; this one looks a few
/// times whether something has moved.
const TICKS: u32 = 4;

/// Waits until nothing has moved for so long, or for up to a quarter longer.
#[derive(Debug)]
pub(crate) struct Idle {
    tick: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    seen: u64,
    still: u32,
}

impl Idle {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            tick: limit / TICKS,
            sleep: None,
            seen: 0,
            still: 0,
        }
    }

    /// Something has moved that `moved` does not tell.
    pub(crate) fn reset(&mut self) {
        self.still = 0;
        self.seen = u64::MAX;
    }

    /// Ready when `moved` has been the same for so long; again after one part of it more.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, moved: u64) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| {
            self.seen = moved;
            Box::pin(sleep(self.tick))
        });
        loop {
            ready!(sleep.as_mut().poll(cx));
            sleep.as_mut().reset(Instant::now() + self.tick);
            if self.seen == moved {
                self.still += 1;
            } else {
                (self.seen, self.still) = (moved, 0);
            }
            if self.still >= TICKS {
                self.still -= 1;
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_counts_while_nothing_moves() {
        let limit = Duration::from_secs(8);
        let began = Instant::now();
        let mut idle = Idle::new(limit);
        let moved = || u64::from(began.elapsed() >= Duration::from_secs(5));
        poll_fn(|cx| idle.poll(cx, moved())).await;
        assert_eq!(began.elapsed(), Duration::from_secs(14));
        poll_fn(|cx| idle.poll(cx, moved())).await;
        assert_eq!(began.elapsed(), Duration::from_secs(16));
    }

    #[test]
    fn what_is_taken_or_dropped_is_no_longer_under_way() {
        let progress = Arc::<Progress>::default();
        let mut receipt = Receipt::new(&progress, 10);
        drop(receipt.clone());
        receipt.take(3);
        assert_eq!(progress.held.load(Ordering::Relaxed), 7);
        drop(receipt);
        assert!(!progress.is_held());
        assert_eq!(progress.taken(), 2);
    }
}
