//! DoExchange.

use flight_runtime::arrow::array::AsArray;
use flight_runtime::arrow::compute::kernels::arity;
use flight_runtime::arrow::datatypes::Int64Type;
use flight_runtime::prelude::*;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};

use crate::data::{numbers, numbers_schema};
use crate::ledger::Ledger;
use crate::uploads::{in_words, observe};

/// Exchanges; what came stands in the ledger.
pub(crate) struct Exchanges {
    ledger: Ledger,
}

impl Exchanges {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }
}

#[flight_server]
impl Exchanges {
    /// Everything back, message by message.
    #[do_exchange("echo")]
    async fn echo(&self, rows: BatchStream) -> impl Stream<Item = Result<Message, Error>> + use<> {
        rows.messages()
    }

    /// The very stream that came.
    #[do_exchange("mirror")]
    async fn mirror(&self, rows: BatchStream) -> BatchStream {
        rows
    }

    /// Twice the number, as soon as it comes.
    #[do_exchange("double", schema = numbers_schema())]
    async fn double(
        &self,
        rows: BatchStream,
    ) -> impl Stream<Item = Result<RecordBatch, Error>> + use<> {
        rows.and_then(|batch| async move {
            let column = batch.columns().first();
            let Some(n) = column.and_then(|column| column.as_primitive_opt::<Int64Type>()) else {
                return Err(Error::invalid_argument("the first column is not int64"));
            };
            let doubled = arity::unary::<_, _, Int64Type>(n, |n| n * 2);
            Ok(RecordBatch::try_new(
                numbers_schema(),
                vec![std::sync::Arc::new(doubled)],
            )?)
        })
    }

    /// An answer that is there before the question.
    #[do_exchange("speaks-first")]
    async fn speaks_first(&self, rows: BatchStream) -> Result<BatchStream, Error> {
        let first = stream::iter([numbers(0..3).map_err(Error::from)]);
        Ok(BatchStream::new(numbers_schema(), first.chain(rows)))
    }

    /// As many batches as the route says, whatever comes.
    #[do_exchange("ends-early/{after}")]
    async fn ends_early(&self, after: usize, mut rows: BatchStream) -> Result<BatchStream, Error> {
        let schema = rows.schema().await?;
        Ok(BatchStream::new(schema, rows.take(after)))
    }

    /// Reads everything, says nothing.
    #[do_exchange("silent/{name}")]
    async fn silent(&self, name: String, mut rows: BatchStream) -> Vec<RecordBatch> {
        let seen = observe(&mut rows).await;
        self.ledger.write(&name, seen);
        Vec::new()
    }

    /// Answers in metadata alone.
    #[do_exchange("metadata-alone")]
    async fn metadata_alone(&self, mut rows: BatchStream) -> Result<Vec<Message>, Error> {
        let seen = observe(&mut rows).await;
        Ok(vec![Message::metadata(seen["rows"].to_string())])
    }

    /// The schema, if there is one, and then the messages.
    #[do_exchange("schema-or-not")]
    async fn schema_or_not(&self, mut rows: BatchStream) -> Result<Vec<Message>, Error> {
        let schema = match rows.schema().await {
            Ok(schema) => in_words(&schema).join(", "),
            Err(error) => format!("{:?}: {error}", error.code()),
        };
        let seen = observe(&mut rows).await;
        Ok(vec![
            Message::metadata(schema),
            Message::metadata(seen["messages"].to_string()),
        ])
    }

    /// Waits for a client that says nothing.
    #[do_exchange("listens/{name}", schema = numbers_schema())]
    async fn listens(&self, name: String, mut rows: BatchStream) -> Vec<RecordBatch> {
        let _guard = self.ledger.at_drop(name);
        observe(&mut rows).await;
        Vec::new()
    }

    #[do_exchange("fails")]
    async fn fails(&self, mut rows: BatchStream) -> Result<BatchStream, Error> {
        rows.try_next().await?;
        Err(Error::failed_precondition("the model is not trained").with_extra_info("model 3"))
    }
}
