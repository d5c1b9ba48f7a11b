//! [`Wakes`]: a connection that wakes itself goes round once more, and not through the runtime.
//!
//! A call that has an answer wakes its connection, and a connection that has a request wakes its call. Both are in one task here, so the task would
//! wake itself while it runs: tokio then puts it behind the others that are ready, and wakes another thread that may have time for one of them. With one
//! call under way that is two system calls and a second look for each call, and nothing to do in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;
use tokio::task::coop::has_budget_remaining;

/// Nothing has happened since it was polled.
const IDLE: u8 = 0;
/// It is being polled.
const POLLED: u8 = 1;
/// It is to be polled again.
const WOKEN: u8 = 2;

/// After so many rounds other tasks have a turn.
pub(super) const ROUNDS: u32 = 8;

/// What is in the task of a connection is polled with its waker.
pub(super) struct Wakes {
    state: Arc<State>,
    waker: Waker,
}

struct State {
    now: AtomicU8,
    /// Of the task.
    task: AtomicWaker,
}

impl Wake for State {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Who polls looks at it afterwards, and who has been woken has been told.
        if self.now.swap(WOKEN, Ordering::AcqRel) == IDLE {
            self.task.wake();
        }
    }
}

impl Wakes {
    pub(super) fn new() -> Self {
        let state = Arc::new(State {
            now: AtomicU8::new(IDLE),
            task: AtomicWaker::new(),
        });
        let waker = Waker::from(Arc::clone(&state));
        Self { state, waker }
    }

    /// Polls until nothing has woken it meanwhile.
    pub(super) fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        mut polled: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let State { now, task } = &*self.state;
        task.register(cx.waker());
        let mut inner = Context::from_waker(&self.waker);
        for _ in 0..ROUNDS {
            now.store(POLLED, Ordering::Release);
            if let Poll::Ready(value) = polled(&mut inner) {
                return Poll::Ready(value);
            }
            let woken = now.compare_exchange(POLLED, IDLE, Ordering::AcqRel, Ordering::Acquire);
            if woken.is_ok() {
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
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Count {
        fn get(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    /// Polls what wakes itself so many times; how often it was polled, and its waker.
    fn poll(wakes: &Wakes, task: &Arc<Count>, times: usize) -> (usize, Option<Waker>) {
        let waker = Waker::from(Arc::clone(task));
        let (mut polls, mut inner) = (0, None);
        let pending = wakes.poll(&mut Context::from_waker(&waker), |cx| {
            polls += 1;
            if polls <= times {
                cx.waker().wake_by_ref();
            }
            inner = Some(cx.waker().clone());
            Poll::<()>::Pending
        });
        assert!(pending.is_pending());
        (polls, inner)
    }

    #[test]
    fn what_wakes_itself_is_polled_again_at_once() {
        let (wakes, task) = (Wakes::new(), Arc::<Count>::default());
        assert_eq!(poll(&wakes, &task, 0).0, 1);
        assert_eq!(poll(&wakes, &task, 3).0, 4);
        assert_eq!(task.get(), 0);
    }

    #[test]
    fn what_wakes_itself_without_end_lets_others_have_a_turn() {
        let (wakes, task) = (Wakes::new(), Arc::<Count>::default());
        assert_eq!(poll(&wakes, &task, usize::MAX).0, ROUNDS as usize);
        assert_eq!(task.get(), 1);
        assert_eq!(poll(&wakes, &task, 0).0, 1);
    }

    #[test]
    fn who_wakes_it_later_wakes_the_task_once() {
        let (wakes, task) = (Wakes::new(), Arc::<Count>::default());
        for times in 1..4 {
            let waker = poll(&wakes, &task, 0).1.unwrap();
            waker.wake_by_ref();
            waker.wake_by_ref();
            assert_eq!(task.get(), times);
        }
    }

    #[test]
    fn no_wake_is_lost_between_threads() {
        let (wakes, task) = (Wakes::new(), Arc::<Count>::default());
        let woken = Arc::new(AtomicUsize::new(0));
        for round in 1..2_000 {
            let waker = poll(&wakes, &task, 0).1.unwrap();
            let before = task.get();
            let waking = std::thread::spawn({
                let woken = Arc::clone(&woken);
                move || {
                    woken.store(round, Ordering::SeqCst);
                    waker.wake();
                }
            });
            // Either this poll sees what the other thread did, or the task is told of it.
            let mut seen = 0;
            let outer = Waker::from(Arc::clone(&task));
            let _ = wakes.poll(&mut Context::from_waker(&outer), |_| {
                seen = woken.load(Ordering::SeqCst);
                Poll::<()>::Pending
            });
            waking.join().unwrap();
            assert!(seen == round || task.get() > before, "round {round}");
        }
    }
}
