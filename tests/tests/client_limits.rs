//! Limits of our client against a real server: sizes, time, and servers that go away or stop.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Running, within};
use flight_runtime::arrow::array::Int64Array;
use flight_runtime::prelude::*;
use flight_runtime::{CallOptions, Code, FlightClient};
use flight_tests::{Options, builder};
use futures::stream::{self, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

async fn client(running: &Running) -> FlightClient {
    let client = FlightClient::connect(running.0.location().clone());
    client.await.unwrap()
}

fn limited(milliseconds: u64) -> CallOptions {
    CallOptions::new().timeout(Duration::from_millis(milliseconds))
}

fn path(segments: &[&str]) -> FlightDescriptor {
    FlightDescriptor::new_path(segments.iter().map(|&segment| segment.to_owned()).collect())
}

fn rows(count: i64) -> RecordBatch {
    let column = Int64Array::from_iter_values(0..count);
    RecordBatch::try_from_iter([("n", Arc::new(column) as _)]).unwrap()
}

fn endless(count: i64) -> BatchStream {
    let batch = rows(count);
    BatchStream::new(batch.schema(), stream::repeat(batch))
}

/// What a handler wrote down under this name, once it has.
async fn seen(client: &FlightClient, name: &str) -> Value {
    let results = client.do_action(Action::new("seen", name.to_owned()));
    let results = results.await.unwrap().read_all().await.unwrap();
    serde_json::from_slice(&results[0].body).unwrap()
}

/// Reads a download to its end, which is an error.
async fn fails(mut rows: BatchStream) -> Error {
    loop {
        match rows.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a clean end"),
            Err(error) => return error,
        }
    }
}

#[tokio::test]
async fn a_message_above_the_limit_is_refused_and_the_limit_named() {
    within(async {
        let running = Running::everything().await;
        let builder = FlightClient::builder(running.0.location().clone());
        let client = builder.max_message_size(100_000).connect().await.unwrap();
        let error = match client.do_get(Ticket::new("megabytes/1")).await {
            Ok(rows) => fails(rows).await,
            Err(error) => error,
        };
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert!(error.message().contains("`max_message_size`"), "{error}");

        let big = Action::new("bytes", vec![7; 200_000]);
        let results = client.do_action(big).await.unwrap();
        let error = results.read_all().await.unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert!(error.message().contains("`max_message_size`"), "{error}");
        // The connection is as good as before.
        let small = client.do_action(Action::new("bytes", "x")).await.unwrap();
        assert_eq!(small.read_all().await.unwrap()[0].body, "x");
    })
    .await;
}

#[tokio::test]
async fn uploads_are_cut_to_what_the_server_takes() {
    within(async {
        let options = Options {
            max_message_size: Some(70_000),
            ..Options::default()
        };
        let running = Running::of(builder(&options)).await;
        let upload = || BatchStream::from_batches(rows(0).schema(), [rows(50_000)]);
        let builder = FlightClient::builder(running.0.location().clone());
        let client = builder.max_upload_message_size(60_000);
        let client = client.connect().await.unwrap();
        let results = client.do_put(path(&["uploads", "cut"]), upload()).await;
        let results = results.unwrap().read_all().await.unwrap();
        let seen: Value = serde_json::from_slice(&results[0].app_metadata).unwrap();
        assert_eq!(seen["rows"], 50_000);
        assert!(seen["batches"].as_u64().unwrap() >= 6, "{seen}");

        let client = FlightClient::connect(running.0.location().clone());
        let client = client.await.unwrap();
        let results = client.do_put(path(&["uploads", "whole"]), upload()).await;
        let results = results.unwrap().read_all().await.unwrap();
        let seen: Value = serde_json::from_slice(&results[0].app_metadata).unwrap();
        let end = seen["end"].as_str().unwrap();
        assert!(end.starts_with("ResourceExhausted"), "{end}");
    })
    .await;
}

#[tokio::test]
async fn a_time_limit_ends_a_call_that_has_not_begun_and_one_that_has() {
    within(async {
        let running = Running::everything().await;
        let client = client(&running).await;
        let quick = client.with(limited(150));
        let error = quick.do_action(Action::new("wait-for-ever", "deadline"));
        assert_eq!(error.await.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(seen(&client, "deadline").await["end"], "dropped");

        let rows = quick.do_get(Ticket::new("stalls/within")).await.unwrap();
        assert_eq!(fails(rows).await.code(), Code::DeadlineExceeded);
        assert_eq!(seen(&client, "within").await["end"], "dropped");

        let rows = quick.do_get(Ticket::new("endless/busy")).await.unwrap();
        assert_eq!(fails(rows).await.code(), Code::DeadlineExceeded);

        // Another call is not concerned.
        let rows = client.do_get(Ticket::new("shards/1")).await.unwrap();
        assert_eq!({ rows }.read_all().await.unwrap()[0].num_rows(), 10);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_limit_ends_an_upload_that_the_server_takes_as_fast_as_it_comes() {
    within(async {
        let running = Running::everything().await;
        let client = client(&running).await;
        for count in [1, 1000, 200_000] {
            let began = Instant::now();
            let quick = client.with(limited(300));
            let results = quick.do_put(path(&["uploads", "fast"]), endless(count));
            let error = results.await.unwrap().read_all().await.unwrap_err();
            assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
            assert!(began.elapsed() < Duration::from_secs(3), "{count} rows");
        }
    })
    .await;
}

/// Batches that take their time, without a pause in which anything else could happen.
fn computed() -> BatchStream {
    let batches = stream::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(1));
        rows(10)
    });
    // Limited, so that a test that fails ends.
    BatchStream::new(rows(0).schema(), batches.take(8000))
}

async fn an_upload_that_is_computed_on_the_spot_is_ended() {
    let running = Running::everything().await;
    let client = client(&running).await;
    let began = Instant::now();
    let quick = client.with(limited(300));
    let results = quick.do_put(path(&["uploads", "computed"]), computed());
    let error = results.await.unwrap().read_all().await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
    // By the server too, whose answer has no part in how fast batches are made.
    let error = client.do_put(path(&["no", "such", "route"]), computed());
    let error = error.await.unwrap().read_all().await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound, "{error}");
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_never_waits_does_not_go_past_its_end() {
    within(an_upload_that_is_computed_on_the_spot_is_ended()).await;
}

#[tokio::test]
async fn an_upload_that_never_waits_does_not_go_past_its_end_on_one_thread() {
    within(an_upload_that_is_computed_on_the_spot_is_ended()).await;
}

#[tokio::test]
async fn a_socket_of_unix_is_a_location() {
    within(async {
        let path = std::env::temp_dir().join(format!("flight-client-{}", std::process::id()));
        let location = Location::unix(&path);
        let options = Options {
            location: Some(location.to_string()),
            ..Options::default()
        };
        let nobody = FlightClient::connect(location.clone()).await.unwrap_err();
        assert_eq!(nobody.code(), Code::Unavailable);
        let said = nobody.message().contains(location.as_str());
        assert!(said, "{nobody}");

        let _running = Running::of(builder(&options)).await;
        let client = FlightClient::connect(location).await.unwrap();
        let mut rows = client.do_get(Ticket::new("megabytes/3")).await.unwrap();
        let batches = rows.read_all().await.unwrap();
        let total: usize = batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(total, 3_000_000 / 8);
    })
    .await;
}

/// The service under test in a process of its own, ended with this value.
struct Service {
    process: Child,
    location: String,
}

impl Service {
    async fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_service"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("where it listens");
        let line: Value = serde_json::from_str(&line).unwrap();
        let location = line["location"].as_str().unwrap().to_owned();
        Self { process, location }
    }

    /// Takes the processor away from it: its sockets stay.
    async fn stop(&self) {
        let pid = self.process.id().unwrap().to_string();
        let stopped = Command::new("kill").args(["-STOP", &pid]).status().await;
        assert!(stopped.unwrap().success());
    }
}

#[tokio::test]
async fn a_server_that_dies_ends_its_calls_with_unavailable() {
    within(async {
        let mut service = Service::start().await;
        let client = FlightClient::connect(service.location.as_str());
        let client = client.await.unwrap();
        let mut rows = client.do_get(Ticket::new("stalls/dies")).await.unwrap();
        assert_eq!(rows.try_next().await.unwrap().unwrap().num_rows(), 10);
        let upload = client.do_put(path(&["uploads", "dies"]), endless(10));
        let upload = tokio::spawn(upload.await.unwrap().read_all());
        service.process.kill().await.unwrap();
        for error in [fails(rows).await, upload.await.unwrap().unwrap_err()] {
            assert_eq!(error.code(), Code::Unavailable, "{error}");
            assert!(error.message().contains(&service.location), "{error}");
        }
        let error = client.list_actions().await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{error}");
    })
    .await;
}

#[tokio::test]
async fn keep_alive_notices_a_server_that_is_stopped_and_leaves_one_that_is_slow() {
    within(async {
        let service = Service::start().await;
        let builder = FlightClient::builder(service.location.as_str());
        let client = builder
            .http2_keepalive_interval(Duration::from_millis(100))
            .http2_keepalive_timeout(Duration::from_millis(700));
        let client = client.connect().await.unwrap();
        // Many pings long.
        let quick = client.with(limited(1500));
        let rows = quick.do_get(Ticket::new("stalls/slow")).await.unwrap();
        assert_eq!(fails(rows).await.code(), Code::DeadlineExceeded);

        let rows = client.do_get(Ticket::new("stalls/stopped")).await.unwrap();
        // A client that has nothing but its upload must notice too: what it sends fills the sockets, and then waits.
        let upload = client.do_put(path(&["uploads", "stopped"]), endless(10_000));
        let upload = tokio::spawn(upload.await.unwrap().read_all());
        service.stop().await;
        let began = Instant::now();
        for error in [fails(rows).await, upload.await.unwrap().unwrap_err()] {
            assert_eq!(error.code(), Code::Unavailable, "{error}");
            assert!(error.message().contains("does not answer pings"), "{error}");
        }
        assert!(began.elapsed() < Duration::from_secs(10));
    })
    .await;
}

#[tokio::test]
async fn keep_alive_goes_on_for_a_download_whose_client_is_gone() {
    within(async {
        let service = Service::start().await;
        let builder = FlightClient::builder(service.location.as_str());
        let client = builder
            .http2_keepalive_interval(Duration::from_millis(100))
            .http2_keepalive_timeout(Duration::from_millis(300));
        let client = client.connect().await.unwrap();
        let rows = client.do_get(Ticket::new("stalls/left")).await.unwrap();
        drop(client);
        service.stop().await;
        let error = fails(rows).await;
        assert!(error.message().contains("does not answer pings"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn settings_out_of_range_are_refused() {
    let place = || FlightClient::builder("grpc://localhost:1");
    for (client, said) in [
        (place().max_frame_size(100), "max_frame_size"),
        (place().max_frame_size(1 << 24), "max_frame_size"),
        (
            place().initial_stream_window_size(1 << 31),
            "initial_stream_window_size",
        ),
        (
            place().initial_connection_window_size(1000),
            "initial_connection_window_size",
        ),
        (
            place().http2_keepalive_interval(Duration::ZERO),
            "http2_keepalive_interval",
        ),
    ] {
        let error = client.connect_lazy().unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains(said), "{error}");
    }
}
