//! One measured job of arrow-flight's own client, in a process of its own: [`flight_benches::job`].

use std::sync::Arc;
use std::time::Duration;

use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::{Action, FlightClient, FlightData, FlightDescriptor, Ticket};
use flight_benches::job::{self, MAX_MESSAGE, Target};
use flight_benches::{DataSet, Failure};
use futures::stream::{self, Stream, TryStreamExt};
use tonic::IntoRequest;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

#[derive(Clone)]
struct Client(FlightServiceClient<Channel>);

impl Client {
    fn flight(&self) -> FlightClient {
        FlightClient::new_from_inner(self.0.clone())
    }
}

impl job::Client for Client {
    async fn connect(target: &Target) -> Result<Self, Failure> {
        let port = target.port;
        let endpoint = match &target.ca {
            None => Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?,
            Some(ca) => {
                let ca = Certificate::from_pem(std::fs::read(ca)?);
                let tls = ClientTlsConfig::new()
                    .ca_certificate(ca)
                    .domain_name("localhost");
                Endpoint::from_shared(format!("https://127.0.0.1:{port}"))?.tls_config(tls)?
            }
        };
        let service = FlightServiceClient::new(endpoint.connect().await?);
        Ok(Self(
            service
                .max_decoding_message_size(MAX_MESSAGE)
                .max_encoding_message_size(MAX_MESSAGE),
        ))
    }

    async fn get(&self, ticket: String, pause: Option<Duration>) -> Result<usize, Failure> {
        let mut stream = self.flight().do_get(Ticket::new(ticket)).await?;
        let mut rows = 0;
        while let Some(batch) = stream.try_next().await? {
            rows += batch.num_rows();
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(rows)
    }

    async fn put(&self, data: Arc<DataSet>, repeat: usize) -> Result<Vec<u8>, Failure> {
        let results = self.flight().do_put(upload(data, repeat, "drain")).await?;
        let results: Vec<_> = results.try_collect().await?;
        let counted = results.first().ok_or("no result")?;
        Ok(counted.app_metadata.to_vec())
    }

    async fn exchange(&self, data: Arc<DataSet>, repeat: usize) -> Result<usize, Failure> {
        let upload = upload(data, repeat, "echo");
        let mut stream = self.flight().do_exchange(upload).await?;
        let mut rows = 0;
        while let Some(batch) = stream.try_next().await? {
            rows += batch.num_rows();
        }
        Ok(rows)
    }

    async fn action(
        &self,
        name: &str,
        body: Vec<u8>,
        timeout: Option<Duration>,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let mut action = Action::new(name, body).into_request();
        if let Some(timeout) = timeout {
            action.set_timeout(timeout);
        }
        let results = self.0.clone().do_action(action).await?.into_inner();
        let bodies = results.map_ok(|result| result.body.into());
        Ok(bodies.try_collect().await?)
    }
}

/// Batches as an upload for the descriptor.
fn upload(
    data: Arc<DataSet>,
    repeat: usize,
    segment: &str,
) -> impl Stream<Item = Result<FlightData, FlightError>> + Send + 'static {
    let schema = Arc::clone(&data.schema);
    FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .with_flight_descriptor(Some(FlightDescriptor::new_path(vec![segment.to_owned()])))
        .build(stream::iter(data.repeated(repeat).map(Ok)))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    job::run::<Client>().await
}
