//! [`Events`]: what happens to a connection beside its socket.
//!
//! They are rare, and each would cost its share of every wake-up if it were asked each time: here only those are polled that have woken.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};

use super::age::Due;
use crate::handle::Signals;
use crate::timers::sleep;

#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// The time is over in which the client must have spoken.
    Silent,
    /// The calls are to be looked after.
    Look,
    /// The deadline of a call has come.
    Deadline,
    /// The client has reset too many streams.
    Resets,
    /// The connection is old.
    Old(Due),
    /// Begin nothing new, end what runs.
    Drain,
    /// Calls that run end now.
    Stop,
    /// End at once.
    Cut,
}

pub(super) struct Events(FuturesUnordered<Pin<Box<dyn Future<Output = Event> + Send>>>);

impl Events {
    /// What the server says to all its connections.
    pub(super) fn new(signals: &Signals) -> Self {
        let events = Self(FuturesUnordered::new());
        let signals = [
            (&signals.drain, Event::Drain),
            (&signals.stop, Event::Stop),
            (&signals.cut, Event::Cut),
        ];
        for (signal, event) in signals {
            events.when(signal.clone().cancelled_owned(), event);
        }
        events
    }

    pub(super) fn when(&self, happens: impl Future<Output = ()> + Send + 'static, event: Event) {
        self.0.push(Box::pin(async move {
            happens.await;
            event
        }));
    }

    pub(super) fn after(&self, time: Duration, event: Event) {
        self.when(sleep(time), event);
    }

    /// What is due for a connection of its age, and when.
    pub(super) fn age(&self, due: Option<(Due, Duration)>) {
        if let Some((due, after)) = due {
            self.after(after, Event::Old(due));
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        match self.0.poll_next_unpin(cx) {
            Poll::Ready(Some(event)) => Poll::Ready(event),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}
