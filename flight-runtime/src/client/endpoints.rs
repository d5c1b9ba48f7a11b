//! Flights of several endpoints, read as one stream.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow_flight::{FlightDescriptor, FlightEndpoint, FlightInfo};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::FlightClient;
use super::answer::fault;
use super::channel::Channel;
use super::tls::Connector;
use crate::Error;
use crate::batches::BatchStream;
use crate::location::Location;
use crate::wire::decode::read_schema;
use crate::wire::matching::same_columns;

/// "The same connection that the FlightInfo came from" (Flight.proto, `Location`).
const REUSE_CONNECTION: &str = "arrow-flight-reuse-connection://?";

/// How many endpoints are read at once, unless told.
const AT_ONCE: usize = 8;
/// With so many channels, those that nothing uses are forgotten before there is another: addresses of workers come and go.
const KEPT: usize = 64;

/// Other places that endpoints have named.
pub(super) struct Others {
    channels: HashMap<Location, Arc<Channel>>,
    connector: Option<Connector>,
}

impl Others {
    pub(super) fn new(connector: Option<Connector>) -> Self {
        Self {
            channels: HashMap::new(),
            connector,
        }
    }
}

impl FlightClient {
    /// Downloads a flight whole: asks for its endpoints and reads them as one stream, as [`read_endpoints`](Self::read_endpoints) does.
    ///
    /// # Errors
    ///
    /// What the server answers; UNAVAILABLE when it cannot be reached.
    pub async fn read(
        &self,
        descriptor: impl Into<FlightDescriptor>,
    ) -> Result<BatchStream, Error> {
        let info = self.get_flight_info(descriptor).await?;
        self.read_endpoints(&info).await
    }

    /// Reads the endpoints of a flight as one stream: several at once, and their batches come as they arrive. Those of an `ordered` flight come one
    /// after the other, in its order ([`endpoints_at_once`](super::FlightClientBuilder::endpoints_at_once)).
    ///
    /// An endpoint without locations, or with the location `arrow-flight-reuse-connection://?`, is read from this server; another from the first of
    /// its locations that can be reached, with the settings and options of this client, tokens included. So a client that speaks TLS does not follow
    /// a location in plain text.
    ///
    /// # Errors
    ///
    /// UNAVAILABLE when no location of an endpoint can be reached, INVALID_ARGUMENT when a location cannot be followed, INTERNAL when endpoints
    /// differ in their schema, and what the servers answer.
    pub async fn read_endpoints(&self, info: &FlightInfo) -> Result<BatchStream, Error> {
        let said = self.shared.settings.endpoints_at_once;
        let order = match info.ordered {
            true => Order::Kept {
                opened: said.unwrap_or(1),
            },
            false => Order::None {
                read: said.unwrap_or(AT_ONCE),
            },
        };
        let client = self.clone();
        let mut opening = stream::iter(info.endpoint.clone()).map(move |endpoint| {
            let client = client.clone();
            async move { client.open(endpoint).await }
        });
        let schema = match info.schema.is_empty() {
            false => {
                let schema = read_schema(&info.schema).map_err(fault);
                Arc::new(schema.map_err(|error| error.context("the flight's schema"))?)
            }
            true => {
                // The first endpoint says it; an endpoint that is opened twice would be read twice.
                let Some(first) = opening.next().await else {
                    return Err(Error::invalid_argument(
                        "the flight has no endpoint and no schema: there is nothing to read",
                    ));
                };
                let mut first = first.await?;
                let schema = first.schema().await?;
                let rest = opening.map(futures::future::Either::Right);
                let first = futures::future::Either::Left(std::future::ready(Ok(first)));
                let all = stream::iter([first]).chain(rest);
                return Ok(joined(all, schema, order));
            }
        };
        Ok(joined(opening, schema, order))
    }

    async fn open(&self, endpoint: FlightEndpoint) -> Result<BatchStream, Error> {
        let ticket = endpoint
            .ticket
            .ok_or_else(|| Error::invalid_argument("an endpoint of the flight has no ticket"))?;
        if endpoint.location.is_empty() {
            return self.do_get(ticket).await;
        }
        let mut last = None;
        for location in endpoint.location {
            let channel = match location.uri.as_str() {
                REUSE_CONNECTION => Ok(Arc::clone(&self.channel)),
                uri => self.channel_to(uri.into()),
            };
            let error = match channel {
                Ok(channel) => {
                    let there = Self {
                        channel,
                        ..self.clone()
                    };
                    match there.do_get(ticket.clone()).await {
                        Err(error) if error.code() == crate::Code::Unavailable => error,
                        answered => return answered,
                    }
                }
                Err(error) => error,
            };
            last = Some(error);
        }
        Err(last.unwrap_or_else(|| Error::unavailable("the endpoint has no location")))
    }

    fn channel_to(&self, location: Location) -> Result<Arc<Channel>, Error> {
        if location == *self.channel.location() {
            return Ok(Arc::clone(&self.channel));
        }
        let others = self.shared.others.lock();
        let others = &mut *others.unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = others.channels.get(&location) {
            return Ok(Arc::clone(channel));
        }
        let settings = &self.shared.settings;
        let channel = settings.channel(location.clone(), &mut others.connector)?;
        if self.channel.is_tls() && !channel.is_tls() {
            return Err(Error::invalid_argument(format!(
                "the flight's location `{location}` is in plain text, and this client speaks TLS: it does not follow"
            )));
        }
        let channel = Arc::new(channel);
        if others.channels.len() >= KEPT {
            others
                .channels
                .retain(|_, channel| Arc::strong_count(channel) > 1);
        }
        others.channels.insert(location, Arc::clone(&channel));
        Ok(channel)
    }
}

/// How endpoints are read.
enum Order {
    /// One after the other, with so many open.
    Kept { opened: usize },
    /// So many at the same time.
    None { read: usize },
}

/// The streams as one.
fn joined<S, F>(opening: S, schema: SchemaRef, order: Order) -> BatchStream
where
    S: stream::Stream<Item = F> + Send + 'static,
    F: Future<Output = Result<BatchStream, Error>> + Send + 'static,
{
    let of = SchemaRef::clone(&schema);
    let checked = opening.map(move |stream| {
        let of = SchemaRef::clone(&of);
        async move {
            let mut stream = stream.await?;
            let schema = stream.schema().await?;
            match same_columns(&of, &schema) {
                true => Ok(stream.messages()),
                false => Err(Error::internal(format!(
                    "an endpoint has not the flight's schema: it has {:?}, the flight {:?}",
                    schema.fields(),
                    of.fields()
                ))),
            }
        }
    });
    match order {
        Order::Kept { opened } => BatchStream::new(schema, checked.buffered(opened).try_flatten()),
        Order::None { read } => {
            let streams = checked.map(|stream| stream::once(stream).try_flatten().boxed());
            BatchStream::new(schema, streams.flatten_unordered(read))
        }
    }
}
