//! [`Driver`]: a call at work, within its deadline and whatever panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, TryLockError};
use std::task::{Context, Poll};

use futures::stream::StreamExt;
use futures::task::AtomicWaker;

use super::frames::Frames;
use crate::Error;
use crate::context::{CallContext, now};
use crate::handle::ServerHandle;
use crate::observe::Direction;
use crate::pace::{Ends, Pace};
use crate::wire::segments::Segments;

/// A call at work. At its end, and when it is dropped before, its handler is dropped and its context told.
pub(super) struct Driver {
    work: Arc<Work>,
    /// Its last word is said.
    ended: bool,
    /// Who looks after calls does so as long as this is there.
    _pace: Pace,
}

/// What the body and the watch share.
struct Work {
    /// `None` once it has ended.
    frames: Mutex<Option<Frames>>,
    context: CallContext,
    /// Why it was ended from outside.
    verdict: OnceLock<Error>,
    /// Of the body, which then has something to say.
    waker: AtomicWaker,
}

impl Driver {
    pub(super) fn new(frames: Frames, context: CallContext, pace: Pace) -> Self {
        let work = Arc::new(Work {
            frames: Mutex::new(Some(frames)),
            context,
            verdict: OnceLock::new(),
            waker: AtomicWaker::new(),
        });
        let ends: Arc<dyn Ends> = work.clone();
        pace.begin(&ends, work.context.deadline());
        Self {
            work,
            ended: false,
            _pace: pace,
        }
    }

    pub(super) fn context(&self) -> &CallContext {
        &self.work.context
    }

    /// The next frame; an error is the last thing, and the handler is dropped before it is seen.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Segments, Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let polled = self.poll_work(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let observed = self.context().observed();
                observed.bytes(Direction::Sent, frame.len());
            }
            Poll::Ready(None | Some(Err(_))) => self.end(),
            Poll::Pending => {}
        }
        polled
    }

    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Segments, Error>>> {
        // Before the work, because a stream that never pauses would never come to its deadline.
        if self
            .context()
            .deadline()
            .is_some_and(|deadline| now() >= deadline)
        {
            return Poll::Ready(Some(Err(self.context().deadline_exceeded())));
        }
        let polled = {
            let frames = self.work.frames.lock();
            let mut frames = frames.unwrap_or_else(PoisonError::into_inner);
            let span = self.work.context.span();
            frames.as_mut().map(|frames| {
                catch_unwind(AssertUnwindSafe(|| {
                    span.in_scope(|| frames.poll_next_unpin(cx))
                }))
            })
        };
        // Only when it waits: with something to say it is polled again. A verdict from before this is seen below, one from behind it wakes.
        if let Some(Ok(Poll::Pending)) = polled {
            self.work.waker.register(cx.waker());
        }
        // Who ended it meanwhile could not drop it.
        fence(Ordering::SeqCst);
        match (polled, self.work.verdict.get()) {
            // Whatever else there is to say, the log is to have this.
            (Some(Err(panic)), _) => Poll::Ready(Some(Err(Error::panicked(&*panic)))),
            (_, Some(verdict)) => Poll::Ready(Some(Err(verdict.again()))),
            (Some(Ok(polled)), None) => polled,
            (None, None) => Poll::Ready(None),
        }
    }

    /// Drops the handler, whatever it has still to say.
    pub(super) fn end(&mut self) {
        self.ended = true;
        self.work.end();
    }

    /// Why a call ended whose end was not sent.
    fn cut_off(&self) -> Error {
        let context = self.context();
        let past = |deadline| now() >= deadline;
        if let Some(verdict) = self.work.verdict.get() {
            verdict.again()
        } else if context.deadline().is_some_and(past) {
            context.deadline_exceeded()
        } else if context.server().is_some_and(ServerHandle::is_cut) {
            Error::unavailable("the server was stopped")
        } else {
            Error::cancelled("the client went away")
        }
    }

    /// Tells how the call ended; only the first time counts.
    pub(super) fn completed(&self, result: Result<(), &Error>) {
        self.work.completed(result);
    }
}

impl Ends for Work {
    fn end_with(&self, error: Error) {
        // What has ended by itself stays as it ended.
        if self.context.started().is_over() || self.verdict.set(error).is_err() {
            return;
        }
        fence(Ordering::SeqCst);
        self.end_unless_polled();
        if let Some(verdict) = self.verdict.get() {
            self.completed(Err(verdict));
        }
        self.waker.wake();
    }

    fn expire(&self) {
        self.end_with(self.context.deadline_exceeded());
    }
}

impl Work {
    /// The one place where a call's end is told: to its middleware, then to logs and metrics.
    fn completed(&self, result: Result<(), &Error>) {
        let _inside = self.context.span().enter();
        if self.context.started().completed(result) {
            self.context.observed().end(&self.context, result);
        }
    }

    fn end(&self) {
        let frames = self.frames.lock();
        let frames = frames.unwrap_or_else(PoisonError::into_inner).take();
        self.drop_frames(frames);
    }

    /// The same, but whoever polls the handler at this moment drops it: that may take any time, and whoever ends calls has others to look after.
    fn end_unless_polled(&self) {
        let frames = match self.frames.try_lock() {
            Ok(mut frames) => frames.take(),
            Err(TryLockError::Poisoned(frames)) => frames.into_inner().take(),
            Err(TryLockError::WouldBlock) => None,
        };
        self.drop_frames(frames);
    }

    fn drop_frames(&self, frames: Option<Frames>) {
        let _inside = self.context.span().enter();
        self.context.cancel();
        // A handler's own destructor may panic too.
        if catch_unwind(AssertUnwindSafe(|| drop(frames))).is_err() {
            tracing::error!(method = %self.context.method(), "a handler panicked while it was dropped");
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.ended {
            self.end();
        }
        if !self.context().started().is_over() {
            self.completed(Err(&self.cut_off()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::mpsc;
    use std::task::Waker;

    use futures::stream::{self, Stream};

    use super::super::frames::Opened;
    use super::*;
    use crate::caller::Peer;
    use crate::deadlines::Deadlines;
    use crate::rpc::Method;

    /// A handler that has been found.
    fn driver(
        messages: impl Stream<Item = Result<Segments, Error>> + Send + 'static,
    ) -> (Driver, Pace) {
        let pace = Pace::watched(Arc::new(Deadlines::default()));
        (driver_at(&pace, messages), pace)
    }

    fn driver_at(
        pace: &Pace,
        messages: impl Stream<Item = Result<Segments, Error>> + Send + 'static,
    ) -> Driver {
        let frames = Frames::new(ready(Ok(Opened::new(messages.boxed(), None))));
        let context = CallContext::new(
            Method::DoGet,
            Peer::Unknown,
            http::HeaderMap::new(),
            http::Extensions::new(),
            None,
            None,
        );
        Driver::new(frames, context.unwrap(), pace.clone())
    }

    /// How a call ends that is ended while its handler blocks, which then does this.
    fn ended_meanwhile(does: fn() -> Result<Segments, Error>) -> Error {
        let (polled, is_polled) = mpsc::channel();
        let (go, goes) = mpsc::channel::<()>();
        let handler = Arc::new(());
        let held = Arc::clone(&handler);
        let (mut driver, pace) = driver(stream::poll_fn(move |_| {
            let _held = &held;
            polled.send(()).unwrap();
            goes.recv().unwrap();
            Poll::Ready(Some(does()))
        }));
        let context = driver.context().clone();
        let polls = std::thread::spawn(move || {
            let mut cx = Context::from_waker(Waker::noop());
            let polled = driver.poll(&mut cx);
            (polled, driver)
        });
        is_polled.recv().unwrap();
        pace.end_with(Error::deadline_exceeded("it is late"));
        assert!(context.is_cancelled(), "the handler is told at once");
        assert_eq!(Arc::strong_count(&handler), 2, "and is still at work");
        go.send(()).unwrap();
        let (polled, _driver) = polls.join().unwrap();
        let Poll::Ready(Some(Err(error))) = polled else {
            panic!("{polled:?}");
        };
        assert_eq!(Arc::strong_count(&handler), 1);
        error
    }

    #[test]
    fn who_ends_a_call_does_not_wait_for_a_handler_that_blocks() {
        let error = ended_meanwhile(|| Ok(Segments::new()));
        assert_eq!(error.message(), "it is late");
    }

    #[test]
    fn a_call_that_is_ended_before_it_begins_ends_when_it_does() {
        let pace = Pace::watched(Arc::new(Deadlines::default()));
        pace.end_with(Error::unavailable("the server is stopping"));
        let mut driver = driver_at(&pace, stream::pending());
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(Some(Err(error))) = driver.poll(&mut cx) else {
            panic!("it goes on");
        };
        assert_eq!(error.message(), "the server is stopping");
    }

    #[test]
    fn a_handler_that_panics_while_its_call_is_ended_is_told() {
        let error = ended_meanwhile(|| panic!("on purpose"));
        assert!(error.message().contains("on purpose"), "{error}");
    }

    #[test]
    fn a_call_that_waits_is_dropped_by_who_ends_it() {
        let handler = Arc::new(());
        let held = Arc::clone(&handler);
        let (mut driver, pace) = driver(stream::poll_fn(move |_| {
            let _held = &held;
            Poll::Pending
        }));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(driver.poll(&mut cx).is_pending());
        pace.end_with(Error::unavailable("the end"));
        pace.end_with(Error::unavailable("another"));
        assert_eq!(Arc::strong_count(&handler), 1);
        let Poll::Ready(Some(Err(error))) = driver.poll(&mut cx) else {
            panic!("it has ended");
        };
        assert_eq!(error.message(), "the end");
        assert!(matches!(driver.poll(&mut cx), Poll::Ready(None)));
    }
}
