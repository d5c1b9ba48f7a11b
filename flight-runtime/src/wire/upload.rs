//! [`Bounds`]: how much of a request may come, and how slowly.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::error::WireError;
use super::progress::{Idle, Progress};
use crate::timers::{sleep, sleep_until};

/// The limits of one request body.
#[derive(Debug)]
pub(crate) struct Bounds {
    /// While nothing comes.
    idle: Option<(Duration, Idle)>,
    /// How much more may come, of how much, by which option.
    bytes: Option<(u64, u64, &'static str)>,
    /// Until when it must have come.
    whole: Option<(Duration, Pin<Box<Sleep>>)>,
    /// The end of its call. Whoever reads in a task of its own is told by this alone.
    deadline: Option<Instant>,
    /// Wakes whoever waits for the request when that is over; made when somebody does.
    alarm: Option<Pin<Box<Sleep>>>,
    /// A client that takes the answer is not idle.
    progress: Arc<Progress>,
}

impl Bounds {
    pub(crate) fn new(
        idle: Option<Duration>,
        bytes: Option<(u64, &'static str)>,
        whole: Option<Duration>,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            idle: idle.map(|limit| (limit, Idle::new(limit))),
            bytes: bytes.map(|(limit, option)| (limit, limit, option)),
            whole: whole.map(|limit| (limit, Box::pin(sleep(limit)))),
            deadline: None,
            alarm: None,
            progress,
        }
    }

    /// Of a call that ends then.
    pub(crate) fn until(mut self, deadline: Option<std::time::Instant>) -> Self {
        self.deadline = deadline.map(Into::into);
        self
    }

    /// Whether it still may come, whatever it is.
    pub(super) fn poll_time(&mut self, cx: &mut Context<'_>) -> Result<(), WireError> {
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            return Err(WireError::Deadline);
        }
        let Some((limit, sleep)) = &mut self.whole else {
            return Ok(());
        };
        if sleep.as_mut().poll(cx).is_pending() {
            return Ok(());
        }
        Err(WireError::Limit {
            what: "the upload took too long".to_owned(),
            option: "max_upload_duration",
            limit: format!("{limit:?}"),
            slow: false,
        })
    }

    /// So much came.
    pub(super) fn came(&mut self, count: usize) -> Result<(), WireError> {
        self.progress.came();
        let Some((left, limit, option)) = &mut self.bytes else {
            return Ok(());
        };
        match left.checked_sub(count as u64) {
            Some(rest) => {
                *left = rest;
                Ok(())
            }
            None => Err(WireError::Limit {
                what: "the request has too many bytes".to_owned(),
                option,
                limit: limit.to_string(),
                slow: false,
            }),
        }
    }

    /// Nothing comes for now.
    pub(super) fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<WireError> {
        if let Some(deadline) = self.deadline {
            let alarm = self
                .alarm
                .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            if alarm.as_mut().poll(cx).is_ready() {
                return Poll::Ready(WireError::Deadline);
            }
        }
        let Some((limit, idle)) = &mut self.idle else {
            return Poll::Pending;
        };
        ready!(match self.progress.is_watched() {
            true => self.progress.poll_late(cx),
            false => idle.poll(cx, self.progress.moved()),
        });
        Poll::Ready(WireError::Limit {
            what: "nothing of the request came for too long".to_owned(),
            option: "upload_idle",
            limit: format!("{limit:?}"),
            slow: true,
        })
    }
}
