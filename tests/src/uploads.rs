//! DoPut: reading, not reading, acknowledging.

use flight_runtime::arrow::datatypes::Schema;
use flight_runtime::prelude::*;
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::ledger::{Ledger, now};

/// Uploads; what came stands in the ledger.
pub(crate) struct Uploads {
    ledger: Ledger,
}

impl Uploads {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }
}

/// A schema as `name: type` each.
pub(crate) fn in_words(schema: &Schema) -> Vec<String> {
    let fields = schema.fields().iter();
    fields
        .map(|field| format!("{}: {}", field.name(), field.data_type()))
        .collect()
}

/// Reads an upload to its end, whatever that is, and says what came.
pub(crate) async fn observe(rows: &mut BatchStream) -> Value {
    let mut messages = Vec::new();
    let (mut batches, mut total) = (0, 0);
    let end = loop {
        match rows.next_message().await {
            None => break "clean".to_owned(),
            Some(Err(error)) => break format!("{:?}: {error}", error.code()),
            Some(Ok(message)) => {
                if let Some(batch) = &message.batch {
                    batches += 1;
                    total += batch.num_rows();
                }
                let rows = message.batch.map(|batch| batch.num_rows());
                let metadata = message.app_metadata;
                let metadata = metadata.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                messages.push(json!([rows, metadata]));
            }
        }
    };
    json!({ "batches": batches, "rows": total, "messages": messages, "end": end, "at": now() })
}

#[flight_server]
impl Uploads {
    /// Reads everything.
    #[do_put("uploads/{name}")]
    async fn drain(
        &self,
        name: String,
        descriptor: FlightDescriptor,
        mut rows: BatchStream,
    ) -> Result<Json<Value>, Error> {
        let _guard = self.ledger.at_drop(name.clone());
        let schema = in_words(rows.schema().await?.as_ref());
        let mut seen = observe(&mut rows).await;
        seen["schema"] = json!(schema);
        seen["path"] = json!(descriptor.path);
        seen["cmd"] = json!(String::from_utf8_lossy(&descriptor.cmd));
        self.ledger.write(&name, seen.clone());
        Ok(Json(seen))
    }

    /// Reads everything, and says so to its client when the first message is there.
    #[do_put("watched/{name}")]
    async fn watched(
        &self,
        name: String,
        mut rows: BatchStream,
        acks: MetadataWriter,
    ) -> Result<(), Error> {
        let _guard = self.ledger.at_drop(name.clone());
        rows.next_message().await;
        acks.write("started").await?;
        let seen = observe(&mut rows).await;
        self.ledger.write(&name, seen);
        Ok(())
    }

    /// The same in a task that outlives the call: it must be told how the upload ended.
    #[do_put("watched-in-task/{name}")]
    async fn watched_in_task(
        &self,
        name: String,
        mut rows: BatchStream,
        acks: MetadataWriter,
    ) -> Result<(), Error> {
        let ledger = self.ledger.clone();
        let reading = tokio::spawn(async move {
            rows.next_message().await;
            let told = acks.write("started").await;
            let seen = observe(&mut rows).await;
            ledger.write(&name, seen);
            told
        });
        reading.await?
    }

    /// Reads what is complete only with a last word.
    #[do_put("marked/{name}")]
    async fn marked(&self, name: String, rows: BatchStream) -> Result<Json<Value>, Error> {
        let seen = observe(&mut rows.with_commit_marker("complete")).await;
        self.ledger.write(&name, seen.clone());
        Ok(Json(seen))
    }

    /// Reads what is complete only with so many rows.
    #[do_put("declared/{name}?{count}")]
    async fn declared(
        &self,
        name: String,
        count: u64,
        rows: BatchStream,
    ) -> Result<Json<Value>, Error> {
        let seen = observe(&mut rows.with_expected_rows(count)).await;
        self.ledger.write(&name, seen.clone());
        Ok(Json(seen))
    }

    /// Reads everything on a blocking thread.
    #[do_put("uploads-blocking/{name}")]
    fn drain_blocking(
        &self,
        name: String,
        mut rows: BatchStream,
        acks: MetadataWriter,
    ) -> Result<Vec<String>, Error> {
        acks.write_blocking("first")?;
        let seen = Handle::current().block_on(observe(&mut rows));
        self.ledger.write(&name, seen);
        Ok(vec!["second".to_owned(), "third".to_owned()])
    }

    /// Reads nothing, and is content.
    #[do_put("unread")]
    async fn unread(&self, _rows: BatchStream) -> PutResult {
        PutResult {
            app_metadata: "as you say".into(),
        }
    }

    /// Does not even take the upload.
    #[do_put("ignored")]
    fn ignored(&self) {}

    /// Refuses without a look.
    #[do_put("refused")]
    async fn refused(&self, _rows: BatchStream) -> Result<(), Error> {
        Err(Error::permission_denied("read only"))
    }

    /// Reads two batches and returns.
    #[do_put("two-batches")]
    async fn two_batches(&self, mut rows: BatchStream) -> Result<String, Error> {
        let mut total = 0;
        for _ in 0..2 {
            total += rows.try_next().await?.map_or(0, |batch| batch.num_rows());
        }
        Ok(format!("{total} rows"))
    }

    /// An acknowledgement for each message, and one of the whole.
    #[do_put("acks")]
    async fn acks(&self, mut rows: BatchStream, acks: MetadataWriter) -> Result<PutResult, Error> {
        acks.write("before the first").await?;
        let mut messages = 0;
        while let Some(message) = rows.next_message().await.transpose()? {
            messages += 1;
            let rows = message.batch.map_or(0, |batch| batch.num_rows());
            acks.write(format!("message {messages} of {rows} rows"))
                .await?;
        }
        Ok(PutResult {
            app_metadata: "after the last".into(),
        })
    }

    /// Acknowledgements far ahead of what was read.
    #[do_put("many-acks/{count}")]
    async fn many_acks(
        &self,
        count: usize,
        rows: BatchStream,
        acks: MetadataWriter,
    ) -> Result<String, Error> {
        for ack in 0..count {
            acks.write(ack.to_string()).await?;
        }
        let total: usize = rows
            .map(|batch| batch.map_or(0, |batch| batch.num_rows()))
            .fold(0, |sum, rows| async move { sum + rows })
            .await;
        Ok(format!("{total} rows"))
    }

    /// Fails after the first batch.
    #[do_put("fails")]
    async fn fails(&self, mut rows: BatchStream, acks: MetadataWriter) -> Result<(), Error> {
        rows.try_next().await?;
        acks.write("so far so good").await?;
        Err(Error::already_exists("row 1 is there").with_extra_info("row 1"))
    }

    #[do_put("panics")]
    async fn panics(&self, mut rows: BatchStream) -> Result<(), Error> {
        rows.try_next().await?;
        panic!("secret of the upload");
    }

    /// Values as they came, in words.
    #[do_put("values")]
    async fn values(&self, mut rows: BatchStream) -> Result<Json<Vec<String>>, Error> {
        let mut values = Vec::new();
        while let Some(batch) = rows.try_next().await? {
            for column in batch.columns() {
                values.push(format!("{column:?}"));
            }
        }
        Ok(Json(values))
    }

    /// What is behind the first end of the stream: the end.
    #[do_put("read-twice")]
    async fn read_twice(&self, mut rows: BatchStream) -> Result<String, Error> {
        let first = rows.read_all().await?.len();
        let second = rows.read_all().await?.len();
        Ok(format!("{first}, then {second}"))
    }
}
