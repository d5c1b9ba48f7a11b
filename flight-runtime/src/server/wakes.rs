//! [`Wakes`]: who in a connection's task is to be polled, when one of them wakes another.
//!
//! A call that has an answer wakes its connection, and a connection that has a request wakes its call. Both are in one task here, so the task would
//! wake itself while it runs: tokio then puts it behind the others that are ready, and wakes another thread that may have time for one of them. With one
//! call under way that is two system calls and a second look for each call, and nothing to do in it. So connection and calls have wakers of their own, and
//! whoever polls them looks at what has been woken meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Wake, Waker};

use futures::task::AtomicWaker;

/// While the task polls them, it does not have to be told.
const POLLED: u8 = 1;
const CONNECTION: u8 = 2;
const CALLS: u8 = 4;

/// After so many rounds other tasks have a turn.
pub(super) const ROUNDS: u32 = 8;

/// The wakers of a connection and its calls.
pub(super) struct Wakes {
    state: Arc<State>,
    pub(super) connection: Waker,
    pub(super) calls: Waker,
}

/// Who is to be polled.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Woken {
    pub(super) connection: bool,
    pub(super) calls: bool,
}

struct State {
    now: AtomicU8,
    /// Of the task.
    task: AtomicWaker,
}

/// The waker of one of them.
struct Who(Arc<State>, u8);

impl Wake for Who {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Self(state, who) = &**self;
        // Who polls looks at it afterwards, and who has been woken has been told.
        if state.now.fetch_or(*who, Ordering::AcqRel) == 0 {
            state.task.wake();
        }
    }
}

impl Default for Wakes {
    fn default() -> Self {
        let state = Arc::new(State {
            now: AtomicU8::new(0),
            task: AtomicWaker::new(),
        });
        let waker = |who| Waker::from(Arc::new(Who(Arc::clone(&state), who)));
        let (connection, calls) = (waker(CONNECTION), waker(CALLS));
        Self {
            state,
            connection,
            calls,
        }
    }
}

impl Wakes {
    /// Whoever is woken from here on is polled by this task, which is not woken for it. Nobody knows who woke the task, so all are to be polled.
    pub(super) fn begin(&self, cx: &mut Context<'_>) -> Woken {
        self.state.task.register(cx.waker());
        // What was done before a wake that is swept up here is seen by who is polled.
        self.state.now.swap(POLLED, Ordering::AcqRel);
        Woken {
            connection: true,
            calls: true,
        }
    }

    /// Who has been woken since the last time.
    pub(super) fn take(&self) -> Woken {
        let woken = self.state.now.swap(POLLED, Ordering::AcqRel);
        Woken {
            connection: woken & CONNECTION != 0,
            calls: woken & CALLS != 0,
        }
    }

    /// From here on who is woken wakes the task. Not if somebody has been woken since the last time: then he is to be polled first.
    pub(super) fn end(&self) -> bool {
        let (idle, now) = (0, &self.state.now);
        let ended = now.compare_exchange(POLLED, idle, Ordering::AcqRel, Ordering::Acquire);
        ended.is_ok()
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

    fn begin(wakes: &Wakes, task: &Arc<Count>) {
        let waker = Waker::from(Arc::clone(task));
        let all = wakes.begin(&mut Context::from_waker(&waker));
        assert!(all.connection && all.calls);
    }

    #[test]
    fn who_is_woken_meanwhile_is_told_apart() {
        let (wakes, task) = (Wakes::default(), Arc::<Count>::default());
        begin(&wakes, &task);
        assert_eq!(wakes.take(), Woken::default());
        wakes.calls.wake_by_ref();
        assert!(!wakes.end());
        let (connection, calls) = (false, true);
        assert_eq!(wakes.take(), Woken { connection, calls });
        wakes.connection.wake_by_ref();
        let (connection, calls) = (true, false);
        assert_eq!(wakes.take(), Woken { connection, calls });
        assert!(wakes.end());
        assert_eq!(task.get(), 0);
    }

    #[test]
    fn who_wakes_it_later_wakes_the_task_once() {
        let (wakes, task) = (Wakes::default(), Arc::<Count>::default());
        for times in 1..4 {
            begin(&wakes, &task);
            assert!(wakes.end());
            wakes.calls.wake_by_ref();
            wakes.calls.wake_by_ref();
            wakes.connection.wake_by_ref();
            assert_eq!(task.get(), times);
        }
    }

    #[test]
    fn no_wake_is_lost_between_threads() {
        let (wakes, task) = (Wakes::default(), Arc::<Count>::default());
        let woken = Arc::new(AtomicUsize::new(0));
        for round in 1..2_000 {
            begin(&wakes, &task);
            let before = task.get();
            let waking = std::thread::spawn({
                let (woken, waker) = (Arc::clone(&woken), wakes.calls.clone());
                move || {
                    woken.store(round, Ordering::SeqCst);
                    waker.wake();
                }
            });
            // Either who polls sees what the other thread did, or the task is told of it.
            let mut seen = woken.load(Ordering::SeqCst);
            while !wakes.end() {
                assert!(wakes.take().calls);
                seen = woken.load(Ordering::SeqCst);
            }
            waking.join().unwrap();
            assert!(seen == round || task.get() > before, "round {round}");
        }
    }
}
