//! The stress test with our own client: no stream of it hangs either, and one that is dropped ends, whatever its upload waits for.
//!
//! The long form is
//!
//! ```text
//! FLIGHT_STRESS_SECONDS=300 cargo test --release -p flight-tests --test stress_client -- --nocapture
//! ```
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "stress/course.rs"]
mod course;
#[path = "stress/service.rs"]
mod service;

use std::time::Duration;

use course::{Batches, Client, Failure, Upload, in_own_server, in_tonic_server};
use flight_runtime::prelude::*;
use flight_runtime::{CallOptions, FlightClient};
use futures::stream::{StreamExt, TryStreamExt};
use service::rows;

#[derive(Clone)]
struct Ours(FlightClient);

fn path(route: &str) -> FlightDescriptor {
    FlightDescriptor::new_path(vec![route.to_owned()])
}

fn upload(batches: Upload) -> BatchStream {
    BatchStream::new(rows(0, 0).schema(), batches)
}

fn batches(stream: BatchStream) -> Batches {
    stream.map_err(Failure::from).boxed()
}

impl Client for Ours {
    const CANCELS_UPLOADS: bool = true;
    const STREAMS_OF_A_CONNECTION: usize = usize::MAX;

    async fn connect(port: u16, kind: usize) -> Self {
        let builder = FlightClient::builder(format!("grpc://127.0.0.1:{port}"));
        let builder = match kind % 4 {
            0 => builder,
            // Little; the connection has room for the streams that are held without being read.
            1 => builder
                .max_frame_size(16 << 10)
                .initial_stream_window_size(65_535)
                .initial_connection_window_size(4 * 65_535),
            // Nothing fits at once.
            2 => builder
                .initial_stream_window_size(700)
                .initial_connection_window_size(70_000),
            // Everything does, and batches go out in slices.
            _ => builder
                .initial_stream_window_size(64 << 20)
                .initial_connection_window_size(256 << 20)
                .max_upload_message_size(5000),
        };
        Self(builder.connect().await.unwrap())
    }

    async fn get(&self, ticket: String) -> Result<Batches, Failure> {
        Ok(batches(self.0.do_get(Ticket::new(ticket)).await?))
    }

    async fn get_within(&self, ticket: String, limit: Duration) -> Result<Batches, Failure> {
        let client = self.0.with(CallOptions::new().timeout(limit));
        Ok(batches(client.do_get(Ticket::new(ticket)).await?))
    }

    async fn put(&self, batches: Upload) -> Result<Vec<Bytes>, Failure> {
        let results = self.0.do_put(path("drain"), upload(batches)).await?;
        let results = results.map_ok(|result| result.app_metadata);
        Ok(results.try_collect().await?)
    }

    async fn exchange(&self, upload_batches: Upload) -> Result<Batches, Failure> {
        let upload = upload(upload_batches);
        Ok(batches(self.0.do_exchange(path("echo"), upload).await?))
    }

    async fn action(&self, body: Vec<u8>) -> Result<Vec<Bytes>, Failure> {
        let results = self.0.do_action(Action::new("echo", body)).await?;
        let results = results.map_ok(|result| result.body);
        Ok(results.try_collect().await?)
    }
}

/// The short form's share of each test.
const SECONDS: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stream_of_our_client_hangs() {
    in_own_server::<Ours>(SECONDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stream_of_our_client_hangs_in_a_tonic_server() {
    in_tonic_server::<Ours>(SECONDS).await;
}
