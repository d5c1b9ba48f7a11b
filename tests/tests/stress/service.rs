//! The server of the stress test: handlers of every kind, which are counted while they live.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use flight_runtime::arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
use flight_runtime::arrow::datatypes::Int64Type;
use flight_runtime::prelude::*;
use futures::StreamExt;
use futures::stream;
use tokio::time::sleep;

/// Counts the handlers that are alive.
#[derive(Clone, Default)]
pub(crate) struct Alive(Arc<AtomicUsize>);

struct Handler(Arc<AtomicUsize>);

impl Alive {
    fn begin(&self) -> Handler {
        self.0.fetch_add(1, Ordering::SeqCst);
        Handler(Arc::clone(&self.0))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Rows of which batches are slices: making them takes no time, so that there are many streams.
pub(crate) static ROWS: LazyLock<RecordBatch> = LazyLock::new(|| {
    let numbers = Int64Array::from_iter_values(0..ROW_COUNT as i64);
    let texts =
        StringArray::from_iter_values((0..ROW_COUNT).map(|n| ["", "some", "more text"][n % 3]));
    let columns: [(&str, ArrayRef); 2] = [("n", Arc::new(numbers)), ("text", Arc::new(texts))];
    RecordBatch::try_from_iter(columns).unwrap()
});
pub(crate) const ROW_COUNT: usize = 200_000;
/// The most rows of a batch.
pub(crate) const LARGE: usize = 50_000;

/// Rows that count on from batch to batch, and from the start again after many.
pub(crate) fn rows(batch: usize, count: usize) -> RecordBatch {
    ROWS.slice(batch * count % (ROW_COUNT - LARGE), count)
}

/// The numbers of all rows.
pub(crate) fn numbers(batch: &RecordBatch) -> &[i64] {
    batch.column(0).as_primitive::<Int64Type>().values()
}

pub(crate) struct Stress {
    alive: Alive,
}

impl Stress {
    pub(crate) fn new(alive: &Alive) -> Self {
        Self {
            alive: alive.clone(),
        }
    }
}

#[flight_server]
impl Stress {
    #[do_get("rows/{batches}/{count}")]
    async fn rows(&self, batches: usize, count: usize) -> BatchStream {
        let handler = self.alive.begin();
        let batches = stream::iter(0..batches).map(move |batch| {
            let _alive = &handler;
            rows(batch, count)
        });
        BatchStream::new(rows(0, 0).schema(), batches)
    }

    /// From a blocking thread.
    #[do_get("blocking/{batches}/{count}", schema = rows(0, 0).schema())]
    fn blocking(
        &self,
        batches: usize,
        count: usize,
    ) -> impl Iterator<Item = RecordBatch> + Send + use<> {
        let handler = self.alive.begin();
        (0..batches).map(move |batch| {
            let _alive = &handler;
            rows(batch, count)
        })
    }

    /// Pauses before every batch: a stream that is woken again and again.
    #[do_get("hesitant/{batches}/{count}")]
    async fn hesitant(&self, batches: usize, count: usize) -> BatchStream {
        let handler = self.alive.begin();
        let batches = stream::iter(0..batches).then(move |batch| {
            let _alive = &handler;
            async move {
                sleep(Duration::from_micros(300)).await;
                rows(batch, count)
            }
        });
        BatchStream::new(rows(0, 0).schema(), batches)
    }

    #[do_put("drain")]
    async fn drain(&self, mut rows: BatchStream) -> Result<String, Error> {
        let _alive = self.alive.begin();
        let mut total = 0;
        while let Some(batch) = rows.try_next().await? {
            total += batch.num_rows();
        }
        Ok(total.to_string())
    }

    #[do_exchange("echo")]
    async fn exchange(&self, rows: BatchStream) -> Result<BatchStream, Error> {
        let handler = self.alive.begin();
        let mut rows = rows;
        let schema = rows.schema().await?;
        Ok(rows.map_batches(schema, move |batch| {
            let _alive = &handler;
            Ok(batch)
        }))
    }

    #[action("echo")]
    async fn echo(&self, body: Bytes) -> Bytes {
        let _alive = self.alive.begin();
        body
    }
}
