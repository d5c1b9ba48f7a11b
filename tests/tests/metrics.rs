//! Metrics: what is counted of calls and connections, under which labels.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::within;
use flight_runtime::arrow::array::{ArrayRef, Int64Array};
use flight_runtime::prelude::*;
use flight_runtime::testing::TestServer;
use flight_runtime::{FlightClient, Prometheus};
use futures::StreamExt;
use metrics::Label;
use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn ten() -> RecordBatch {
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10));
    RecordBatch::try_from_iter([("n", column)]).unwrap()
}

struct Tables;

#[flight_server]
impl Tables {
    #[do_get("rows/{secret}")]
    async fn rows(&self, secret: String) -> Vec<RecordBatch> {
        assert_eq!(secret, "hunter2");
        vec![ten(), ten()]
    }

    #[do_get("endless")]
    async fn endless(&self) -> BatchStream {
        let batches = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((Ok::<_, Error>(ten()), ()))
        });
        BatchStream::new(ten().schema(), batches)
    }

    #[do_put("up")]
    async fn up(&self, mut rows: BatchStream) -> Result<(), Error> {
        rows.read_all().await.map(drop)
    }
}

/// Name, labels and value, as text; a histogram's value is how many it has.
fn text(recorder: &metrics_util::debugging::Snapshotter) -> Vec<String> {
    let mut lines: Vec<_> = recorder
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let labels = key.key().labels();
            let labels: Vec<_> = labels
                .map(|label: &Label| format!("{}={}", label.key(), label.value()))
                .collect();
            let value = match (key.kind(), value) {
                (MetricKind::Counter, DebugValue::Counter(value)) => value.to_string(),
                (MetricKind::Gauge, DebugValue::Gauge(value)) => value.to_string(),
                (_, DebugValue::Histogram(values)) => format!("{} times", values.len()),
                other => panic!("{other:?}"),
            };
            format!("{} {} {value}", key.key().name(), labels.join(","))
        })
        .collect();
    lines.sort();
    lines
}

async fn calls(client: &FlightClient) {
    let mut rows = client.do_get(Ticket::new("rows/hunter2")).await.unwrap();
    rows.read_all().await.unwrap();
    drop(rows);
    let mut endless = client.do_get(Ticket::new("endless")).await.unwrap();
    endless.next().await.unwrap().unwrap();
    drop(endless);
    client
        .do_get(Ticket::new("no/such/hunter2"))
        .await
        .unwrap_err();
    let up = FlightDescriptor::new_path(vec!["up".to_owned()]);
    let batches = BatchStream::from_batches(ten().schema(), [ten()]);
    client
        .do_put(up, batches)
        .await
        .unwrap()
        .read_all()
        .await
        .unwrap();
}

#[tokio::test]
async fn calls_are_counted_by_method_route_and_code_and_never_by_ticket() {
    within(async {
        let recorder = DebuggingRecorder::new();
        let snapshots = recorder.snapshotter();
        let _recorder = metrics::set_default_local_recorder(&recorder);
        let server = TestServer::start(FlightServer::builder(Tables)).unwrap();
        let client = server.client();
        calls(&client).await;
        drop(client);
        server.shutdown();
        server.wait().await;
        let lines = text(&snapshots);
        for line in [
            "flight_server_calls_total method=DoGet,route=rows/{secret},code=OK 1",
            "flight_server_calls_total method=DoGet,route=endless,code=CANCELLED 1",
            "flight_server_calls_total method=DoGet,route=,code=NOT_FOUND 1",
            "flight_server_calls_total method=DoPut,route=up,code=OK 1",
            "flight_server_call_duration_seconds method=DoGet,route=rows/{secret},code=OK 1 times",
            "flight_server_first_message_seconds method=DoGet,route=rows/{secret},code=OK 1 times",
            "flight_server_rows_total method=DoGet,route=rows/{secret},direction=out 20",
            "flight_server_batches_total method=DoGet,route=rows/{secret},direction=out 2",
            "flight_server_rows_total method=DoPut,route=up,direction=in 10",
            "flight_server_batches_total method=DoPut,route=up,direction=in 1",
            "flight_server_calls_running method=DoGet 0",
            "flight_server_calls_running method=DoPut 0",
            "flight_server_connections_open  0",
        ] {
            assert!(
                lines.iter().any(|found| found == line),
                "{line}\nin\n{lines:#?}"
            );
        }
        assert!(!lines.concat().contains("hunter2"), "{lines:#?}");
    })
    .await;
}

/// What an HTTP client sees.
async fn get(address: std::net::SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn prometheus_reads_them() {
    within(async {
        let prometheus = Prometheus::install().unwrap();
        assert!(Prometheus::install().is_err());
        let address = prometheus.serve("127.0.0.1:0").await.unwrap();
        let server = TestServer::start(FlightServer::builder(Tables)).unwrap();
        let client = server.client();
        calls(&client).await;
        drop(client);
        server.shutdown();
        server.wait().await;
        let answer = get(address, "GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        for line in [
            "# TYPE flight_server_calls_total counter",
            "# TYPE flight_server_call_duration_seconds histogram",
            r#"flight_server_calls_total{method="DoGet",route="rows/{secret}",code="OK"} 1"#,
            r#"flight_server_call_duration_seconds_bucket{method="DoGet",route="rows/{secret}",code="OK",le="600"} 1"#,
            "flight_server_connections_open 0",
        ] {
            assert!(answer.lines().any(|found| found == line), "{line}\nin\n{answer}");
        }
        assert!(!answer.contains("hunter2"));
        assert!(get(address, "GET / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 404"));
        assert!(get(address, "POST /metrics HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 405"));
        assert_eq!(get(address, &"x".repeat(8 << 10)).await, "");
    })
    .await;
}
