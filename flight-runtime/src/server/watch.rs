//! [`Watch`]: whether the clients of a connection's calls keep up with them.
//!
//! A timer for each call would cost more than a small call takes: one for the connection looks after all of them, a few times in each limit.
//! What it looks at, calls count in any case (`wire/progress.rs`).

use std::sync::Arc;
use std::time::Duration;

use crate::Error;
use crate::context::now;
use crate::deadlines::Deadlines;
use crate::limits::{Limits, reached};
use crate::pace::{Pace, forget_ended};
use crate::wire::progress::{LOOKS, Still};

/// The calls of a connection, as they are seen from time to time.
#[derive(Default)]
pub(super) struct Watch {
    calls: Vec<Watched>,
    /// How many there are when those that have ended are looked for.
    look_at: usize,
    /// [`Limits::upload_idle`].
    upload_idle: Option<Duration>,
    /// [`Limits::download_idle`].
    download_idle: Option<Duration>,
    deadlines: Arc<Deadlines>,
}

struct Watched {
    pace: Pace,
    request: Still,
    answer: Still,
    /// Its client took nothing; it has a moment left to read that.
    ending: bool,
}

impl Watch {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            upload_idle: limits.upload_idle,
            download_idle: limits.download_idle,
            ..Self::default()
        }
    }

    /// How long to wait between two looks; `None` when no limit needs them.
    pub(super) fn pause(&self) -> Option<Duration> {
        let limit = self.upload_idle.into_iter().chain(self.download_idle).min();
        limit.map(|limit| limit / LOOKS)
    }

    /// Whether there is anything to look at.
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// What the calls' deadlines are waited for with.
    pub(super) fn deadlines(&self) -> &Arc<Deadlines> {
        &self.deadlines
    }

    /// The pace of a call that will be [`add`](Self::add)ed.
    pub(super) fn pace(&self) -> Pace {
        Pace::watched(Arc::clone(&self.deadlines))
    }

    /// A call that begins.
    pub(super) fn add(&mut self, pace: Pace) {
        if self.calls.len() >= self.look_at {
            self.forget();
        }
        self.calls.push(Watched {
            pace,
            request: Still::default(),
            answer: Still::default(),
            ending: false,
        });
    }

    /// Forgets those that have ended.
    fn forget(&mut self) {
        self.look_at = forget_ended(&mut self.calls, |call| call.pace.is_over());
    }

    /// Looks at all of them, and ends those whose clients were still for too long.
    pub(super) fn look(&mut self) {
        self.forget();
        let Some(pause) = self.pause() else { return };
        for call in &mut self.calls {
            if let Some(limit) = self.upload_idle {
                call.look_at_request(looks(limit, pause));
            }
            if let Some(limit) = self.download_idle {
                call.look_at_answer(limit, looks(limit, pause));
            }
        }
    }

    /// Ends those whose deadlines have come. The others' are waited for.
    pub(super) fn expire(&mut self) {
        self.forget();
        self.deadlines.clear();
        let now = now();
        for call in &self.calls {
            call.pace.expire(now);
        }
    }

    /// Ends all, those that have not begun as soon as they do. What there is to say to their clients is said.
    pub(super) fn end_with(&mut self, error: impl Fn() -> Error) {
        for call in self.calls.drain(..) {
            call.pace.end_with(error());
        }
    }
}

/// How many looks a limit lasts.
fn looks(limit: Duration, pause: Duration) -> u32 {
    let looks = limit.as_nanos().div_ceil(pause.as_nanos().max(1));
    u32::try_from(looks).unwrap_or(u32::MAX)
}

impl Watched {
    fn look_at_request(&mut self, looks: u32) {
        let progress = self.pace.progress();
        if !progress.is_awaited() {
            self.request = Still::default();
        } else if self.request.look(progress.moved(), looks) {
            progress.late();
        }
    }

    fn look_at_answer(&mut self, limit: Duration, looks: u32) {
        let progress = self.pace.progress();
        if progress.held() == 0 {
            self.answer = Still::default();
        } else if self.answer.look(progress.taken(), looks) {
            if self.ending {
                return self.pace.cut();
            }
            self.ending = true;
            let error = reached(
                "nothing of the answer was taken for too long",
                "download_idle",
                format_args!("{limit:?}"),
            );
            self.pace
                .end_with(Error::deadline_exceeded(error.message().to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::task::{Context, Waker};

    use super::*;
    use crate::pace::Ends;
    use crate::wire::progress::Receipt;

    /// A call that notes why it was ended.
    #[derive(Default)]
    struct Call(Mutex<Option<Error>>);

    impl Ends for Call {
        fn end_with(&self, error: Error) {
            self.0.lock().unwrap().replace(error);
        }

        fn expire(&self) {
            self.end_with(Error::deadline_exceeded("at its deadline"));
        }
    }

    fn watch(upload: u64, download: u64) -> (Watch, Pace) {
        let limits = Limits::default()
            .upload_idle(Duration::from_secs(upload))
            .download_idle(Duration::from_secs(download));
        let mut watch = Watch::new(&limits);
        let pace = watch.pace();
        watch.add(pace.clone());
        (watch, pace)
    }

    /// Whether the call, which waits for its request, is told that this is late.
    fn late(pace: &Pace) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        pace.progress().poll_late(&mut cx).is_ready()
    }

    #[test]
    fn a_request_is_late_once_nothing_has_moved_for_its_limit() {
        let (mut watch, pace) = watch(4, 8);
        assert_eq!(watch.pause(), Some(Duration::from_secs(1)));
        for _ in 0..9 {
            watch.look();
        }
        assert!(!late(&pace), "nobody waited for it");
        for _ in 0..4 {
            watch.look();
        }
        assert!(!late(&pace));
        pace.progress().came();
        assert!(!late(&pace));
        for _ in 0..4 {
            watch.look();
            assert!(!late(&pace));
        }
        watch.look();
        assert!(late(&pace));
        pace.progress().came();
        assert!(!late(&pace), "it came after all");
    }

    #[test]
    fn an_answer_of_which_nothing_is_taken_is_ended_and_then_cut() {
        let (mut watch, pace) = watch(4, 8);
        let call = Arc::new(Call::default());
        let ends: Arc<dyn Ends> = call.clone();
        pace.begin(&ends, None);
        let mut receipt = Receipt::new(pace.progress(), 10);
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..8 {
            watch.look();
        }
        receipt.take(1);
        for _ in 0..8 {
            watch.look();
        }
        assert!(call.0.lock().unwrap().is_none());
        watch.look();
        let error = call.0.lock().unwrap().take().unwrap();
        assert_eq!(
            error.message(),
            "nothing of the answer was taken for too long: the server's limit is `Limits::download_idle(8s)`"
        );
        assert!(pace.poll_cut(&mut cx).is_pending());
        watch.look();
        assert!(pace.poll_cut(&mut cx).is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn calls_end_at_their_deadlines_and_the_others_are_waited_for() {
        let (mut watch, _pace) = watch(4, 8);
        let began = now();
        let begin = |watch: &mut Watch, seconds| {
            let call = Arc::new(Call::default());
            let ends: Arc<dyn Ends> = call.clone();
            let pace = watch.pace();
            let deadline = began + Duration::from_secs(seconds);
            pace.begin(&ends, Some(deadline));
            watch.add(pace.clone());
            (call, pace)
        };
        let calls = [2, 1, 3, 1].map(|seconds| begin(&mut watch, seconds));
        let ended = || {
            calls
                .each_ref()
                .map(|(call, _)| call.0.lock().unwrap().is_some())
        };
        for (seconds, expected) in [
            (1, [false, true, false, true]),
            (2, [true, true, false, true]),
            (3, [true, true, true, true]),
        ] {
            Arc::clone(watch.deadlines()).due().await;
            assert_eq!((now() - began).as_secs(), seconds);
            watch.expire();
            assert_eq!(ended(), expected);
        }
    }

    #[test]
    fn calls_that_have_ended_are_forgotten() {
        let (mut watch, pace) = watch(4, 8);
        watch.look();
        assert!(!watch.is_empty());
        drop(pace);
        watch.look();
        assert!(watch.is_empty());
    }
}
