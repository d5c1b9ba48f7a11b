//! One measured job of our own client with its defaults, in a process of its own: [`flight_benches::job`].

use std::sync::Arc;
use std::time::Duration;

use flight_benches::job::{self, MAX_MESSAGE, Target};
use flight_benches::{DataSet, Failure};
use flight_runtime::prelude::*;
use flight_runtime::{CallOptions, FlightClient};
use futures::stream::{self, TryStreamExt};

#[derive(Clone)]
struct Client(FlightClient);

impl job::Client for Client {
    async fn connect(target: &Target) -> Result<Self, Failure> {
        let port = target.port;
        let builder = match &target.ca {
            None => FlightClient::builder(format!("grpc://127.0.0.1:{port}")),
            Some(ca) => FlightClient::builder(format!("grpc+tls://localhost:{port}"))
                .root_certificates(ca.as_path()),
        };
        let builder = match target.window {
            None => builder,
            Some(window) => builder.initial_stream_window_size(window),
        };
        Ok(Self(builder.max_message_size(MAX_MESSAGE).connect().await?))
    }

    async fn get(&self, ticket: String, pause: Option<Duration>) -> Result<usize, Failure> {
        let mut stream = self.0.do_get(Ticket::new(ticket)).await?;
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
        let results = self.0.do_put(path("drain"), upload(data, repeat)).await?;
        let results = results.read_all().await?;
        let counted = results.first().ok_or("no result")?;
        Ok(counted.app_metadata.to_vec())
    }

    async fn exchange(&self, data: Arc<DataSet>, repeat: usize) -> Result<usize, Failure> {
        let upload = upload(data, repeat);
        let mut stream = self.0.do_exchange(path("echo"), upload).await?;
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
        let client = match timeout {
            None => self.0.clone(),
            Some(timeout) => self.0.with(CallOptions::new().timeout(timeout)),
        };
        let results = client.do_action(Action::new(name, body)).await?;
        let bodies = results.map_ok(|result| result.body.into());
        Ok(bodies.try_collect().await?)
    }
}

fn path(segment: &str) -> FlightDescriptor {
    FlightDescriptor::new_path(vec![segment.to_owned()])
}

fn upload(data: Arc<DataSet>, repeat: usize) -> BatchStream {
    let schema = Arc::clone(&data.schema);
    BatchStream::new(schema, stream::iter(data.repeated(repeat)))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    job::run::<Client>().await
}
