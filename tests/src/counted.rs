//! Handlers that are counted: what has begun, what is under way, what was committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flight_runtime::prelude::*;
use futures::stream::{self, Stream, StreamExt};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::data::{numbers, numbers_schema};

/// Counts of the process.
#[derive(Default)]
pub(crate) struct Counted(Arc<Counts>);

#[derive(Default)]
struct Counts {
    begun: AtomicU64,
    ended: AtomicU64,
    committed: AtomicU64,
}

/// A handler while it lives.
struct Alive(Arc<Counts>);

impl Counted {
    fn begin(&self) -> Alive {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        Alive(Arc::clone(&self.0))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

#[flight_server]
impl Counted {
    /// Tasks and calls of the process at this moment, the one that asks included, and what has happened since the start.
    #[action("counted")]
    async fn counted(&self, context: CallContext) -> Json<Value> {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Json(json!({
            "tasks": Handle::current().metrics().num_alive_tasks(),
            "calls": context.server().map(|server| server.running_calls()),
            "begun": read(&self.0.begun),
            "alive": read(&self.0.begun) - read(&self.0.ended),
            "committed": read(&self.0.committed),
        }))
    }

    /// Says that it has begun, and after so many milliseconds that it is done.
    #[action("counted-slow")]
    async fn slow(
        &self,
        millis: String,
    ) -> Result<impl Stream<Item = String> + Send + use<>, Error> {
        let alive = self.begin();
        let pause = Duration::from_millis(millis.parse()?);
        Ok(stream::iter(["begun", "done"]).then(move |word| {
            let _alive = &alive;
            async move {
                if word == "done" {
                    tokio::time::sleep(pause).await;
                }
                word.to_owned()
            }
        }))
    }

    /// Rows without end.
    #[do_get("counted-endless", schema = numbers_schema())]
    async fn endless(&self) -> BatchStream {
        let alive = self.begin();
        let batches = stream::iter(0..).map(move |batch| {
            let _alive = &alive;
            numbers(batch * 1000..batch * 1000 + 1000)
        });
        BatchStream::new(numbers_schema(), batches)
    }

    /// Commits what came to its proper end.
    #[do_put("counted-commit")]
    async fn commit(&self, mut rows: BatchStream) -> Result<(), Error> {
        let _alive = self.begin();
        while rows.try_next().await?.is_some() {}
        self.0.committed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// The same, with an answer that runs beside it.
    #[do_exchange("counted-exchange")]
    async fn exchange(&self, mut rows: BatchStream) -> Result<BatchStream, Error> {
        let alive = self.begin();
        let schema = rows.schema().await?;
        let counts = Arc::clone(&self.0);
        let echo = stream::unfold((rows, alive), move |(mut rows, alive)| {
            let counts = Arc::clone(&counts);
            async move {
                match rows.try_next().await.transpose() {
                    Some(next) => Some((next, (rows, alive))),
                    None => {
                        counts.committed.fetch_add(1, Ordering::Relaxed);
                        None
                    }
                }
            }
        });
        Ok(BatchStream::new(schema, echo))
    }
}
