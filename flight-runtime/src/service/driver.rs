//! [`Driver`]: a call at work, within its deadline and whatever panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use futures::stream::StreamExt;
use futures::task::AtomicWaker;
use tokio::task::AbortHandle;
use tokio::time::Sleep;

use super::dispatch::Frames;
use crate::Error;
use crate::context::{CallContext, now};
use crate::handle::ServerHandle;
use crate::middleware::Started;
use crate::observe::Direction;
use crate::pace::{Ends, Pace};
use crate::timers::sleep_until;
use crate::wire::segments::Segments;

/// A call at work. At its end, and when it is dropped before, its handler is dropped and its context told.
pub(super) struct Driver {
    work: Arc<Work>,
    deadline: Option<Pin<Box<Sleep>>>,
    /// Ends the work of a body that nobody polls.
    watch: Option<AbortHandle>,
    /// Its last word is said.
    ended: bool,
}

/// What the body and the watch share.
struct Work {
    /// `None` once it has ended.
    frames: Mutex<Option<Frames>>,
    context: CallContext,
    started: Started,
    /// Why it was ended from outside.
    verdict: OnceLock<Error>,
    /// Of the body, which then has something to say.
    waker: AtomicWaker,
}

impl Driver {
    pub(super) fn new(frames: Frames, context: CallContext, started: Started, pace: &Pace) -> Self {
        let deadline = context
            .deadline()
            .map(|deadline| Box::pin(sleep_until(deadline.into())));
        let work = Arc::new(Work {
            frames: Mutex::new(Some(frames)),
            context,
            started,
            verdict: OnceLock::new(),
            waker: AtomicWaker::new(),
        });
        let ends: Arc<dyn Ends> = work.clone();
        pace.begin(Arc::downgrade(&ends));
        Self {
            work,
            deadline,
            watch: None,
            ended: false,
        }
    }

    pub(super) fn context(&self) -> &CallContext {
        &self.work.context
    }

    pub(super) fn started(&self) -> &Started {
        &self.work.started
    }

    /// Has the deadline hold also while nobody polls: hyper does not while the client's window is full.
    pub(super) fn watch(&mut self) {
        if let Some(deadline) = self.context().deadline() {
            let work = Arc::clone(&self.work);
            let watch = tokio::spawn(async move {
                sleep_until(deadline.into()).await;
                work.end();
                work.completed(Err(&work.context.deadline_exceeded()));
            });
            self.watch = Some(watch.abort_handle());
        }
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
        self.work.waker.register(cx.waker());
        let polled = {
            let mut frames = self
                .work
                .frames
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let Some(frames) = frames.as_mut() else {
                return Poll::Ready(Some(Err(self.work.verdict())));
            };
            let span = self.work.context.span();
            catch_unwind(AssertUnwindSafe(|| {
                span.in_scope(|| frames.poll_next_unpin(cx))
            }))
        };
        match (polled, &mut self.deadline) {
            (Ok(Poll::Pending), Some(deadline)) => deadline
                .as_mut()
                .poll(cx)
                .map(|()| Some(Err(self.work.context.deadline_exceeded()))),
            (Ok(polled), _) => polled,
            (Err(panic), _) => Poll::Ready(Some(Err(Error::panicked(&*panic)))),
        }
    }

    /// Drops the handler, whatever it has still to say.
    pub(super) fn end(&mut self) {
        self.ended = true;
        if let Some(watch) = self.watch.take() {
            watch.abort();
        }
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
        if self.is_ended() || self.verdict.set(error).is_err() {
            return;
        }
        self.end();
        self.completed(Err(&self.verdict()));
        self.waker.wake();
    }
}

impl Work {
    /// The one place where a call's end is told: to its middleware, then to logs and metrics.
    fn completed(&self, result: Result<(), &Error>) {
        let _inside = self.context.span().enter();
        if self.started.completed(result) {
            self.context.observed().end(&self.context, result);
        }
    }

    fn is_ended(&self) -> bool {
        let frames = self.frames.lock();
        frames.unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Why it ended before its body did.
    fn verdict(&self) -> Error {
        match self.verdict.get() {
            Some(error) => error.again(),
            None => self.context.deadline_exceeded(),
        }
    }

    fn end(&self) {
        let _inside = self.context.span().enter();
        let frames = self
            .frames
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        self.context.cancel();
        // A handler's own destructor may panic too.
        if catch_unwind(AssertUnwindSafe(|| drop(frames))).is_err() {
            tracing::error!(method = %self.context.method(), "a handler panicked while it was dropped");
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.end();
        if !self.work.started.is_over() {
            self.completed(Err(&self.cut_off()));
        }
    }
}
