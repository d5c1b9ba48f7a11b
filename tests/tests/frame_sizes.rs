//! Frames of any size that a peer allows: none is larger, and what is in them is the same.
//!
//! HTTP/2 makes frames here that are larger than most peers take, and they are cut on their way (`flight-runtime/src/wire/frames.rs`). h2's own
//! client ends a connection whose frames are too large, or whose headers are not one behind the other.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod frames;

use std::sync::Arc;

use common::{Running, within};
use flight_runtime::FlightClient;
use flight_runtime::arrow::array::{AsArray, Int64Array};
use flight_runtime::arrow::datatypes::Int64Type;
use flight_runtime::arrow_flight::FlightDescriptor;
use flight_runtime::bytes::Bytes;
use flight_runtime::http::{HeaderMap, Request};
use flight_runtime::prelude::*;
use frames::{DATA, END_HEADERS, How, Raw, frame, proto, settings, unary, window_update};
use tokio::net::TcpStream;

const MAX_FRAME_SIZE: u16 = 5;
const SIZES: [u32; 6] = [
    16_384,
    16_385,
    100_000,
    (256 << 10) - 1,
    256 << 10,
    (1 << 24) - 1,
];

struct Wide;

fn body() -> Bytes {
    (0..2_000_000u32).map(|n| (n % 251) as u8).collect()
}

/// A multiple of each number.
fn numbers(times: i64) -> RecordBatch {
    let column = Int64Array::from_iter_values((0..50_000).map(|row| times * row));
    RecordBatch::try_from_iter([("n", Arc::new(column) as _)]).unwrap()
}

fn value(what: &str, number: usize) -> String {
    format!("{what}-{number}-{}", "x".repeat(9_000))
}

#[flight_server]
impl Wide {
    /// Headers, a result and trailers, each larger than a frame.
    #[action("wide")]
    async fn wide(&self, context: CallContext) -> Result<Bytes, Error> {
        for number in 0..8 {
            context.add_header(&format!("x-head-{number}"), value("head", number))?;
            context.add_trailer(&format!("x-tail-{number}"), value("tail", number))?;
        }
        Ok(body())
    }

    /// The sum of a column.
    #[do_put("sum")]
    async fn sum(&self, mut rows: BatchStream) -> Result<String, Error> {
        let mut sum = 0;
        while let Some(batch) = rows.try_next().await? {
            let column = batch.column(0).as_primitive::<Int64Type>();
            sum += column.values().iter().sum::<i64>();
        }
        Ok(sum.to_string())
    }
}

async fn server() -> Running {
    Running::of(FlightServer::builder(Wide).location("grpc://127.0.0.1:0")).await
}

fn check(headers: &HeaderMap, what: &str) {
    for number in 0..8 {
        assert_eq!(headers[&format!("x-{what}-{number}")], value(what, number));
    }
}

/// Calls with a client of these frames; the result as the server sent it.
async fn call(server: &Running, max_frame_size: u32) -> Vec<u8> {
    let socket = TcpStream::connect(("127.0.0.1", server.0.port()));
    let (sender, connection) = h2::client::Builder::new()
        .max_frame_size(max_frame_size)
        .initial_window_size(300_000)
        .initial_connection_window_size(1 << 20)
        .handshake::<_, Bytes>(socket.await.unwrap())
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let mut sender = sender.ready().await.unwrap();
    let request = Request::post("http://localhost/arrow.flight.protocol.FlightService/DoAction")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap();
    let (answer, mut sent) = sender.send_request(request, false).unwrap();
    let message = proto::framed(&proto::named("wide"));
    sent.send_data(message.into(), true).unwrap();
    let mut answer = answer.await.unwrap();
    check(answer.headers(), "head");
    let mut read = Vec::new();
    while let Some(data) = answer.body_mut().data().await {
        let data = data.unwrap();
        read.extend_from_slice(&data);
        let mut window = answer.body_mut().flow_control().clone();
        window.release_capacity(data.len()).unwrap();
    }
    let trailers = answer.body_mut().trailers().await.unwrap().unwrap();
    check(&trailers, "tail");
    assert_eq!(trailers["grpc-status"], "0");
    drop((sender, sent, answer));
    connection.await.unwrap().unwrap();
    read
}

#[tokio::test]
async fn clients_get_the_same_whatever_frames_they_allow() {
    within(async {
        let server = server().await;
        let body = body();
        for size in SIZES {
            let read = call(&server, size).await;
            // A Result has the body in its only field.
            assert!(read.ends_with(&body), "{size}");
            assert_eq!(read[5..], proto::bytes(1, &body), "{size}");
        }
    })
    .await;
}

/// The sizes of the frames of an answer to a client that allows so much, and then `later`.
async fn sizes(server: &Running, first: Option<u32>, later: Option<u32>) -> Vec<usize> {
    let values = first.map(|size| (MAX_FRAME_SIZE, size));
    let values: Vec<_> = values.into_iter().collect();
    let mut raw = Raw::with(server.0.port(), &How::default(), &values)
        .await
        .unwrap();
    if let Some(later) = later {
        let values = [(MAX_FRAME_SIZE, later)];
        raw.write(&settings(&values)).await.unwrap();
        // Once it has been taken, it holds.
        let ping = frame(frames::PING, 0, 0, &[7; 8]);
        raw.write(&ping).await.unwrap();
        raw.until(|frame| frame.kind == frames::PING).await.unwrap();
    }
    let mut call = unary(1, "DoAction", &proto::named("wide"));
    call.extend(window_update(1, 1 << 30));
    raw.write(&call).await.unwrap();
    let (mut sizes, mut ends) = (Vec::new(), false);
    loop {
        let frame = raw.read().await.unwrap();
        if frame.stream != 1 {
            continue;
        }
        sizes.push(frame.payload.len());
        ends |= frame.ends_its_stream();
        if frame.kind == DATA {
            assert!(!ends, "trailers come last");
        } else if ends && frame.flags & END_HEADERS != 0 {
            break;
        }
    }
    sizes
}

#[tokio::test]
async fn no_frame_is_larger_than_the_client_allows() {
    within(async {
        let server = server().await;
        for (first, later, most) in [
            (None, None, 16_384),
            (Some(20_000), None, 20_000),
            (Some(1 << 20), None, 1 << 20),
            (Some(1 << 20), Some(16_384), 16_384),
            (Some(16_384), Some(1 << 20), 1 << 20),
            (Some(20_000), Some(16_384), 16_384),
        ] {
            let sizes = sizes(&server, first, later).await;
            let largest = sizes.iter().copied().max().unwrap();
            assert!(largest <= most, "{first:?}, {later:?}: {largest}");
            assert!(largest >= 16_384, "{first:?}, {later:?}: {largest}");
        }
    })
    .await;
}

#[tokio::test]
async fn servers_get_the_same_whatever_frames_they_allow() {
    within(async {
        for size in [16_384, 20_000, 1 << 20] {
            let builder = FlightServer::builder(Wide).max_frame_size(size);
            let server = Running::of(builder.location("grpc://127.0.0.1:0")).await;
            let client = FlightClient::connect(server.0.location().clone());
            let batches: Vec<_> = (0..20).map(numbers).collect();
            let upload = BatchStream::from_batches(batches[0].schema(), batches);
            let path = FlightDescriptor::new_path(vec!["sum".to_owned()]);
            let results = client.await.unwrap().do_put(path, upload).await.unwrap();
            let sum = results.read_all().await.unwrap().remove(0).app_metadata;
            let expected = 190 * (0..50_000i64).sum::<i64>();
            assert_eq!(sum, expected.to_string(), "{size}");
        }
    })
    .await;
}
