//! Flights of several endpoints, read as one stream.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow_flight::{FlightDescriptor, FlightEndpoint, FlightInfo};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::FlightClient;
use super::channel::Channel;
use crate::Error;
use crate::batches::BatchStream;
use crate::location::Location;

/// "The same connection that the FlightInfo came from" (Flight.proto, `Location`).
const REUSE_CONNECTION: &str = "arrow-flight-reuse-connection://?";

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

    /// Reads the endpoints of a flight as one stream, several at once ([`endpoints_at_once`](super::FlightClientBuilder::endpoints_at_once)).
    ///
    /// Of an `ordered` flight the batches come in the order of the endpoints, those behind the first being opened ahead. Otherwise they come as
    /// they arrive.
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
        let at_once = self.shared.settings.endpoints_at_once;
        let client = self.clone();
        let mut opening = stream::iter(info.endpoint.clone()).map(move |endpoint| {
            let client = client.clone();
            async move { client.open(endpoint).await }
        });
        let schema = match info.schema.is_empty() {
            false => Arc::new(Schema::try_from(info.clone()).map_err(|error| {
                Error::internal(format!("the flight's schema cannot be read: {error}"))
            })?),
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
                return Ok(joined(all, schema, info.ordered, at_once));
            }
        };
        Ok(joined(opening, schema, info.ordered, at_once))
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
                uri => self.channel_to(uri.into()).await,
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

    async fn channel_to(&self, location: Location) -> Result<Arc<Channel>, Error> {
        if location == *self.channel.location() {
            return Ok(Arc::clone(&self.channel));
        }
        let mut others = self.shared.others.lock().await;
        if let Some(channel) = others.get(&location) {
            return Ok(Arc::clone(channel));
        }
        let channel = self.shared.settings.channel(location.clone())?;
        if self.channel.is_tls() && !channel.is_tls() {
            return Err(Error::invalid_argument(format!(
                "the flight's location `{location}` is in plain text, and this client speaks TLS: it does not follow"
            )));
        }
        let channel = Arc::new(channel);
        others.insert(location, Arc::clone(&channel));
        Ok(channel)
    }
}

/// The streams as one.
fn joined<S, F>(opening: S, schema: SchemaRef, ordered: bool, at_once: usize) -> BatchStream
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
            match of.fields() == schema.fields() {
                true => Ok(stream.messages()),
                false => Err(Error::internal(format!(
                    "an endpoint has not the flight's schema: it has {:?}, the flight {:?}",
                    schema.fields(),
                    of.fields()
                ))),
            }
        }
    });
    match ordered {
        true => BatchStream::new(schema, checked.buffered(at_once).try_flatten()),
        false => BatchStream::new(
            schema,
            checked
                .buffer_unordered(at_once)
                .try_flatten_unordered(at_once),
        ),
    }
}
