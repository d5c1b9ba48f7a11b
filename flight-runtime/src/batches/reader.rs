//! A [`BatchStream`] as Arrow's own reader, for handlers that run on a blocking thread.

use arrow::array::{RecordBatch, RecordBatchReader};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use futures::stream::StreamExt;
use tokio::runtime::Handle;

use super::BatchStream;
use crate::Error;

/// What [`BatchStream::into_reader`] gives.
struct Reader {
    schema: SchemaRef,
    stream: BatchStream,
    runtime: Handle,
}

impl BatchStream {
    /// The stream as a reader that blocks: for a plain `fn`, which runs on a blocking thread, and for whatever writes from a
    /// [`RecordBatchReader`].
    ///
    /// Waits for the schema. An error of the stream is an [`ArrowError::ExternalError`] of the reader, which
    /// `?` turns back into the error that it was.
    ///
    /// # Errors
    ///
    /// Whatever [`schema`](Self::schema) fails with; INTERNAL outside a Tokio runtime.
    ///
    /// # Panics
    ///
    /// In an `async fn`, where blocking would hold up other calls: await the stream there.
    ///
    /// ```
    /// use flight_runtime::prelude::*;
    ///
    /// struct Store;
    ///
    /// #[flight_server]
    /// impl Store {
    ///     #[do_put("rows")]
    ///     fn put(&self, rows: BatchStream) -> Result<String, Error> {
    ///         let mut total = 0;
    ///         for batch in rows.into_reader()? {
    ///             total += batch?.num_rows();
    ///         }
    ///         Ok(format!("{total} rows"))
    ///     }
    /// }
    /// ```
    pub fn into_reader(mut self) -> Result<impl RecordBatchReader + Send + 'static, Error> {
        let runtime = Handle::try_current()?;
        let schema = runtime.block_on(self.schema())?;
        Ok(Reader {
            schema,
            stream: self,
            runtime,
        })
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.runtime.block_on(self.stream.next())?;
        Some(batch.map_err(|error| ArrowError::ExternalError(error.into())))
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }
}
