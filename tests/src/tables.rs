//! A table of Flight SQL, as far as a client needs one that only writes: ADBC's drivers do, and are made of Arrow's Go library.

use flight_runtime::arrow::datatypes::SchemaRef;
use flight_runtime::prelude::*;
use tokio::sync::Mutex;

/// Takes any upload, and gives back the last.
#[derive(Default)]
pub(crate) struct Tables {
    last: Mutex<Option<(SchemaRef, Vec<RecordBatch>)>>,
}

#[flight_server]
impl Tables {
    /// Answers with `DoPutUpdateResult` of `FlightSql.proto`: the number of rows, which is here one byte.
    #[do_put]
    async fn ingest(&self, mut rows: BatchStream) -> Result<Vec<u8>, Error> {
        let schema = rows.schema().await?;
        let batches = rows.read_all().await?;
        let count: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let Some(count) = u8::try_from(count).ok().filter(|count| *count < 0x80) else {
            return Err(Error::out_of_range(format!(
                "{count} rows, expected fewer than 128"
            )));
        };
        *self.last.lock().await = Some((schema, batches));
        Ok(vec![1 << 3, count])
    }

    #[do_get("last")]
    async fn last(&self) -> Result<BatchStream, Error> {
        let last = self.last.lock().await.clone();
        let (schema, batches) = last.ok_or_else(|| Error::not_found("nothing was uploaded"))?;
        Ok(BatchStream::from_batches(schema, batches))
    }
}
