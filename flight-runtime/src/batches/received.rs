//! [`Received`]: what the other side sends, a client in an upload or a server in its answer.

use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Buf;
use futures::stream::{self, Stream, StreamExt};
use http_body::Body;
use tokio::task::coop::consume_budget;
use tokio::task::spawn_blocking;

use super::{BatchStream, Message};
use crate::Error;
use crate::limits::reached;
use crate::wire::cut::RequestBody;
use crate::wire::decode::{BatchDecoder, Decoded};
use crate::wire::error::WireError;
use crate::wire::flight_data::{FlightDataReader, Inbound};

/// What flows through a stream.
#[derive(Debug)]
pub(crate) enum Event {
    Schema(SchemaRef),
    Message(Message),
}

/// A client's upload, whose first message has been read for its descriptor.
pub(crate) type Upload = Received<RequestBody>;

/// Messages that arrive, in order.
pub(crate) struct Received<B> {
    reader: FlightDataReader<B>,
    /// Not there while a blocking thread has it.
    decoder: Option<BatchDecoder>,
    first: Option<Inbound>,
    /// Whose fault it is when they cannot be read.
    fault: fn(WireError) -> Error,
    /// How many rows more may come, of how many.
    rows: Option<(u64, u64)>,
}

impl<B> Received<B>
where
    B: Body<Data: Buf, Error: Into<WireError>> + Unpin,
{
    /// With a `first` message that was read before.
    pub(crate) fn new(
        reader: FlightDataReader<B>,
        decoder: BatchDecoder,
        first: Option<Inbound>,
        fault: fn(WireError) -> Error,
    ) -> Self {
        Self {
            reader,
            decoder: Some(decoder),
            first,
            fault,
            rows: None,
        }
    }

    /// The same of at most so many rows.
    pub(crate) fn at_most(mut self, rows: Option<u64>) -> Self {
        self.rows = rows.map(|rows| (rows, rows));
        self
    }

    fn count(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let Some((left, limit)) = &mut self.rows else {
            return Ok(());
        };
        match left.checked_sub(batch.num_rows() as u64) {
            Some(rest) => {
                *left = rest;
                Ok(())
            }
            None => Err(reached(
                "the upload has too many rows",
                "max_upload_rows",
                limit,
            )),
        }
    }

    async fn next(&mut self) -> Option<Result<Event, Error>> {
        loop {
            let inbound = match self.first.take() {
                Some(first) => first,
                None => match self.reader.next().await {
                    Ok(Some(inbound)) => inbound,
                    Ok(None) => return None,
                    Err(error) => return Some(Err((self.fault)(error))),
                },
            };
            let app_metadata = inbound.app_metadata.clone();
            return Some(Ok(match self.decode(inbound).await {
                Ok(Decoded::Schema(schema)) => {
                    // Metadata beside the schema is a message too, and must not get lost.
                    if let Some(app_metadata) = app_metadata {
                        self.first = Some(Inbound {
                            app_metadata: Some(app_metadata),
                            ..Inbound::default()
                        });
                    }
                    Event::Schema(schema)
                }
                Ok(Decoded::Batch(batch)) => {
                    if let Err(error) = self.count(&batch) {
                        return Some(Err(error));
                    }
                    Event::Message(Message {
                        batch: Some(batch),
                        app_metadata,
                    })
                }
                Ok(Decoded::None) if app_metadata.is_some() => Event::Message(Message {
                    batch: None,
                    app_metadata,
                }),
                // A dictionary, or a first message that held only the descriptor. One chunk may hold thousands, and others are to have their turn.
                Ok(Decoded::Dictionary | Decoded::None) => {
                    consume_budget().await;
                    continue;
                }
                Err(error) => return Some(Err(error)),
            }));
        }
    }

    /// Decompression is done on a blocking thread, and so are copies of dictionaries: they take as long as thousands of other steps of a connection.
    async fn decode(&mut self, inbound: Inbound) -> Result<Decoded, Error> {
        let lost = || Error::internal("the decoder of a stream that was given up");
        let decoder = self.decoder.as_mut().ok_or_else(lost)?;
        if let Some(decoded) = decoder.decode_if_light(&inbound).map_err(self.fault)? {
            return Ok(decoded);
        }
        let mut decoder = self.decoder.take().ok_or_else(lost)?;
        let work = spawn_blocking(move || {
            let decoded = decoder.decode(&inbound);
            (decoder, decoded)
        });
        let (decoder, decoded) = work
            .await
            .map_err(|stopped| match stopped.try_into_panic() {
                Ok(panic) => Error::panicked(&*panic),
                Err(_) => Error::unavailable("the runtime is stopping"),
            })?;
        self.decoder = Some(decoder);
        decoded.map_err(self.fault)
    }
}

impl<B> fmt::Debug for Received<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").finish_non_exhaustive()
    }
}

impl<B> Received<B>
where
    B: Body<Data: Buf + Send, Error: Into<WireError>> + Unpin + Send + 'static,
{
    /// As handlers and users of a client see it.
    pub(crate) fn into_stream(self: Box<Self>) -> BatchStream {
        BatchStream::from_events(None, self.into_events().boxed())
    }

    /// What comes, in order.
    pub(crate) fn into_events(self: Box<Self>) -> impl Stream<Item = Result<Event, Error>> + Send {
        // After an error nothing follows: the parser has lost its place.
        stream::unfold(Some(self), |received| async move {
            let mut received = received?;
            let event = received.next().await?;
            let rest = event.is_ok().then_some(received);
            Some((event, rest))
        })
    }
}
