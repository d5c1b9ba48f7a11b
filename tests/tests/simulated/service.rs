//! The server of the simulated network: what it commits outlives it, and its handlers are counted while they live.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flight_runtime::arrow::array::{ArrayRef, AsArray, Int64Array};
use flight_runtime::arrow::datatypes::Int64Type;
use flight_runtime::prelude::*;
use futures::{StreamExt, stream};
use tokio::time::sleep;

/// What is left when the server has crashed.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Shared>);

#[derive(Default)]
struct Shared {
    alive: AtomicUsize,
    /// The numbers of each upload, as often as it was committed.
    committed: Mutex<HashMap<u64, Vec<Vec<i64>>>>,
}

struct Handler(Arc<Shared>);

impl Drop for Handler {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

impl World {
    fn begin(&self) -> Handler {
        self.0.alive.fetch_add(1, Ordering::SeqCst);
        Handler(Arc::clone(&self.0))
    }

    /// How many handlers there are.
    pub(crate) fn alive(&self) -> usize {
        self.0.alive.load(Ordering::SeqCst)
    }

    /// What was committed of an upload, each time.
    pub(crate) fn committed(&self, upload: u64) -> Vec<Vec<i64>> {
        let committed = self.0.committed.lock().unwrap();
        committed.get(&upload).cloned().unwrap_or_default()
    }
}

/// These numbers, in one column.
pub(crate) fn batch(numbers: std::ops::Range<i64>) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
    RecordBatch::try_from_iter([("n", numbers)]).unwrap()
}

/// The numbers of a batch.
pub(crate) fn numbers(batch: &RecordBatch) -> &[i64] {
    batch.column(0).as_primitive::<Int64Type>().values()
}

pub(crate) struct Simulated(pub(crate) World);

#[flight_server]
impl Simulated {
    /// Numbers from 0, a pause before each batch.
    #[do_get("numbers/{batches}/{rows}/{pause}")]
    pub(crate) async fn numbers(&self, batches: i64, rows: i64, pause: u64) -> BatchStream {
        let handler = self.0.begin();
        let all = stream::iter(0..batches).then(move |index| {
            let _alive = &handler;
            async move {
                sleep(Duration::from_millis(pause)).await;
                batch(index * rows..(index + 1) * rows)
            }
        });
        BatchStream::new(batch(0..0).schema(), all)
    }

    /// Commits at the end.
    #[do_put("uploads/{upload}")]
    pub(crate) async fn put(&self, upload: u64, mut rows: BatchStream) -> Result<String, Error> {
        let _alive = self.0.begin();
        let mut all = Vec::new();
        while let Some(batch) = rows.try_next().await? {
            all.extend_from_slice(numbers(&batch));
        }
        let count = all.len();
        let mut committed = self.0.0.committed.lock().unwrap();
        committed.entry(upload).or_default().push(all);
        Ok(count.to_string())
    }

    #[do_exchange("echo")]
    pub(crate) async fn echo(&self, mut rows: BatchStream) -> Result<BatchStream, Error> {
        let handler = self.0.begin();
        let schema = rows.schema().await?;
        Ok(rows.map_batches(schema, move |batch| {
            let _alive = &handler;
            Ok(batch)
        }))
    }

    #[action("echo")]
    async fn say(&self, body: Bytes) -> Bytes {
        let _alive = self.0.begin();
        body
    }
}
