//! [`Sink`]: the way out of a handler, one message at a time; [`Running`]: the handler seen from the other end.
//!
//! The handler's future is polled by whoever wants its next message, in one task with the response: no task is
//! spawned, so when the response is dropped (the client is gone, the deadline has passed) the handler is dropped with it, and
//! what it borrows from the service lives exactly as long as it runs.

use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arrow_flight::PutResult;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, Stream, StreamExt};
use tokio::runtime::Handle;

use super::Items;
use super::blocking::on_blocking_thread;
use super::item::IntoItem;
use super::slot::{Closed, Slot};
use crate::Error;
use crate::call::Call;

/// What is left of a reply when its handler is done: it goes on without it.
#[doc(hidden)]
pub enum Rest<T> {
    /// At most one message.
    One(Option<Result<T, Error>>),
    /// All there.
    Many(std::vec::IntoIter<Result<T, Error>>),
    /// What owns what it needs.
    Stream(BoxStream<'static, Result<T, Error>>),
}

impl<T> fmt::Debug for Rest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rest")
    }
}

impl<T> Rest<T> {
    /// Nothing.
    pub fn none() -> Self {
        Self::One(None)
    }

    /// All there.
    pub fn many(items: Vec<Result<T, Error>>) -> Self {
        Self::Many(items.into_iter())
    }

    /// An error is the last that comes.
    fn failed(error: Error) -> Self {
        Self::One(Some(Err(error)))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        match self {
            Self::One(item) => Poll::Ready(item.take()),
            Self::Many(items) => Poll::Ready(items.next()),
            Self::Stream(stream) => {
                let item = ready!(stream.poll_next_unpin(cx));
                if item.is_none() {
                    *self = Self::none();
                }
                Poll::Ready(item)
            }
        }
    }
}

/// Where a handler's messages go. A send waits until the message before was taken: that is the backpressure.
pub struct Sink<T> {
    slot: Arc<Slot<T>>,
}

impl<T> Clone for Sink<T> {
    fn clone(&self) -> Self {
        Self {
            slot: Arc::clone(&self.slot),
        }
    }
}

impl<T> fmt::Debug for Sink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}

/// Waits on a thread that may be held: it panics on one that drives tasks, as tokio's own ways to block do.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    match Handle::try_current() {
        Ok(runtime) => runtime.block_on(future),
        // A thread of the handler's own.
        Err(_) => futures::executor::block_on(future),
    }
}

impl<T> Sink<T> {
    /// Sends one message.
    pub async fn send(&self, item: T) -> Result<(), Error> {
        let put = self.slot.put(item).await;
        put.map_err(|Closed| Error::cancelled("nobody waits for the answer any more"))
    }

    /// Sends one message from a blocking thread.
    pub fn send_blocking(&self, item: T) -> Result<(), Error> {
        block_on(self.send(item))
    }

    /// Sends of a whole reply what borrows from the handler, and gives what does not.
    pub async fn send_all(self, items: Items<'_, T>) -> Result<Rest<T>, Error> {
        match items {
            Items::One(item) => return Ok(Rest::One(Some(item))),
            Items::Ready(items) => return Ok(Rest::many(items)),
            Items::Owned(stream) => return Ok(Rest::Stream(stream)),
            Items::Borrowed(mut stream) => {
                while let Some(item) = stream.next().await {
                    self.send(item?).await?;
                }
            }
            // Of plain functions alone, which send it themselves.
            Items::Iterator(items) => {
                for item in items {
                    self.send(item?).await?;
                }
            }
        }
        Ok(Rest::none())
    }

    /// The same from a blocking thread, which is held only for that.
    pub fn send_all_blocking(self, items: Items<'_, T>) -> Result<Rest<T>, Error> {
        match items {
            // Not inside `block_on`: what it does may itself block on a runtime.
            Items::Iterator(items) => {
                for item in items {
                    self.send_blocking(item?)?;
                }
                Ok(Rest::none())
            }
            items => block_on(self.send_all(items)),
        }
    }
}

/// Boxes a handler's future; it starts with the sink that its messages come out of.
pub fn boxed<'a, T>(
    future: impl Future<Output = Result<Rest<T>, Error>> + Send + 'a,
) -> BoxFuture<'a, Result<Rest<T>, Error>> {
    Box::pin(future)
}

/// Runs the rest of a handler on a blocking thread. The call lives as long as the caller waits.
pub async fn blocking<T: Send + 'static>(
    call: Call,
    handler: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let result = on_blocking_thread(handler).await;
    drop(call);
    result.flatten()
}

/// A handler at work: the stream of its messages.
///
/// Ends with the handler's error, if it has one, after everything that it sent.
pub(crate) struct Running<T> {
    state: State<T>,
}

enum State<T> {
    AtWork {
        slot: Arc<Slot<T>>,
        handler: BoxFuture<'static, Result<Rest<T>, Error>>,
    },
    Done(Rest<T>),
}

/// Nothing in it is pinned in place.
impl<T> Unpin for Running<T> {}

impl<T: Send + 'static> Running<T> {
    /// Starts a handler with a sink of its own.
    pub(crate) fn start(
        handler: impl FnOnce(Sink<T>) -> BoxFuture<'static, Result<Rest<T>, Error>>,
    ) -> Self {
        Self::try_start(|sink| Ok(handler(sink)))
    }

    /// Starts a handler that may be refused: the error is then all that comes.
    pub(crate) fn try_start(
        handler: impl FnOnce(Sink<T>) -> Result<BoxFuture<'static, Result<Rest<T>, Error>>, Error>,
    ) -> Self {
        let slot = Arc::new(Slot::new());
        let sink = Sink {
            slot: Arc::clone(&slot),
        };
        let state = match handler(sink) {
            Ok(handler) => State::AtWork { slot, handler },
            Err(error) => State::Done(Rest::failed(error)),
        };
        Self { state }
    }

    /// The only message of a reply.
    pub(crate) async fn only(mut self) -> Result<T, Error> {
        match self.next().await {
            Some(item) => item,
            None => Err(Error::internal("the handler gave no answer")),
        }
    }
}

impl<T> State<T> {
    /// The handler is done: what it has sent last is still there.
    fn end(&mut self, rest: Rest<T>) -> Option<T> {
        match mem::replace(self, Self::Done(rest)) {
            Self::AtWork { slot, handler } => {
                drop(handler);
                match Arc::try_unwrap(slot) {
                    Ok(slot) => slot.into_item(),
                    // A writer that the handler gave to a task of its own must not keep the call open.
                    Err(slot) => slot.close(),
                }
            }
            Self::Done(_) => None,
        }
    }
}

impl<T: Send + 'static> Stream for Running<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let state = &mut self.get_mut().state;
        let result = match state {
            State::Done(rest) => return rest.poll_next(cx),
            State::AtWork { slot, handler } => {
                if let Some(item) = slot.take() {
                    return Poll::Ready(Some(Ok(item)));
                }
                // A panic ends the call behind what was sent before it, as an error does.
                let polled = catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx)));
                match polled.unwrap_or_else(|panic| Poll::Ready(Err(Error::panicked(&*panic)))) {
                    Poll::Ready(result) => result,
                    Poll::Pending => return slot.poll_take(cx).map(|item| Some(Ok(item))),
                }
            }
        };
        let rest = result.unwrap_or_else(Rest::failed);
        if let Some(item) = state.end(rest) {
            return Poll::Ready(Some(Ok(item)));
        }
        match state {
            State::Done(rest) => rest.poll_next(cx),
            State::AtWork { .. } => Poll::Ready(None),
        }
    }
}

impl<T> Drop for Running<T> {
    /// Whoever still has a sink is told, and does not keep what is in it.
    fn drop(&mut self) {
        if let State::AtWork { slot, .. } = &self.state {
            drop(slot.close());
        }
    }
}

/// Writes a DoPut's acknowledgements while the upload is still being read.
///
/// An argument of `#[do_put]`. Each write is one `PutResult`, sent at once; it waits while the client has not taken the
/// ones before, so memory stays flat. What the handler returns follows at the end.
///
/// ```
/// use flight_runtime::prelude::*;
/// use futures::TryStreamExt;
///
/// struct Store;
///
/// #[flight_server]
/// impl Store {
///     #[do_put("rows")]
///     async fn put(&self, mut rows: BatchStream, acks: MetadataWriter) -> Result<(), Error> {
///         let mut total = 0;
///         while let Some(batch) = rows.try_next().await? {
///             total += batch.num_rows();
///             acks.write(format!("{total} rows")).await?;
///         }
///         Ok(())
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct MetadataWriter {
    sink: Sink<PutResult>,
}

impl MetadataWriter {
    /// Sends an acknowledgement: a [`PutResult`], or its bytes.
    ///
    /// # Errors
    ///
    /// CANCELLED when nobody waits for it any more.
    pub async fn write(&self, ack: impl IntoItem<PutResult>) -> Result<(), Error> {
        self.sink.send(ack.into_item()?).await
    }

    /// The same from a plain `fn`, or from a thread of your own.
    ///
    /// # Errors
    ///
    /// CANCELLED when nobody waits for it any more.
    ///
    /// # Panics
    ///
    /// In an `async fn`, whose thread others need as well: there it is [`write`](Self::write).
    pub fn write_blocking(&self, ack: impl IntoItem<PutResult>) -> Result<(), Error> {
        self.sink.send_blocking(ack.into_item()?)
    }
}

impl From<Sink<PutResult>> for MetadataWriter {
    fn from(sink: Sink<PutResult>) -> Self {
        Self { sink }
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    /// A handler that gives its sink away and waits.
    fn running_with_sink() -> (Running<u8>, Sink<u8>) {
        let mut given = None;
        let running = Running::start(|sink| {
            given = Some(sink);
            boxed(std::future::pending())
        });
        (running, given.unwrap())
    }

    #[tokio::test]
    async fn threads_send_whether_the_runtime_knows_them_or_not() {
        let (running, sink) = running_with_sink();
        let send = move |sink: Sink<u8>| (0..3).try_for_each(|item| sink.send_blocking(item));
        let (known, own) = (sink.clone(), sink);
        let known = tokio::task::spawn_blocking(move || send(known));
        let own = std::thread::spawn(move || send(own));
        let mut sent: Vec<u8> = running.take(6).try_collect().await.unwrap();
        sent.sort_unstable();
        assert_eq!(sent, [0, 0, 1, 1, 2, 2]);
        assert!(known.await.unwrap().is_ok());
        assert!(own.join().unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_sink_whose_call_is_gone_takes_nothing_more() {
        let (running, sink) = running_with_sink();
        sink.send(1).await.unwrap();
        drop(running);
        assert!(sink.slot.take().is_none(), "what nobody takes is kept");
        assert_eq!(
            sink.send(2).await.unwrap_err().code(),
            crate::Code::Cancelled
        );
    }

    #[tokio::test]
    async fn what_a_handler_has_sent_comes_before_what_it_leaves_and_nothing_behind_it() {
        let leaves = [
            Ok(Rest::One(Some(Ok(2)))),
            Ok(Rest::many(vec![Ok(2)])),
            Ok(Rest::Stream(futures::stream::iter([Ok(2)]).boxed())),
            Err(Error::aborted("2")),
        ];
        for leaves in leaves {
            let mut kept = None;
            let running = Running::start(|sink| {
                kept = Some(sink.clone());
                boxed(async move {
                    sink.send(1).await?;
                    leaves
                })
            });
            let sent: Vec<_> = running
                .map(|item| item.unwrap_or_else(|error| error.message().parse().unwrap()))
                .collect()
                .await;
            assert_eq!(sent, [1, 2]);
            let error = kept.unwrap().send(3).await.unwrap_err();
            assert_eq!(error.code(), crate::Code::Cancelled);
        }
    }

    #[tokio::test]
    #[should_panic(expected = "Cannot start a runtime from within a runtime")]
    async fn a_thread_that_drives_tasks_is_not_held() {
        let (_running, sink) = running_with_sink();
        let _ = sink.send_blocking(1);
    }
}
