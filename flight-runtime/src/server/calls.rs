//! [`Calls`]: the calls of a connection, in the connection's own task for as long as they are quick.
//!
//! A task of its own for each call means two threads for each: the connection's hands a request over, and the call's hands the answer back,
//! with a wake-up each time. Most calls have less to do than that costs. So a call begins in the task of its connection, and gets a task of
//! its own once it has held the connection up for longer than [`SLOW`], or when those that are ready together keep each other waiting
//! ([`Debt`]); where that was so, those that follow on the connection begin in tasks of their own, until it is tried again.
//!
//! Measured with `benches/run`: see `benches/README.md`.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use hyper::rt::Executor;
use tokio::task::coop::has_budget_remaining;

use super::clock::Clock;
use super::debt::{Debt, Debtor};
use super::paced::Paced as Call;
use super::wakes::{ROUNDS, Wakes, Woken};
use super::watch::Watch;
use crate::Error;
use crate::deadlines::Deadlines;
use crate::limits::Limits;
use crate::pace::Pace;

/// How long a call may hold up its connection at a time. Encoding 4 MiB takes 20 µs, handing a call to another thread and back about as much.
const SLOW: Duration = Duration::from_micros(100);
/// And for each byte that it has for the connection to send, which takes a quarter of that to write alone. Batches of 64 KB are encoded within it, and a
/// download of them takes a fifth less processor time where it is.
const SLOW_BYTE: Duration = Duration::from_nanos(1);
/// A call that is slow once in so many times stays: the system has given the processor to another program meanwhile, more often than not.
const QUICK: u8 = 16;
/// After so long in the first round the answers of those that have ended are written out, in the second after twice as long, and so on. A client that has
/// sent eight calls at once then has the first answers while the others are made: with 8 in flight that is 1.3 to 1.4 times as many calls a second, for
/// the same processor time. Writing each answer by itself costs a third more, which 64 in flight feel.
const TURN: Duration = Duration::from_micros(4);
/// How many calls begin in tasks of their own before it is tried again.
const APART: u32 = 256;

/// Where hyper puts the calls that begin.
#[derive(Clone, Default)]
pub(super) struct NewCalls(Arc<Mutex<New>>);

#[derive(Default)]
struct New {
    calls: Vec<Call>,
    /// Of the call that comes next.
    pace: Option<Pace>,
    /// Over those that run.
    watch: Watch,
}

impl NewCalls {
    fn lock(&self) -> MutexGuard<'_, New> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.lock().calls)
    }

    /// The pace of a call whose request is about to be answered: hyper hands its answer over right behind.
    pub(super) fn begin(&self) -> Pace {
        let mut new = self.lock();
        let pace = new.watch.pace();
        new.pace = Some(pace.clone());
        pace
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for NewCalls {
    fn execute(&self, call: F) {
        let mut new = self.lock();
        let pace = new.pace.take();
        if let Some(pace) = &pace {
            new.watch.add(pace.clone());
        }
        new.calls.push(Call::new(call, pace));
    }
}

/// The calls of a connection. Dropped, those that are here are dropped too.
#[derive(Default)]
pub(super) struct Calls {
    wakes: Wakes,
    new: NewCalls,
    here: FuturesUnordered<Here>,
    /// How many more begin in tasks of their own.
    apart: u32,
    debt: Debt,
    /// Until they are looked after, if any are.
    pause: Option<Duration>,
    /// Somebody will come and look after them.
    expected: bool,
    clock: Clock,
}

impl Calls {
    /// Those of a connection within these limits.
    pub(super) fn new(limits: &Limits) -> Self {
        let mut calls = Self::default();
        let watch = Watch::new(limits);
        let pause = watch.pause();
        calls.new.lock().watch = watch;
        calls.pause = pause;
        calls
    }

    /// After what time [`look`](Self::look) is to be called, if it is to be and nobody has been told.
    pub(super) fn look_in(&mut self) -> Option<Duration> {
        let pause = self.pause?;
        if self.expected || self.new.lock().watch.is_empty() {
            return None;
        }
        self.expected = true;
        Some(pause)
    }

    /// Looks after them: whose client has been still for too long is ended.
    pub(super) fn look(&mut self) {
        self.expected = false;
        self.new.lock().watch.look();
    }

    /// What [`expire`](Self::expire) is to be called after.
    pub(super) fn deadlines(&self) -> Arc<Deadlines> {
        Arc::clone(self.new.lock().watch.deadlines())
    }

    /// Ends those whose deadlines have come.
    pub(super) fn expire(&self) {
        self.new.lock().watch.expire();
    }

    /// Ends all, those that have not begun as soon as they do. What there is to say to their clients is said.
    pub(super) fn end_with(&self, error: impl Fn() -> Error) {
        self.new.lock().watch.end_with(error);
    }

    /// What hyper is given to run them with.
    pub(super) fn executor(&self) -> NewCalls {
        self.new.clone()
    }

    /// What time it is while they and their connection are polled.
    pub(super) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Polls the connection and its calls until nobody of them has woken another.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut connection: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.clock.read();
        self.debt.begin();
        let mut due = self.wakes.begin(cx);
        for round in 0..ROUNDS {
            let more = due.calls && self.poll_calls(TURN * round);
            // What calls have said is for the connection that is polled now.
            let woken = self.wakes.take();
            due = Woken {
                connection: due.connection || woken.connection,
                calls: more || woken.calls,
            };
            if due.connection {
                let mut cx = Context::from_waker(&self.wakes.connection);
                if let Poll::Ready(ended) = connection(&mut cx) {
                    self.leave();
                    return Poll::Ready(ended);
                }
            }
            let has_new = self.begin();
            let woken = self.wakes.take();
            due = Woken {
                connection: woken.connection,
                calls: due.calls || has_new || woken.calls,
            };
            if due == Woken::default() && self.wakes.end() {
                return Poll::Pending;
            }
            // Without budget, tokio's sockets and timers wake whoever asks them, and have nothing for him.
            if !has_budget_remaining() {
                break;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Polls calls, and stops when one has ended and it is time for another's turn. Whether it has stopped.
    fn poll_calls(&mut self, turn: Duration) -> bool {
        if self.here.is_empty() {
            return false;
        }
        let mut cx = Context::from_waker(&self.wakes.calls);
        let began = self.clock.read();
        while let Poll::Ready(Some(done)) = self.here.poll_next_unpin(&mut cx) {
            done.call.map(tokio::spawn);
            if done.slow {
                self.apart = APART;
            }
            if self.clock.last() - began >= turn {
                return true;
            }
        }
        false
    }

    /// Takes over the calls that hyper has begun. Whether one of them is to be polled here.
    fn begin(&mut self) -> bool {
        let mut is_here = false;
        for call in self.new.take() {
            if self.apart > 0 {
                self.apart -= 1;
                tokio::spawn(call);
            } else {
                self.here
                    .push(Here::new(call, self.clock(), self.debt.debtor()));
                is_here = true;
            }
        }
        is_here
    }

    /// Has the calls go on in tasks of their own. Of a connection that has ended they come to their ends: a handler sees that its upload was cut, and may say so elsewhere.
    fn leave(&mut self) {
        for Here { call, .. } in std::mem::take(&mut self.here) {
            call.map(tokio::spawn);
        }
    }
}

impl Drop for Calls {
    /// What hyper has begun at a connection's end is not taken over any more, and would keep itself alive: each call has an executor.
    fn drop(&mut self) {
        drop(self.new.take());
    }
}

/// A call in its connection's task.
struct Here {
    call: Option<Call>,
    /// How many times it was quick since it began, or was slow.
    quick: u8,
    clock: Clock,
    debt: Debtor,
}

/// A call that has left its connection's task.
struct Left {
    /// `None` when it has ended.
    call: Option<Call>,
    /// Those that follow are likely to be slow as well.
    slow: bool,
}

impl Here {
    fn new(call: Call, clock: Clock, debt: Debtor) -> Self {
        Self {
            call: Some(call),
            quick: 0,
            clock,
            debt,
        }
    }

    /// Whether it is to leave, after it took so long to give so many bytes.
    fn leaves(&mut self, elapsed: Duration, given: usize) -> bool {
        let given = u32::try_from(given).unwrap_or(u32::MAX);
        if elapsed <= SLOW + SLOW_BYTE * given {
            self.quick = self.quick.saturating_add(1);
            return false;
        }
        std::mem::take(&mut self.quick) < QUICK
    }
}

impl Future for Here {
    type Output = Left;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Left> {
        if self.debt.is_too_much() {
            let (call, slow) = (self.call.take(), true);
            return Poll::Ready(Left { call, slow });
        }
        // Read by whoever was polled before.
        let began = self.clock.last();
        let (ended, given) = match &mut self.call {
            Some(call) => {
                let before = call.held();
                let ended = Pin::new(&mut *call).poll(cx).is_ready();
                (ended, call.held().saturating_sub(before))
            }
            None => (true, 0),
        };
        let elapsed = self.clock.read() - began;
        let slow = self.leaves(elapsed, given);
        self.debt.add(elapsed, given, slow);
        if ended {
            self.call = None;
        }
        if ended || slow {
            let call = self.call.take();
            return Poll::Ready(Left { call, slow });
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Wake, Waker};

    use futures::future::poll_immediate;
    use tokio::sync::oneshot;

    use super::*;

    /// Polls the calls beside a connection that only waits.
    fn poll(calls: &mut Calls) {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(calls.poll(&mut cx, |_| Poll::<()>::Pending).is_pending());
    }

    /// A call that tells where it runs, and waits to be let go.
    async fn tells(began: oneshot::Sender<Option<tokio::task::Id>>, go: oneshot::Receiver<()>) {
        let _ = began.send(tokio::task::try_id());
        let _ = go.await;
    }

    #[tokio::test]
    async fn a_quick_call_stays_where_its_connection_is() {
        let mut calls = Calls::default();
        let (began, begins) = oneshot::channel();
        let (go, going) = oneshot::channel();
        calls.executor().execute(tells(began, going));
        poll(&mut calls);
        assert_eq!(begins.await.unwrap(), None);
        assert_eq!(calls.here.len(), 1);
        go.send(()).unwrap();
        poll(&mut calls);
        assert_eq!((calls.here.len(), calls.apart), (0, 0));
    }

    #[tokio::test]
    async fn a_slow_call_goes_on_by_itself_and_those_behind_it_begin_by_themselves() {
        let mut calls = Calls::default();
        let (done, mut ended) = oneshot::channel();
        calls.executor().execute(async move {
            std::thread::sleep(SLOW * 10);
            tokio::task::yield_now().await;
            let _ = done.send(tokio::task::try_id().is_some());
        });
        poll(&mut calls);
        assert_eq!((calls.here.len(), calls.apart), (0, APART));
        assert_eq!(poll_immediate(&mut ended).await, None);
        assert!(ended.await.unwrap(), "it went on in a task");
        for left in (0..APART).rev() {
            let (began, begins) = oneshot::channel();
            let (_go, going) = oneshot::channel();
            calls.executor().execute(tells(began, going));
            poll(&mut calls);
            assert_eq!((calls.here.len(), calls.apart), (0, left));
            assert!(begins.await.unwrap().is_some());
        }
        calls.executor().execute(std::future::pending());
        poll(&mut calls);
        assert_eq!(calls.here.len(), 1);
    }

    #[test]
    fn a_call_is_slow_by_what_it_gives_and_may_be_once_in_a_while() {
        let mut call = Here::new(
            Call::new(std::future::pending(), None),
            Clock::default(),
            Debt::default().debtor(),
        );
        assert!(!call.leaves(SLOW, 0));
        assert!(call.leaves(SLOW * 2, 0), "it has only begun");
        for _ in 0..QUICK {
            assert!(!call.leaves(SLOW * 2, 100_000));
        }
        assert!(!call.leaves(SLOW * 2, 99_000));
        assert!(call.leaves(SLOW * 2, 99_000), "again");
    }

    #[tokio::test]
    async fn slow_calls_that_begin_together_do_not_hold_their_connection_up_together() {
        // Far too slow, and hardly: then it takes several rounds until they have held it up for too long.
        for (slow, least) in [(SLOW * 10, 45), (SLOW + SLOW / 10, 35)] {
            let mut calls = Calls::default();
            let (done, mut ended) = tokio::sync::mpsc::unbounded_channel();
            for _ in 0..50 {
                let done = done.clone();
                calls.executor().execute(async move {
                    std::thread::sleep(slow);
                    let _ = done.send(tokio::task::try_id().is_some());
                    std::future::pending().await
                });
            }
            // A connection that has not waited is polled again.
            poll(&mut calls);
            poll(&mut calls);
            assert_eq!(calls.here.len(), 0);
            let mut apart = 0;
            for _ in 0..50 {
                apart += usize::from(ended.recv().await.unwrap());
            }
            assert!(apart >= least, "{apart} began by themselves");
        }
    }

    #[tokio::test]
    async fn a_connection_that_wakes_itself_is_polled_again_and_lets_others_have_a_turn() {
        struct Told(AtomicBool);
        impl Wake for Told {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        for (times, polls, is_woken) in [(0, 1, false), (3, 4, false), (u32::MAX, ROUNDS, true)] {
            let task = Arc::new(Told(AtomicBool::new(false)));
            let waker = Waker::from(Arc::clone(&task));
            let mut polled = 0;
            let pending = Calls::default().poll(&mut Context::from_waker(&waker), |cx| {
                polled += 1;
                if polled <= times {
                    cx.waker().wake_by_ref();
                }
                Poll::<()>::Pending
            });
            assert!(pending.is_pending());
            assert_eq!(polled, polls);
            assert_eq!(task.0.load(Ordering::SeqCst), is_woken);
        }
    }

    #[test]
    fn a_call_that_begins_with_the_end_of_its_connection_is_dropped() {
        let mut calls = Calls::default();
        let executor = calls.executor();
        let alive = Arc::new(());
        let call = Arc::clone(&alive);
        let mut cx = Context::from_waker(Waker::noop());
        let polled = calls.poll(&mut cx, |_| {
            let (executor, call) = (executor.clone(), Arc::clone(&call));
            let keeps_itself = executor.clone();
            executor.execute(async move { drop((keeps_itself, call)) });
            Poll::Ready(())
        });
        assert!(polled.is_ready());
        drop((calls, call));
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[tokio::test]
    async fn a_call_whose_connection_has_ended_comes_to_its_end() {
        let mut calls = Calls::default();
        let (began, begins) = oneshot::channel();
        let (go, going) = oneshot::channel::<()>();
        let (done, ended) = oneshot::channel();
        calls.executor().execute(async move {
            tells(began, going).await;
            let _ = done.send(());
        });
        poll(&mut calls);
        begins.await.unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(calls.poll(&mut cx, |_| Poll::Ready(())).is_ready());
        drop(go);
        ended.await.unwrap();
    }
}
