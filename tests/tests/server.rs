//! A running server from inside its process: where it listens, how it ends, what a panic costs.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Running, client, within};
use flight_runtime::arrow::array::RecordBatch;
use flight_runtime::arrow_flight::FlightClient;
use flight_runtime::arrow_flight::error::FlightError;
use flight_runtime::prelude::*;
use flight_runtime::testing::TestServer;
use flight_runtime::tonic::{Code, Status};
use flight_runtime::{ApiKeys, BasicAuth, BearerTokens, Metadata, ServerMiddleware};
use flight_tests::{Options, builder};
use futures::{FutureExt, StreamExt, TryStreamExt};
use tokio::net::TcpStream;

/// A download that runs until its client leaves, and has begun.
async fn endless(
    client: &mut FlightClient,
    name: &str,
) -> impl Send + Unpin + futures::Stream<Item = Result<RecordBatch, FlightError>> + use<> {
    let ticket = Ticket::new(format!("stalls/{name}"));
    let mut stream = client.do_get(ticket).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().num_rows(), 10);
    stream
}

fn status<T>(result: Option<Result<T, FlightError>>) -> Status {
    match result {
        Some(Err(FlightError::Tonic(status))) => *status,
        Some(Err(other)) => panic!("not a status: {other:?}"),
        Some(Ok(_)) => panic!("a message came"),
        None => panic!("a clean end"),
    }
}

#[tokio::test]
async fn a_server_serves_once_it_is_started_and_says_where() {
    within(async {
        let running = Running::everything().await.0;
        assert_ne!(running.port(), 0);
        let expected = format!("grpc://localhost:{}", running.port());
        assert_eq!(running.location().as_str(), expected);
        assert!(!running.is_shutting_down());
        TcpStream::connect(("127.0.0.1", running.port()))
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_location_is_a_text_a_pair_or_a_socket_address() {
    within(async {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        for (location, host) in [
            (Location::from("grpc://127.0.0.1:0"), "127.0.0.1"),
            (Location::from(("localhost", 0)), "localhost"),
            (Location::from(address), "127.0.0.1"),
            (Location::default(), "localhost"),
        ] {
            let server = builder(&Options::default())
                .location(location)
                .start()
                .await
                .unwrap();
            let expected = format!("grpc://{host}:{}", server.port());
            assert_eq!(server.location().as_str(), expected);
        }
    })
    .await;
}

struct Hello;

#[flight_server]
impl Hello {
    #[action("hello")]
    fn hello(&self) -> &'static str {
        "world"
    }
}

#[tokio::test]
async fn a_socket_that_is_bound_already_is_served_on() {
    within(async {
        let bound = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = |listener: &std::net::TcpListener| listener.local_addr().unwrap().port();
        let (one, other) = (bound(), bound());
        let ports = [port(&one), port(&other)];
        let server = FlightServer::builder(Hello).listener(one).listener(other);
        let server = server.start().await.unwrap();
        assert_eq!(server.port(), ports[0]);
        let location = format!("grpc://127.0.0.1:{}", ports[0]);
        assert_eq!(server.location().as_str(), location);
        for port in ports {
            let client = flight_runtime::FlightClient::connect(("127.0.0.1", port));
            let results = client
                .await
                .unwrap()
                .do_action(Action::new("hello", ""))
                .await;
            assert_eq!(results.unwrap().read_all().await.unwrap()[0].body, "world");
        }
        server.shutdown();
        server.wait().await;
        assert!(TcpStream::connect(("127.0.0.1", ports[1])).await.is_err());

        let server = FlightServer::builder(Hello).listener(bound());
        let error = server.location(("127.0.0.1", 0)).start().await.unwrap_err();
        assert!(
            error.message().contains("both say where to listen"),
            "{error}"
        );
    })
    .await;
}

#[test]
fn errors_of_anyhow_convert_and_what_is_inside_is_hidden() {
    let load = || -> anyhow::Result<()> { anyhow::bail!("the disk is gone") };
    let error = load().map_err(Error::from_boxed).unwrap_err();
    assert!(error.is_hidden(), "{error}");
    assert_eq!(error.message(), "the disk is gone");
    // What the guide says of a status inside.
    let asked = || -> anyhow::Result<()> { Err(Status::not_found("no table"))? };
    let error = asked().unwrap_err().downcast::<Status>().unwrap();
    assert_eq!(Error::from(error).code(), Code::NotFound);
}

#[tokio::test]
async fn a_secret_that_anybody_has_ends_the_start() {
    within(async {
        let server = || FlightServer::builder(Hello).location("grpc://127.0.0.1:0");
        let tokens = BearerTokens::new().token("secret", "ada").token("", "bob");
        let keys = ApiKeys::new("x-api-key").key("", "bob");
        let users = BasicAuth::users([("ada", "secret"), ("bob", "")]);
        for (server, what) in [
            (
                server().authenticator(tokens),
                "the bearer token of `bob` is empty",
            ),
            (
                server().authenticator(keys),
                "the API key of `bob` is empty",
            ),
            (
                server().authenticator(users),
                "the password of `bob` is empty",
            ),
        ] {
            let error = server.start().await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument);
            assert!(error.message().contains(what), "{error}");
        }
    })
    .await;
}

/// Counts how often it was called.
struct Counter(Arc<AtomicUsize>);

#[flight_server]
impl Counter {
    #[action("count")]
    async fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_test_server_ends_when_it_is_dropped_whoever_is_its_client() {
    within(async {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Counter(Arc::clone(&calls));
        let server = TestServer::start(FlightServer::builder(counter)).unwrap();
        let client = server.client();
        let count = async || {
            let results = client.do_action(Action::new("count", "")).await?;
            results.read_all().await
        };
        count().await.unwrap();
        // What is on its way by then does not begin.
        let mut late = pin!(count());
        assert!((&mut late).now_or_never().is_none());
        drop(server);
        assert_eq!(late.await.unwrap_err().code(), Code::Unavailable);
        assert_eq!(count().await.unwrap_err().code(), Code::Unavailable);
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    })
    .await;
}

/// A middleware as its documentation shows it.
#[expect(dead_code, reason = "they are kept")]
struct Keeps(CallContext, Arc<()>);

impl ServerMiddleware for Keeps {}

#[tokio::test]
async fn nothing_is_left_of_a_call_whose_middleware_keeps_its_context() {
    within(async {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let started = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&started);
        let keeps = move |call: &CallContext, _: &Metadata| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(Some(Keeps(call.clone(), Arc::clone(&held))))
        };
        let server = FlightServer::builder(Hello).middleware("keeps", keeps);
        let server = TestServer::start(server).unwrap();
        let client = server.client();
        for name in ["hello", "nothing"] {
            let called = client.do_action(Action::new(name, "")).await;
            drop(called);
        }
        assert_eq!(started.load(Ordering::Relaxed), 2);
        // The server's, and this one.
        while Arc::strong_count(&alive) > 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_of_start() {
    within(async {
        let running = Running::everything().await;
        let location = running.0.location().clone();
        let error = builder(&Options::default())
            .location(location.clone())
            .start()
            .await;
        let error = error.map(drop).unwrap_err();
        assert_eq!(error.code(), Code::FailedPrecondition);
        let expected = format!("cannot listen on `{location}`: Address already in use");
        assert!(error.message().starts_with(&expected), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_location_that_is_none_is_an_error_of_start() {
    let error = builder(&Options::default())
        .location("localhost:1")
        .start()
        .await;
    let error = error.map(drop).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(
        error.message(),
        "location `localhost:1`: a scheme is missing, such as `grpc://localhost:1`"
    );
}

#[tokio::test]
async fn shutdown_lets_a_running_call_end_and_wait_waits_for_it() {
    within(async {
        let running = Running::everything().await;
        let mut client = client(&running).await;
        let mut stream = endless(&mut client, "shutdown").await;
        let server = running.0.handle();
        server.shutdown();
        server.shutdown();
        assert!(server.is_shutting_down());
        let waiting = tokio::time::timeout(Duration::from_millis(100), server.wait());
        assert!(waiting.await.is_err(), "it ended while a call was running");
        assert!(stream.next().now_or_never().is_none());
        drop(stream);
        drop(client);
        server.wait().await;
        assert!(
            TcpStream::connect(("127.0.0.1", server.port()))
                .await
                .is_err()
        );
    })
    .await;
}

#[tokio::test]
async fn shutdown_within_cuts_what_still_runs() {
    within(async {
        let running = Running::everything().await;
        let mut client = client(&running).await;
        let mut stream = endless(&mut client, "shutdown-within").await;
        running.0.shutdown_within(Duration::from_millis(50));
        running.0.wait().await;
        let status = status(stream.next().await);
        assert!(
            matches!(
                status.code(),
                Code::Unavailable | Code::Unknown | Code::Internal
            ),
            "{status:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn shutdown_within_does_not_wait_for_its_limit_when_nothing_runs() {
    within(async {
        let running = Running::everything().await;
        running.0.shutdown_within(Duration::from_secs(3600));
        running.0.wait().await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_dropped_ends_at_once_and_one_whose_handle_is_dropped_does_not() {
    within(async {
        let running = Running::everything().await;
        let handle = running.0.handle();
        drop(running.0.handle());
        TcpStream::connect(("127.0.0.1", handle.port()))
            .await
            .unwrap();
        let mut client = client(&running).await;
        let mut stream = endless(&mut client, "dropped").await;
        drop(running);
        handle.wait().await;
        status(stream.next().await);
    })
    .await;
}

#[tokio::test]
async fn a_panic_leaves_its_siblings_unhurt() {
    within(async {
        let running = Running::everything().await;
        let mut first = client(&running).await;
        let mut sibling = endless(&mut first, "sibling").await;
        let mut on_the_same_connection = first.do_get(Ticket::new("stream")).await.unwrap();
        for action in ["panic", "panic-blocking", "panic-with-a-value"] {
            let result = match first.do_action(Action::new(action, "")).await {
                Ok(mut results) => results.next().await,
                Err(error) => Some(Err(error)),
            };
            let status = status(result);
            assert_eq!(status.code(), Code::Internal);
            assert!(
                status.message().starts_with("internal error; "),
                "{status:?}"
            );
        }
        assert!(sibling.next().now_or_never().is_none());
        let rest: Vec<RecordBatch> = on_the_same_connection.by_ref().try_collect().await.unwrap();
        assert_eq!(rest.len(), 3);
    })
    .await;
}
