//! No stream ever hangs: short, half-read, cancelled and concurrent streams on clients of every kind, for a while.
//!
//! Every wait has a limit, every row is counted, and at the end no handler may be left and the server must end. What happens
//! is chosen by a seed, which a failure names. The short form runs with all tests; the long one is
//!
//! ```text
//! FLIGHT_STRESS_SECONDS=300 cargo test --release -p flight-tests --test stress -- --nocapture
//! ```
//!
//! and `FLIGHT_STRESS_SEED=7` chooses another course than the first. `stress_client` is the same with our own client.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "stress/course.rs"]
mod course;
#[path = "stress/service.rs"]
mod service;

use std::time::Duration;

use course::{Batches, Client, Failure, Upload, in_own_server, in_tonic_server};
use flight_runtime::arrow_flight::decode::FlightRecordBatchStream;
use flight_runtime::arrow_flight::encode::FlightDataEncoderBuilder;
use flight_runtime::arrow_flight::error::FlightError;
use flight_runtime::arrow_flight::flight_service_client::FlightServiceClient;
use flight_runtime::arrow_flight::{FlightClient, FlightData};
use flight_runtime::prelude::*;
use flight_runtime::tonic::Request;
use flight_runtime::tonic::transport::{Channel, Endpoint};
use futures::stream::{Stream, StreamExt, TryStreamExt};
use service::rows;

/// arrow-flight's client.
#[derive(Clone)]
struct ArrowFlight(FlightServiceClient<Channel>);

impl ArrowFlight {
    fn flight(&self) -> FlightClient {
        FlightClient::new_from_inner(self.0.clone())
    }
}

fn upload(
    route: &str,
    batches: Upload,
) -> impl Stream<Item = Result<FlightData, FlightError>> + Send + use<> {
    FlightDataEncoderBuilder::new()
        .with_schema(rows(0, 0).schema())
        .with_flight_descriptor(Some(FlightDescriptor::new_path(vec![route.to_owned()])))
        .build(batches.map(Ok))
}

fn batches(stream: FlightRecordBatchStream) -> Batches {
    stream.map_err(Failure::from).boxed()
}

impl Client for ArrowFlight {
    /// hyper's client goes on with an upload whose answer was dropped.
    const CANCELS_UPLOADS: bool = false;
    const STREAMS_OF_A_CONNECTION: usize = 500;

    async fn connect(port: u16, kind: usize) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap();
        let endpoint = match kind % 4 {
            // Rust's: frames of 16 KiB, windows of 64 KiB. As Go's.
            0 => endpoint,
            // C++'s: frames and windows of megabytes.
            1 => {
                let windows = endpoint.initial_stream_window_size(4 << 20);
                windows.initial_connection_window_size(8 << 20)
            }
            // Nothing fits at once.
            2 => {
                let windows = endpoint.initial_stream_window_size(700);
                windows.initial_connection_window_size(70_000)
            }
            _ => endpoint.http2_adaptive_window(true),
        };
        let service = FlightServiceClient::new(endpoint.connect().await.unwrap());
        Self(service.max_decoding_message_size(64 << 20))
    }

    async fn get(&self, ticket: String) -> Result<Batches, Failure> {
        let stream = self.flight().do_get(Ticket::new(ticket)).await?;
        Ok(batches(stream))
    }

    async fn get_within(&self, ticket: String, limit: Duration) -> Result<Batches, Failure> {
        let mut request = Request::new(Ticket::new(ticket));
        request.set_timeout(limit);
        let data = self.0.clone().do_get(request).await?.into_inner();
        let data = data.map_err(FlightError::from);
        Ok(batches(FlightRecordBatchStream::new_from_flight_data(data)))
    }

    async fn put(&self, batches: Upload) -> Result<Vec<Bytes>, Failure> {
        let results = self.flight().do_put(upload("drain", batches)).await?;
        let results = results.map_ok(|result| result.app_metadata);
        Ok(results.try_collect().await?)
    }

    async fn exchange(&self, upload_batches: Upload) -> Result<Batches, Failure> {
        let upload = upload("echo", upload_batches);
        Ok(batches(self.flight().do_exchange(upload).await?))
    }

    async fn action(&self, body: Vec<u8>) -> Result<Vec<Bytes>, Failure> {
        let results = self.flight().do_action(Action::new("echo", body)).await?;
        Ok(results.try_collect().await?)
    }
}

/// The short form's share of each test.
const SECONDS: u64 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stream_hangs() {
    in_own_server::<ArrowFlight>(SECONDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stream_hangs_in_a_tonic_server() {
    in_tonic_server::<ArrowFlight>(SECONDS).await;
}
