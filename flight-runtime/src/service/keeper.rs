//! [`Keeper`]: ends calls at their deadlines in another server, whose connections do not (`server/watch.rs` does it for ours).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use tokio::task::AbortHandle;

use crate::context::now;
use crate::deadlines::Deadlines;
use crate::pace::{Pace, WeakPace, forget_ended};

/// One for all calls of a service, which goes with the last of them: a timer for each, and a task that waits for it, took half as much processor time again as a small call.
#[derive(Clone, Default)]
pub(crate) struct Keeper(Arc<Kept>);

#[derive(Default)]
struct Kept {
    deadlines: Arc<Deadlines>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: Vec<WeakPace>,
    /// How many there are when those that have ended are looked for.
    look_at: usize,
    /// Waits for the earliest deadline. It ends with the runtime that it began in.
    task: Option<AbortHandle>,
}

impl Keeper {
    /// That of a call that is to end then.
    pub(super) fn pace(&self, deadline: Option<Instant>) -> Pace {
        if deadline.is_none() {
            return Pace::alone();
        }
        let pace = Pace::kept(Arc::clone(&self.0.deadlines), Arc::clone(&self.0) as _);
        self.keep(pace.downgrade());
        pace
    }

    fn keep(&self, pace: WeakPace) {
        let mut state = self.0.lock();
        if state.calls.len() >= state.look_at {
            state.forget();
        }
        state.calls.push(pace);
        if state.task.as_ref().is_none_or(AbortHandle::is_finished) {
            let wait = wait(Arc::downgrade(&self.0), Arc::clone(&self.0.deadlines));
            state.task = Some(tokio::spawn(wait).abort_handle());
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

async fn wait(kept: Weak<Kept>, deadlines: Arc<Deadlines>) {
    loop {
        Arc::clone(&deadlines).due().await;
        match kept.upgrade() {
            Some(kept) => kept.expire(),
            None => return,
        }
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends those whose deadlines have come. The others' are waited for.
    fn expire(&self) {
        self.deadlines.clear();
        let now = now();
        let calls: Vec<_> = {
            let mut state = self.lock();
            state.forget();
            state.calls.iter().filter_map(WeakPace::upgrade).collect()
        };
        // Not while others wait to begin: a handler goes with its call, and may take a while.
        for call in calls {
            call.expire(now);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(task) = self.lock().task.take() {
            task.abort();
        }
    }
}

impl State {
    /// Forgets those that have ended.
    fn forget(&mut self) {
        self.look_at = forget_ended(&mut self.calls, WeakPace::is_over);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;
    use crate::Error;
    use crate::pace::Ends;

    const SECOND: Duration = Duration::from_secs(1);

    /// A call that notes when it came to its deadline.
    #[derive(Default)]
    struct Call(Mutex<Option<Instant>>);

    impl Ends for Call {
        fn end_with(&self, _: Error) {}

        fn expire(&self) {
            self.0.lock().unwrap().get_or_insert_with(now);
        }
    }

    fn begin(keeper: &Keeper, deadline: Instant) -> (Arc<Call>, Pace) {
        let call = Arc::new(Call::default());
        let ends: Arc<dyn Ends> = call.clone();
        let pace = keeper.pace(Some(deadline));
        pace.begin(&ends, Some(deadline));
        (call, pace)
    }

    #[tokio::test(start_paused = true)]
    async fn calls_end_at_their_deadlines_in_whatever_order_they_begin() {
        let keeper = Keeper::default();
        let began = now();
        let calls = [3, 1, 2].map(|seconds| begin(&keeper, began + seconds * SECOND));
        sleep(SECOND * 5).await;
        let ended = calls.map(|(call, _pace)| {
            let ended = call.0.lock().unwrap().expect("it ended");
            (ended - began).as_secs()
        });
        assert_eq!(ended, [3, 1, 2]);
    }

    #[tokio::test]
    async fn those_that_have_ended_are_forgotten_and_the_others_kept() {
        let keeper = Keeper::default();
        let far = now() + 3600 * SECOND;
        let stays = begin(&keeper, far);
        for _ in 0..1000 {
            begin(&keeper, far);
        }
        assert!(keeper.0.lock().calls.len() < 20);
        keeper.0.expire();
        assert_eq!(keeper.0.lock().calls.len(), 1);
        drop(stays);
        keeper.0.expire();
        assert!(keeper.0.lock().calls.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn calls_end_at_their_deadlines_when_their_service_is_gone() {
        let keeper = Keeper::default();
        let (call, pace) = begin(&keeper, now() + SECOND);
        drop(keeper);
        sleep(SECOND * 2).await;
        assert!(call.0.lock().unwrap().is_some());
        drop(pace);
    }

    #[test]
    fn it_goes_on_in_another_runtime_and_ends_with_its_service() {
        let keeper = Keeper::default();
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .build()
                .unwrap();
            runtime.block_on(async {
                let (call, _pace) = begin(&keeper, now() + SECOND / 50);
                while call.0.lock().unwrap().is_none() {
                    tokio::task::yield_now().await;
                }
            });
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _guard = runtime.enter();
        begin(&keeper, now() + 3600 * SECOND);
        let task = keeper.0.lock().task.clone().unwrap();
        drop(keeper);
        while !task.is_finished() {
            std::thread::yield_now();
        }
    }
}
