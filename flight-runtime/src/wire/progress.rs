//! [`Progress`]: what moves between a call and its client; [`Still`]: for how long nothing has; [`Idle`]: the same with a timer of its own.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::task::AtomicWaker;
use tokio::time::{Instant, Sleep};

use crate::timers::sleep;

/// What is under way to the other side, and what is waited for. h2 takes bytes up only when the other side's windows and the socket let it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Grows whenever something is taken.
    taken: AtomicU64,
    /// Bytes that were given and are not taken.
    held: AtomicUsize,
    waker: AtomicWaker,
    request: Request,
}

/// What comes from the other side.
#[derive(Debug, Default)]
struct Request {
    /// Somebody looks from time to time whether it comes.
    watched: bool,
    /// It is waited for.
    awaited: AtomicBool,
    /// Grows whenever something comes.
    came: AtomicU64,
    /// It was waited for in vain.
    late: AtomicBool,
    waker: AtomicWaker,
}

/// From this size on, what is under way is waited for before a call says that it has ended: behind its end nobody looks after it.
const HELD_AT_END: usize = 64 << 10;

impl Progress {
    /// That of a call whose connection looks after it: it says when the request is [`late`](Self::late).
    pub(crate) fn watched() -> Self {
        Self {
            request: Request {
                watched: true,
                ..Request::default()
            },
            ..Self::default()
        }
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.request.watched
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// How much the other side has not taken yet.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
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

    /// Whether something of the request is waited for.
    pub(crate) fn is_awaited(&self) -> bool {
        self.request.awaited.load(Ordering::Relaxed)
    }

    /// Grows whenever something moves, in whichever direction.
    pub(crate) fn moved(&self) -> u64 {
        let came = self.request.came.load(Ordering::Relaxed);
        came.wrapping_add(self.taken())
    }

    /// Something of the request came.
    pub(crate) fn came(&self) {
        let request = &self.request;
        request.came.fetch_add(1, Ordering::Relaxed);
        request.awaited.store(false, Ordering::Relaxed);
        request.late.store(false, Ordering::Relaxed);
    }

    /// The request is waited for, and nothing came for too long.
    pub(crate) fn late(&self) {
        self.request.late.store(true, Ordering::Release);
        self.request.waker.wake();
    }

    /// Nothing of the request is there: ready when nothing has come for too long.
    pub(crate) fn poll_late(&self, cx: &mut Context<'_>) -> Poll<()> {
        let request = &self.request;
        request.awaited.store(true, Ordering::Relaxed);
        request.waker.register(cx.waker());
        match request.late.load(Ordering::Acquire) {
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

/// Into how many parts a limit is divided. A timer that is set anew with every frame would cost more than the frame; whoever looks a few times
/// whether something has moved knows as much.
pub(crate) const LOOKS: u32 = 4;

/// What somebody has seen who looks from time to time.
#[derive(Debug, Default)]
pub(crate) struct Still {
    /// `None` while nothing is to move.
    seen: Option<u64>,
    /// For how many looks it has been the same.
    looks: u32,
}

impl Still {
    /// Something is to move from now on.
    fn since(moved: u64) -> Self {
        Self {
            seen: Some(moved),
            looks: 0,
        }
    }

    /// Whether `moved` has been the same for so many looks, the first of which only notes it; after that, again with each.
    pub(crate) fn look(&mut self, moved: u64, looks: u32) -> bool {
        if self.seen == Some(moved) {
            self.looks = self.looks.saturating_add(1);
        } else {
            *self = Self::since(moved);
        }
        self.looks >= looks
    }
}

/// Waits until nothing has moved for so long, or for up to a quarter longer: where nobody else looks.
#[derive(Debug)]
pub(crate) struct Idle {
    part: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    still: Still,
}

impl Idle {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            part: limit / LOOKS,
            sleep: None,
            still: Still::default(),
        }
    }

    /// Ready when `moved` has been the same for so long; again after one part of it more.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, moved: u64) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| {
            self.still = Still::since(moved);
            Box::pin(sleep(self.part))
        });
        loop {
            ready!(sleep.as_mut().poll(cx));
            sleep.as_mut().reset(Instant::now() + self.part);
            if self.still.look(moved, LOOKS) {
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
        assert_eq!(progress.held(), 0);
        assert_eq!(progress.taken(), 2);
    }
}
