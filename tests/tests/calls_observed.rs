//! What is told of a call: its span, its line in the access log, the trace that it belongs to.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::observed::Log;
use common::within;
use flight_runtime::arrow::array::{ArrayRef, Int64Array};
use flight_runtime::http::{Request, Response};
use flight_runtime::prelude::*;
use flight_runtime::testing::connect;
use flight_runtime::{Authenticator, CallOptions, Code, FlightClient, tonic};
use futures::StreamExt;
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// Ten rows.
fn ten() -> RecordBatch {
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10));
    RecordBatch::try_from_iter([("n", column)]).unwrap()
}

/// Batches without end, one a millisecond.
fn endless() -> BatchStream {
    let batches = futures::stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Some((Ok::<_, Error>(ten()), ()))
    });
    BatchStream::new(ten().schema(), batches)
}

/// Routes of which each belongs to one test: the log is the whole process's.
#[derive(Default)]
struct Tables {
    behind: Option<FlightClient>,
}

#[flight_server]
impl Tables {
    #[do_get("counted/{secret}")]
    async fn counted(&self, secret: String) -> Vec<RecordBatch> {
        tracing::info!(from = "counted", length = secret.len());
        vec![ten(), ten(), ten()]
    }

    #[do_put("uploaded")]
    async fn uploaded(&self, mut rows: BatchStream) -> Result<String, Error> {
        Ok(rows.read_all().await?.len().to_string())
    }

    #[do_get("blocking")]
    fn blocking(&self) -> impl Iterator<Item = RecordBatch> + use<> {
        tracing::info!(from = "blocking");
        std::iter::once_with(|| {
            tracing::info!(from = "blocking");
            ten()
        })
    }

    #[do_get("dropped")]
    async fn dropped(&self) -> BatchStream {
        endless()
    }

    #[do_get("late")]
    async fn late(&self) -> BatchStream {
        endless()
    }

    #[do_get("stuck")]
    async fn stuck(&self) -> BatchStream {
        let big: ArrayRef = Arc::new(Int64Array::from_iter_values(0..4 << 20));
        let big = RecordBatch::try_from_iter([("n", big)]).unwrap();
        let schema = big.schema();
        BatchStream::new(
            schema,
            futures::stream::repeat_with(move || Ok::<_, Error>(big.clone())),
        )
    }

    #[do_get("breaks")]
    async fn breaks(&self) -> BatchStream {
        let broken = std::io::Error::other("the disk is gone");
        let batches = [Ok(ten()), Err(Error::from(broken))];
        BatchStream::new(ten().schema(), futures::stream::iter(batches))
    }

    #[action("refused")]
    async fn refused(&self) {}

    #[action("named")]
    async fn named(&self) {
        tracing::info!(from = "named");
    }

    #[action("spawned")]
    async fn spawned(&self, ctx: CallContext) {
        let span = ctx.span().clone();
        let task = tokio::spawn(async move { span.in_scope(|| tracing::info!(from = "spawned")) });
        task.await.unwrap();
    }

    #[action("traced")]
    async fn traced(&self, ctx: CallContext) -> Json<Vec<String>> {
        let trace = ctx.trace_context();
        Json(trace.map_or_else(Vec::new, |trace| {
            let state = trace.state().unwrap_or_default().to_owned();
            vec![trace.trace_id(), trace.parent_id(), trace.span_id(), state]
        }))
    }

    #[action("handed-on")]
    async fn handed_on(&self, ctx: CallContext) -> Result<Json<Vec<Vec<String>>>, Error> {
        let own = ctx.trace_context().unwrap().span_id();
        let behind = self.behind.as_ref().unwrap();
        let behind = behind.with(CallOptions::new().trace_context(&ctx));
        Ok(Json(vec![vec![own], traced(&behind).await?]))
    }
}

/// What the action `traced` sees.
async fn traced(client: &FlightClient) -> Result<Vec<String>, Error> {
    let results = client.do_action(Action::new("traced", "")).await?;
    let results = results.read_all().await?;
    Ok(serde_json::from_slice(&results[0].body).unwrap())
}

async fn act(client: &FlightClient, name: &str) -> Result<usize, Error> {
    let results = client.do_action(Action::new(name, "")).await?;
    Ok(results.read_all().await?.len())
}

fn tables() -> (Log, FlightClient) {
    let log = Log::of_the_process();
    (
        log,
        connect(FlightServer::builder(Tables::default())).unwrap(),
    )
}

#[tokio::test]
async fn a_download_is_told_once_with_what_went_out_and_without_its_ticket() {
    within(async {
        let (log, client) = tables();
        let mut stream = client.do_get(Ticket::new("counted/hunter2")).await.unwrap();
        assert_eq!(stream.read_all().await.unwrap().len(), 3);
        let route = "counted/{secret}";
        let call = log.call(route).await;
        drop((stream, client));
        let span = log.span(route).await;
        for fields in [&call, &span] {
            assert_eq!(fields["method"], "DoGet");
            assert_eq!(fields["route"], route);
            assert_eq!(fields["code"], "OK");
            assert_eq!(fields["rows_out"], "30");
            assert_eq!(fields["batches_out"], "3");
            assert_eq!((&*fields["rows_in"], &*fields["batches_in"]), ("0", "0"));
            // The ticket in its message, in its frame.
            assert_eq!(
                fields["bytes_in"],
                (5 + 2 + "counted/hunter2".len()).to_string()
            );
            assert!(fields["bytes_out"].parse::<u64>().unwrap() > 30 * 8);
            let time = |name: &str| fields[name].parse::<f64>().unwrap();
            assert!(time("first_message_ms") <= time("duration_ms"));
            assert!(!format!("{fields:?}").contains("hunter2"));
        }
        let own = log
            .events(1, "calls_observed", ("from", "counted"))
            .await
            .remove(0);
        assert_eq!(own.span.unwrap()["route"], route);
    })
    .await;
}

#[tokio::test]
async fn an_upload_is_told_with_what_came_in() {
    within(async {
        let (log, client) = tables();
        let descriptor = FlightDescriptor::new_path(vec!["uploaded".to_owned()]);
        let rows = BatchStream::new(
            ten().schema(),
            futures::stream::iter([Ok::<_, Error>(ten())]),
        );
        let acks = client.do_put(descriptor, rows).await.unwrap();
        assert_eq!(acks.read_all().await.unwrap().len(), 1);
        let call = log.call("uploaded").await;
        assert_eq!((&*call["rows_in"], &*call["batches_in"]), ("10", "1"));
        assert_eq!((&*call["rows_out"], &*call["batches_out"]), ("0", "0"));
        assert!(call["bytes_in"].parse::<u64>().unwrap() > 80);
    })
    .await;
}

#[tokio::test]
async fn a_blocking_handler_and_its_iterator_log_inside_their_call() {
    within(async {
        let (log, client) = tables();
        let mut stream = client.do_get(Ticket::new("blocking")).await.unwrap();
        stream.read_all().await.unwrap();
        for event in log.events(2, "calls_observed", ("from", "blocking")).await {
            assert_eq!(event.span.unwrap()["route"], "blocking");
        }
    })
    .await;
}

#[tokio::test]
async fn a_task_logs_inside_its_call_when_it_is_given_the_span() {
    within(async {
        let (log, client) = tables();
        act(&client, "spawned").await.unwrap();
        let found = log.events(1, "calls_observed", ("from", "spawned")).await;
        assert_eq!(found[0].span.as_ref().unwrap()["route"], "spawned");
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_a_cancelled_call() {
    within(async {
        let (log, client) = tables();
        let mut stream = client.do_get(Ticket::new("dropped")).await.unwrap();
        stream.next().await.unwrap().unwrap();
        drop(stream);
        let call = log.call("dropped").await;
        assert_eq!(call["code"], "CANCELLED");
        assert!(call["rows_out"].parse::<u64>().unwrap() >= 10);
        assert!(call["first_message_ms"].parse::<f64>().is_ok());
    })
    .await;
}

/// A download whose client has no clock of its own: FlightClient would give up a moment before the server does.
async fn download(ticket: &'static str, timeout: &str) -> Response<tonic::body::Body> {
    let mut message = Vec::from([0, 0, 0, 0, ticket.len() as u8 + 2, 10, ticket.len() as u8]);
    message.extend_from_slice(ticket.as_bytes());
    let request = Request::post("/arrow.flight.protocol.FlightService/DoGet")
        .header("content-type", "application/grpc")
        .header("grpc-timeout", timeout)
        .body(Full::new(Bytes::from(message)));
    let service = FlightServer::builder(Tables::default()).into_service();
    service.unwrap().oneshot(request.unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_deadline_ends_a_call_that_is_read_and_one_that_is_not() {
    within(async {
        let log = Log::of_the_process();
        let late = download("late", "100m").await;
        let late = late.into_body().collect().await.unwrap();
        assert_eq!(late.trailers().unwrap()["grpc-status"], "4");
        assert_eq!(log.call("late").await["code"], "DEADLINE_EXCEEDED");
        let stuck = download("stuck", "100m").await;
        let call = log.call("stuck").await;
        assert_eq!(call["code"], "DEADLINE_EXCEEDED");
        assert!(call["duration_ms"].parse::<f64>().unwrap() >= 90.0);
        drop(stuck);
        assert_eq!(log.call("stuck").await["code"], "DEADLINE_EXCEEDED");
    })
    .await;
}

#[tokio::test]
async fn an_error_is_told_by_its_own_line_inside_the_call_and_by_its_code_at_the_end() {
    within(async {
        let (log, client) = tables();
        let mut stream = client.do_get(Ticket::new("breaks")).await.unwrap();
        stream.read_all().await.unwrap_err();
        let call = log.call("breaks").await;
        assert_eq!(call["code"], "INTERNAL");
        assert!(!format!("{call:?}").contains("disk"));
        let inside = log
            .events(1, "flight_runtime::service::status", ("route", "breaks"))
            .await;
        assert_eq!(inside.len(), 1);
        assert!(inside[0].fields["error"].contains("the disk is gone"));
        assert_eq!(inside[0].span.as_ref().unwrap()["route"], "breaks");
    })
    .await;
}

/// Believes everybody, but lets in nobody without a name.
struct Named;

impl Authenticator for Named {
    async fn authenticate(&self, context: &CallContext) -> Result<Option<Principal>, Error> {
        let name = context.headers().get_bin("x-name-bin");
        let name = name.and_then(|name| name.to_bytes().ok());
        Ok(name.map(|name| Principal::new(String::from_utf8_lossy(&name))))
    }
}

#[tokio::test]
async fn a_name_that_a_client_gave_cannot_write_lines_of_its_own() {
    within(async {
        let log = Log::of_the_process();
        let server = FlightServer::builder(Tables::default()).authenticator(Named);
        let client = connect(server).unwrap();
        let name = format!("ada\nINFO code=OK\u{1b}[2K{}", "x".repeat(3000));
        let known = CallOptions::new().header("x-name-bin", &name).unwrap();
        act(&client.with(known), "named").await.unwrap();
        let call = log.call("named").await;
        let own = log.events(1, "calls_observed", ("from", "named")).await;
        for identity in [
            &call["identity"],
            &own[0].span.as_ref().unwrap()["identity"],
        ] {
            assert!(
                identity.starts_with("ada\\u{a}INFO code=OK\\u{1b}[2Kx"),
                "{identity}"
            );
            assert!(identity.len() <= 256);
        }
        // Refused before anything is looked for, so that there is no route.
        let error = act(&client, "refused").await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated);
        let code = ("code", "UNAUTHENTICATED");
        let refused = log.events(1, "flight_runtime::access", code).await;
        assert_eq!(refused[0].fields["route"], "");
        assert_eq!(refused[0].fields["identity"], "");
    })
    .await;
}

#[tokio::test]
async fn a_trace_is_read_and_handed_on_to_the_server_behind() {
    within(async {
        let (log, behind) = tables();
        let gateway = Tables {
            behind: Some(behind.clone()),
        };
        let client = connect(FlightServer::builder(gateway)).unwrap();
        assert_eq!(traced(&client).await.unwrap(), Vec::<String>::new());

        let parent = format!("00-{TRACE}-{PARENT}-01");
        let options = CallOptions::new().header("traceparent", parent).unwrap();
        let options = options.header("tracestate", "congo=t61").unwrap();
        let client = client.with(options);
        let seen = traced(&client).await.unwrap();
        assert_eq!(
            (&*seen[0], &*seen[1], &*seen[3]),
            (TRACE, PARENT, "congo=t61")
        );

        let results = client
            .do_action(Action::new("handed-on", ""))
            .await
            .unwrap();
        let results = results.read_all().await.unwrap();
        let seen: Vec<Vec<String>> = serde_json::from_slice(&results[0].body).unwrap();
        let own = &seen[0][0];
        let [trace, parent, span, state] = &seen[1][..] else {
            panic!("{seen:?}");
        };
        assert_eq!((&**trace, parent, &**state), (TRACE, own, "congo=t61"));
        assert_ne!(span, own);
        let call = log.call("handed-on").await;
        assert_eq!((&*call["trace_id"], &call["span_id"]), (TRACE, own));
        drop((client, behind));
        let span = log.span("handed-on").await;
        assert_eq!((&*span["trace_id"], &*span["parent_id"]), (TRACE, PARENT));

        let wrong = CallOptions::new()
            .header("traceparent", "00-0-0-01")
            .unwrap();
        let (_, client) = tables();
        assert!(traced(&client.with(wrong)).await.unwrap().is_empty());
    })
    .await;
}
