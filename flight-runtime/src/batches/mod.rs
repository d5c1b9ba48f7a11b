//! [`BatchStream`]: a schema and record batches, one at a time, in either direction.

mod complete;
mod message;
mod reader;
mod received;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use arrow::array::{RecordBatch, RecordBatchReader};
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::future::poll_fn;
use futures::stream::{self, BoxStream, Stream, StreamExt};

use crate::Error;
use crate::reply::{IntoMessageItem, IntoStreamItem as _, blocking_iter};

pub(crate) use message::StreamOptions;
pub use message::{Compression, Message};
pub(crate) use received::{Event, Received, Upload};

/// A schema and record batches, one at a time.
///
/// As an argument of `#[do_put]` and `#[do_exchange]` it is what the client uploads; as a return of `#[do_get]` and
/// `#[do_exchange]` what it downloads. It is a [`Stream`] of `Result<RecordBatch, Error>`; [`next_message`](Self::next_message)
/// gives the application's metadata too.
///
/// # Uploading
///
/// The schema comes with the client's first data, which [`schema`](Self::schema) awaits: a DoExchange may begin with
/// metadata alone, or stay without data. An upload that breaks off, by a reset, a lost connection or a cancelled call, ends
/// in an ABORTED error, never in a clean end: the end of the stream means that the client finished it.
///
/// # Downloading
///
/// Batches are asked for one at a time, as the client takes them. Every batch must have the stream's schema: another one
/// ends the call with an error that names the column. An empty stream still carries its schema.
///
/// ```
/// use flight_runtime::prelude::*;
///
/// struct Scores;
///
/// #[flight_server]
/// impl Scores {
///     #[do_put("scores")]
///     async fn put(&self, mut rows: BatchStream) -> Result<(), Error> {
///         let schema = rows.schema().await?;
///         while let Some(batch) = rows.try_next().await? {
///             println!("{} rows of {} columns", batch.num_rows(), schema.fields().len());
///         }
///         Ok(())
///     }
///
///     #[do_exchange("first")]
///     async fn first(&self, mut rows: BatchStream) -> Result<BatchStream, Error> {
///         let schema = rows.schema().await?;
///         Ok(rows.map_batches(schema, |batch| Ok(batch.slice(0, batch.num_rows().min(10)))))
///     }
/// }
/// ```
pub struct BatchStream {
    schema: Option<SchemaRef>,
    /// Messages that came before the schema did.
    early: VecDeque<Message>,
    /// Bytes of the metadata in them.
    early_bytes: usize,
    events: BoxStream<'static, Result<Event, Error>>,
    last_metadata: Option<Bytes>,
    /// What it means that the end comes first.
    without_schema: fn() -> Error,
    pub(crate) options: StreamOptions,
}

impl BatchStream {
    /// A stream of this schema: items are [`RecordBatch`], `(RecordBatch, Bytes)` or [`Message`], plain or in a `Result`.
    pub fn new<S, M>(schema: SchemaRef, batches: S) -> Self
    where
        S: Stream + Send + 'static,
        S::Item: IntoMessageItem<M>,
    {
        Self::from_events(
            Some(schema),
            batches
                .map(|item| item.into_stream_item().map(Event::Message))
                .boxed(),
        )
    }

    /// Batches that are there already. The flight's total of records is known then.
    pub fn from_batches(schema: SchemaRef, batches: impl IntoIterator<Item = RecordBatch>) -> Self {
        let batches: Vec<RecordBatch> = batches.into_iter().collect();
        let total_records = total(&batches);
        Self::new(schema, stream::iter(batches)).with_total_records(total_records)
    }

    /// A stream of no batches: the schema alone.
    pub fn empty(schema: SchemaRef) -> Self {
        Self::from_batches(schema, [])
    }

    /// What a reader reads, such as a Parquet, CSV or IPC file's, pulled on a blocking thread.
    pub fn from_reader(reader: impl RecordBatchReader + Send + 'static) -> Self {
        let schema = reader.schema();
        let batches = blocking_iter(reader.map(|batch| batch.map_err(Error::from)));
        Self::new(schema, batches)
    }

    pub(crate) fn from_events(
        schema: Option<SchemaRef>,
        events: BoxStream<'static, Result<Event, Error>>,
    ) -> Self {
        Self {
            schema,
            early: VecDeque::new(),
            early_bytes: 0,
            // Asked behind its end, it says again that it has ended.
            events: events.fuse().boxed(),
            last_metadata: None,
            without_schema: || {
                Error::invalid_argument(
                    "the upload ended before its schema: expected an Arrow IPC schema message",
                )
            },
            options: StreamOptions::default(),
        }
    }

    /// A server's answer, which is not the caller's fault.
    pub(crate) fn of_answer(mut self) -> Self {
        self.without_schema = || {
            Error::internal(
                "the server's answer ended before its schema: expected an Arrow IPC schema message",
            )
        };
        self
    }

    /// The number of rows, for FlightInfo; unknown (−1) when it is not said.
    #[must_use]
    pub fn with_total_records(mut self, records: i64) -> Self {
        self.options.total_records = Some(records);
        self
    }

    /// The size in bytes, for FlightInfo; unknown (−1) when it is not said.
    #[must_use]
    pub fn with_total_bytes(mut self, bytes: i64) -> Self {
        self.options.total_bytes = Some(bytes);
        self
    }

    /// The `app_metadata` of the FlightInfo that is made from this stream.
    #[must_use]
    pub fn with_info_metadata(mut self, app_metadata: impl Into<Bytes>) -> Self {
        self.options.info_metadata = app_metadata.into();
        self
    }

    /// The `app_metadata` of the stream's first message, the schema's.
    #[must_use]
    pub fn with_schema_metadata(mut self, app_metadata: impl Into<Bytes>) -> Self {
        self.options.schema_metadata = Some(app_metadata.into());
        self
    }

    /// Compresses the bodies of the batches.
    ///
    /// This is Arrow's compression, and the only one of answers: gRPC's own is accepted in requests (feature `gzip`) and never put around
    /// answers, because gzip is slower and would copy what otherwise goes out by reference.
    #[must_use]
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.options.compression = compression;
        self
    }

    /// Sends of a dictionary that has grown only what is new, instead of the whole again. Off by default, because not
    /// every client reads deltas.
    #[must_use]
    pub fn with_dictionary_deltas(mut self) -> Self {
        self.options.dictionary_deltas = true;
        self
    }

    /// The schema. Known at once for a stream that a handler made; an upload's comes with its first data.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT when an upload ends without one, and whatever reading it fails with.
    pub async fn schema(&mut self) -> Result<SchemaRef, Error> {
        poll_fn(|cx| self.poll_schema(cx)).await
    }

    /// The schema, if it is known already.
    #[cfg(feature = "rows")]
    pub(crate) fn known_schema(&self) -> Option<&SchemaRef> {
        self.schema.as_ref()
    }

    fn poll_schema(&mut self, cx: &mut Context<'_>) -> Poll<Result<SchemaRef, Error>> {
        /// What a client may send before it sends a schema: so many messages, and so many bytes in all.
        const MOST_EARLY: usize = 1024;
        const MOST_EARLY_BYTES: usize = 1 << 20;
        loop {
            if let Some(schema) = &self.schema {
                return Poll::Ready(Ok(schema.clone()));
            }
            match ready!(self.events.poll_next_unpin(cx)) {
                Some(Ok(Event::Schema(schema))) => self.schema = Some(schema),
                Some(Ok(Event::Message(message))) => {
                    if self.early.len() == MOST_EARLY {
                        return Poll::Ready(Err(Error::resource_exhausted(format!(
                            "{MOST_EARLY} messages came before the schema: send the schema first"
                        ))));
                    }
                    let metadata = message.app_metadata.as_ref().map_or(0, Bytes::len);
                    self.early_bytes = self.early_bytes.saturating_add(metadata);
                    if self.early_bytes > MOST_EARLY_BYTES {
                        return Poll::Ready(Err(Error::resource_exhausted(format!(
                            "{} bytes of metadata came before the schema, at most {MOST_EARLY_BYTES} may: send the schema first",
                            self.early_bytes
                        ))));
                    }
                    self.early.push_back(message);
                }
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => return Poll::Ready(Err((self.without_schema)())),
            }
        }
    }

    /// The next batch; `None` at the end. The same as `TryStreamExt::try_next`, without the trait.
    ///
    /// # Errors
    ///
    /// Whatever the stream fails with.
    pub async fn try_next(&mut self) -> Result<Option<RecordBatch>, Error> {
        self.next().await.transpose()
    }

    /// A stream of this schema whose batches are made from this one's, each with the metadata that it had, and which goes out as this one would have.
    ///
    /// The most common `#[do_exchange]`: see the example above.
    #[must_use]
    pub fn map_batches<F>(self, schema: SchemaRef, mut map: F) -> Self
    where
        F: FnMut(RecordBatch) -> Result<RecordBatch, Error> + Send + 'static,
    {
        let options = self.options.clone().of_other_batches();
        let messages = self.messages().map(move |message| {
            let Message {
                batch,
                app_metadata,
            } = message?;
            let batch = batch.map(&mut map).transpose()?;
            Ok::<_, Error>(Message {
                batch,
                app_metadata,
            })
        });
        let mut mapped = Self::new(schema, messages);
        mapped.options = options;
        mapped
    }

    /// The next message, metadata included; `None` at the end.
    pub async fn next_message(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.poll_message(cx)).await
    }

    pub(crate) fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Message, Error>>> {
        if let Some(message) = self.early.pop_front() {
            return Poll::Ready(Some(Ok(message)));
        }
        loop {
            match ready!(self.events.poll_next_unpin(cx)) {
                Some(Ok(Event::Schema(schema))) => self.schema = Some(schema),
                Some(Ok(Event::Message(message))) => return Poll::Ready(Some(Ok(message))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    /// The messages as a stream, metadata included.
    pub fn messages(mut self) -> impl Stream<Item = Result<Message, Error>> + Send + 'static {
        stream::poll_fn(move |cx| self.poll_message(cx))
    }

    /// The `app_metadata` beside the batch that the stream gave last.
    pub fn app_metadata(&self) -> Option<&Bytes> {
        self.last_metadata.as_ref()
    }

    /// All batches, in memory.
    ///
    /// # Errors
    ///
    /// Whatever the stream fails with.
    pub async fn read_all(&mut self) -> Result<Vec<RecordBatch>, Error> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await {
            batches.push(batch?);
        }
        Ok(batches)
    }

    /// The schema if it is known, what waits, and what is to come: for the reply.
    pub(crate) fn into_parts(
        self,
    ) -> (
        Option<SchemaRef>,
        StreamOptions,
        BoxStream<'static, Result<Event, Error>>,
    ) {
        let early = stream::iter(
            self.early
                .into_iter()
                .map(|message| Ok(Event::Message(message))),
        );
        (self.schema, self.options, early.chain(self.events).boxed())
    }
}

impl From<RecordBatch> for BatchStream {
    /// A stream of one batch.
    fn from(batch: RecordBatch) -> Self {
        Self::from_batches(batch.schema(), [batch])
    }
}

impl Stream for BatchStream {
    type Item = Result<RecordBatch, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(self.poll_message(cx)) {
                Some(Ok(Message {
                    batch,
                    app_metadata,
                })) => {
                    self.last_metadata = app_metadata;
                    if let Some(batch) = batch {
                        return Poll::Ready(Some(Ok(batch)));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for BatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchStream")
            .field("schema", &self.schema)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

pub(crate) fn total(batches: &[RecordBatch]) -> i64 {
    batches.iter().map(|batch| batch.num_rows() as i64).sum()
}

/// What a stream without a batch ends with when nobody said its schema.
pub(crate) fn no_schema() -> Error {
    Error::internal(
        "the handler's stream has no batch and no schema: say `schema = …` on its attribute, or return a BatchStream",
    )
}
