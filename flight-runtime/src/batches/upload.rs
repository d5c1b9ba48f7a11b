//! [`Upload`]: what a client sends in a DoPut or DoExchange, behind its descriptor.

use std::fmt;

use arrow::datatypes::SchemaRef;
use futures::stream::{self, StreamExt};

use super::{BatchStream, Message};
use crate::Error;
use crate::wire::cut::RequestBody;
use crate::wire::decode::{BatchDecoder, Decoded};
use crate::wire::flight_data::{FlightDataReader, Inbound};

/// What flows through a stream.
#[derive(Debug)]
pub(crate) enum Event {
    Schema(SchemaRef),
    Message(Message),
}

/// An upload whose first message has been read for its descriptor.
pub(crate) struct Upload {
    reader: FlightDataReader<RequestBody>,
    decoder: BatchDecoder,
    first: Option<Inbound>,
}

impl Upload {
    pub(crate) fn new(
        reader: FlightDataReader<RequestBody>,
        decoder: BatchDecoder,
        first: Inbound,
    ) -> Self {
        Self {
            reader,
            decoder,
            first: Some(first),
        }
    }

    async fn next(&mut self) -> Option<Result<Event, Error>> {
        loop {
            let inbound = match self.first.take() {
                Some(first) => first,
                None => match self.reader.next().await {
                    Ok(Some(inbound)) => inbound,
                    Ok(None) => return None,
                    Err(error) => return Some(Err(error.into())),
                },
            };
            let app_metadata = inbound.app_metadata.clone();
            return Some(Ok(match self.decoder.decode(&inbound) {
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
                Ok(Decoded::Batch(batch)) => Event::Message(Message {
                    batch: Some(batch),
                    app_metadata,
                }),
                Ok(Decoded::None) if app_metadata.is_some() => Event::Message(Message {
                    batch: None,
                    app_metadata,
                }),
                // A dictionary, or a first message that held only the descriptor.
                Ok(Decoded::Dictionary | Decoded::None) => continue,
                Err(error) => return Some(Err(error.into())),
            }));
        }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}

impl From<Box<Upload>> for BatchStream {
    fn from(upload: Box<Upload>) -> Self {
        // After an error nothing follows: the parser has lost its place.
        let events = stream::unfold(Some(upload), |upload| async move {
            let mut upload = upload?;
            let event = upload.next().await?;
            let rest = event.is_ok().then_some(upload);
            Some((event, rest))
        });
        BatchStream::from_events(None, events.boxed())
    }
}
