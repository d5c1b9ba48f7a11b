//! [`Deadlines`]: the deadlines of a connection's calls, and one timer for all of them.
//!
//! Many clients give every call a deadline, and hardly one comes to it: a timer for each call, and a task to wait for it, would cost more than a small
//! call takes. The connection waits for the earliest, which a call that begins later seldom is.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use futures::future::poll_fn;
use futures::task::AtomicWaker;
use tokio::time::Sleep;

use crate::timers::sleep_until;

/// What a connection waits for.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    /// No call ends before that, if one does.
    earliest: Mutex<Option<Instant>>,
    waker: AtomicWaker,
}

impl Deadlines {
    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.earliest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call that is to end then.
    pub(crate) fn add(&self, deadline: Instant) {
        let mut earliest = self.lock();
        if earliest.is_none_or(|earliest| deadline < earliest) {
            *earliest = Some(deadline);
            drop(earliest);
            self.waker.wake();
        }
    }

    /// Forgets all; those that are still to come are added again.
    pub(crate) fn clear(&self) {
        *self.lock() = None;
    }

    /// Waits until the earliest has come.
    pub(crate) async fn due(self: Arc<Self>) {
        let mut timer = None;
        poll_fn(|cx| self.poll_due(&mut timer, cx)).await;
    }

    fn poll_due(&self, timer: &mut Option<Timer>, cx: &mut Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        let earliest = *self.lock();
        if timer.as_ref().map(|timer| timer.until) != earliest {
            *timer = earliest.map(|until| Timer {
                until,
                sleep: Box::pin(sleep_until(until.into())),
            });
        }
        match timer {
            Some(timer) => timer.sleep.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

struct Timer {
    until: Instant,
    sleep: Pin<Box<Sleep>>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::future::FutureExt;

    use super::*;
    use crate::context::now;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_earliest_is_waited_for_whenever_it_is_added() {
        let deadlines = Arc::new(Deadlines::default());
        let began = now();
        let mut due = tokio::spawn(Arc::clone(&deadlines).due());
        tokio::time::sleep(SECOND).await;
        assert!((&mut due).now_or_never().is_none(), "there is none");
        for seconds in [60, 30, 40] {
            deadlines.add(began + seconds * SECOND);
            tokio::task::yield_now().await;
        }
        due.await.unwrap();
        assert_eq!((now() - began).as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_forgotten_is_not_waited_for() {
        let deadlines = Arc::new(Deadlines::default());
        let began = now();
        deadlines.add(began + SECOND);
        deadlines.clear();
        deadlines.add(began + 5 * SECOND);
        deadlines.due().await;
        assert_eq!((now() - began).as_secs(), 5);
    }
}
