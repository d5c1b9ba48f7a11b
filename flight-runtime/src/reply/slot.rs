//! [`Slot`]: the place for one message between a handler and its response.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;
use tokio::sync::Semaphore;

/// Holds one message at a time, for many who put and one who takes.
///
/// A channel of one message does the same, but takes memory for 32 when it is made, and most calls have one.
pub(super) struct Slot<T> {
    /// One permit while there is place. Who waits for it comes in turn.
    place: Semaphore,
    item: Mutex<Option<T>>,
    taker: AtomicWaker,
}

/// Nobody will take it.
#[derive(Debug)]
pub(super) struct Closed;

impl<T> Slot<T> {
    pub(super) fn new() -> Self {
        Self {
            place: Semaphore::new(1),
            item: Mutex::new(None),
            taker: AtomicWaker::new(),
        }
    }

    fn item(&self) -> MutexGuard<'_, Option<T>> {
        self.item.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the message before was taken, and puts the next.
    pub(super) async fn put(&self, item: T) -> Result<(), Closed> {
        let place = self.place.acquire().await.map_err(|_| Closed)?;
        let mut held = self.item();
        // It may have been closed since.
        if self.place.is_closed() {
            return Err(Closed);
        }
        *held = Some(item);
        drop(held);
        place.forget();
        self.taker.wake();
        Ok(())
    }

    /// What is there.
    pub(super) fn take(&self) -> Option<T> {
        let item = self.item().take()?;
        self.place.add_permits(1);
        Some(item)
    }

    /// The next message, or whoever polls is woken when there is one.
    pub(super) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<T> {
        self.taker.register(cx.waker());
        match self.take() {
            Some(item) => Poll::Ready(item),
            None => Poll::Pending,
        }
    }

    /// Nothing more is put. Gives what is there.
    pub(super) fn close(&self) -> Option<T> {
        // Not while somebody puts: who then finds nothing knows that nothing comes.
        let mut held = self.item();
        self.place.close();
        held.take()
    }

    /// What is there of a slot that nobody else has.
    pub(super) fn into_item(self) -> Option<T> {
        self.item
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Waker;

    use futures::FutureExt;
    use futures::future::{join_all, poll_fn};

    use super::*;

    #[test]
    fn a_second_message_waits_until_the_first_was_taken() {
        let slot = Slot::new();
        assert!(slot.put(1).now_or_never().unwrap().is_ok());
        let mut second = Box::pin(slot.put(2));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(second.as_mut().poll_unpin(cx).is_pending());
        assert_eq!(slot.take(), Some(1));
        assert!(second.as_mut().poll_unpin(cx).is_ready());
        assert_eq!(slot.take(), Some(2));
        assert_eq!(slot.take(), None);
    }

    #[test]
    fn a_closed_slot_gives_what_it_holds_and_takes_no_more() {
        let slot = Slot::new();
        assert!(slot.put(1).now_or_never().unwrap().is_ok());
        let mut waiting = Box::pin(slot.put(2));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll_unpin(cx).is_pending());
        assert_eq!(slot.close(), Some(1));
        assert!(matches!(waiting.now_or_never(), Some(Err(Closed))));
        assert!(matches!(slot.put(3).now_or_never(), Some(Err(Closed))));
        assert_eq!(slot.take(), None);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn messages_of_many_tasks_all_come_and_those_of_each_in_its_order() {
        const TASKS: usize = 8;
        const EACH: usize = 500;
        let slot = Arc::new(Slot::new());
        let tasks = (0..TASKS).map(|task| {
            let slot = Arc::clone(&slot);
            tokio::spawn(async move {
                for message in 0..EACH {
                    slot.put((task, message)).await.unwrap();
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        let mut next = [0; TASKS];
        for _ in 0..TASKS * EACH {
            let (task, message) = poll_fn(|cx| slot.poll_take(cx)).await;
            assert_eq!(message, next[task]);
            next[task] += 1;
        }
        assert!(join_all(tasks).await.into_iter().all(|ended| ended.is_ok()));
    }
}
