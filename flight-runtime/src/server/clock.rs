//! [`Clock`]: what time it is for a connection.
//!
//! Several ask that in a small call: hyper five times alone, to know when it last heard of its peer. One reading does for all who ask while the
//! connection is polled, and hyper's timer is left alone until it has gone off: one or two hundredths of the processor time of a call.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant as StdInstant};

use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep};

use crate::timers;

/// Of a connection and what belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Clock(Arc<Reading>);

#[derive(Debug)]
struct Reading {
    made: Instant,
    /// The last, in nanoseconds after that: they last for 584 years.
    nanoseconds: AtomicU64,
}

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(Reading {
            made: Instant::now(),
            nanoseconds: AtomicU64::new(0),
        }))
    }
}

impl Clock {
    /// Reads the time.
    pub(super) fn read(&self) -> Instant {
        let now = Instant::now();
        let since = now.saturating_duration_since(self.0.made).as_nanos();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.0.nanoseconds.store(since, Ordering::Relaxed);
        now
    }

    /// What was read last.
    pub(super) fn last(&self) -> Instant {
        let since = self.0.nanoseconds.load(Ordering::Relaxed);
        self.0.made + Duration::from_nanos(since)
    }
}

/// For hyper, which asks for the time and has timers only while its connection is polled.
impl hyper::rt::Timer for Clock {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        alarm(timers::sleep(duration))
    }

    fn sleep_until(&self, deadline: StdInstant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        alarm(timers::sleep_until(deadline.into()))
    }

    fn now(&self) -> StdInstant {
        self.last().into_std()
    }
}

fn alarm(sleep: Sleep) -> Pin<Box<dyn hyper::rt::Sleep>> {
    Box::pin(Alarm {
        sleep: Box::pin(sleep),
        wakes: None,
    })
}

/// A timer that is looked at when it has gone off, and before that only for somebody else to wake.
struct Alarm {
    sleep: Pin<Box<Sleep>>,
    /// Who is woken when it is due.
    wakes: Option<Waker>,
}

impl hyper::rt::Sleep for Alarm {}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let wakes = self.wakes.as_ref();
        if !self.sleep.is_elapsed() && wakes.is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        // Without budget it would not note whom to wake, and would not be asked again.
        let polled = pin!(unconstrained(self.sleep.as_mut())).poll(cx);
        self.wakes = polled.is_pending().then(|| cx.waker().clone());
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use hyper::rt::Timer;

    use super::*;

    const WHILE: Duration = Duration::from_millis(20);

    #[tokio::test(start_paused = true)]
    async fn it_is_what_it_was_until_it_is_read() {
        let clock = Clock::default();
        let before = clock.read();
        tokio::time::advance(WHILE).await;
        assert_eq!(clock.last(), before);
        assert_eq!(Timer::now(&clock), before.into_std());
        assert_eq!(clock.clone().read(), before + WHILE);
        assert_eq!(clock.last(), before + WHILE);
    }

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_wakes_who_asked_last_and_goes_off_when_it_is_due() {
        let clock = Clock::default();
        let mut alarm = clock.sleep_until((clock.read() + WHILE).into_std());
        let (first, last) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
        let waker = Waker::from(Arc::clone(&first));
        assert!(
            alarm
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        let waker = Waker::from(Arc::clone(&last));
        let mut cx = Context::from_waker(&waker);
        for _ in 0..3 {
            assert!(alarm.as_mut().poll(&mut cx).is_pending());
        }
        tokio::time::sleep(WHILE * 2).await;
        let told = |woken: &Woken| woken.0.load(Ordering::SeqCst);
        assert_eq!((told(&first), told(&last)), (0, 1));
        assert!(alarm.as_mut().poll(&mut cx).is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_that_is_first_asked_without_budget_wakes_all_the_same() {
        let clock = Clock::default();
        let mut alarm = clock.sleep(WHILE);
        let task = tokio::spawn(async move {
            std::future::poll_fn(|cx| {
                while tokio::task::coop::has_budget_remaining() {
                    let _ = pin!(tokio::task::coop::consume_budget()).poll(cx);
                }
                alarm.as_mut().poll(cx)
            })
            .await;
        });
        tokio::time::timeout(WHILE * 2, task)
            .await
            .unwrap()
            .unwrap();
    }

    #[test]
    fn its_timers_are_not_those_of_the_runtime_that_waits() {
        // This one has none.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build();
        runtime.unwrap().block_on(async {
            let clock = Clock::default();
            let began = Instant::now();
            Timer::sleep(&clock, WHILE).await;
            assert!(began.elapsed() >= WHILE);
        });
    }
}
