//! Flights of several endpoints: where our client reads them, in which order, and what goes wrong.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::within;
use flight_runtime::arrow::array::{AsArray, Int64Array, StringArray};
use flight_runtime::arrow::datatypes::Int64Type;
use flight_runtime::prelude::*;
use flight_runtime::{Code, FlightClient, RunningServer};
use futures::stream;
use tokio::sync::Barrier;
use tokio::time::sleep;

/// One of several servers, which know of each other's calls.
struct Shards {
    calls: Arc<AtomicUsize>,
    meet: Arc<Barrier>,
}

fn numbers(first: i64) -> RecordBatch {
    numbers_up_to(first, 3)
}

fn numbers_up_to(first: i64, count: i64) -> RecordBatch {
    let column = Int64Array::from_iter_values(first..first + count);
    RecordBatch::try_from_iter([("n", Arc::new(column) as _)]).unwrap()
}

#[flight_server]
impl Shards {
    #[do_get("numbers/{first}?{pause}")]
    async fn numbers(&self, first: i64, pause: Option<u64>) -> RecordBatch {
        self.calls.fetch_add(1, Ordering::SeqCst);
        sleep(Duration::from_millis(pause.unwrap_or(0))).await;
        numbers(first)
    }

    /// Answers once as many calls are there as the barrier waits for.
    #[do_get("together/{first}")]
    async fn together(&self, first: i64) -> RecordBatch {
        self.meet.wait().await;
        numbers(first)
    }

    /// More than a stream may have under way.
    #[do_get("large/{first}")]
    async fn large(&self, first: i64) -> BatchStream {
        let batches = (0..12).map(move |_| numbers_up_to(first, 131_072));
        BatchStream::new(numbers(0).schema(), stream::iter(batches))
    }

    #[do_get("words")]
    async fn words(&self) -> RecordBatch {
        let column = StringArray::from(vec!["a"]);
        RecordBatch::try_from_iter([("w", Arc::new(column) as _)]).unwrap()
    }

    #[do_get("breaks/{first}")]
    async fn breaks(&self, first: i64) -> BatchStream {
        let batches = [Ok(numbers(first)), Err(Error::data_loss("torn"))];
        BatchStream::new(numbers(0).schema(), stream::iter(batches))
    }

    #[do_get("unavailable")]
    async fn unavailable(&self) -> Result<RecordBatch, Error> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Err(Error::unavailable("not now"))
    }

    #[do_get("missing")]
    async fn missing(&self) -> Result<RecordBatch, Error> {
        Err(Error::not_found("no such shard"))
    }
}

struct Servers {
    servers: Vec<RunningServer>,
    calls: Vec<Arc<AtomicUsize>>,
    client: FlightClient,
}

impl Servers {
    /// So many servers, and a client of the first.
    async fn start(count: usize) -> Self {
        let meet = Arc::new(Barrier::new(count));
        let (mut servers, mut calls) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let shards = Shards {
                calls: Arc::default(),
                meet: Arc::clone(&meet),
            };
            calls.push(Arc::clone(&shards.calls));
            let builder = FlightServer::builder(shards).location("grpc://127.0.0.1:0");
            servers.push(builder.start().await.unwrap());
        }
        let client = FlightClient::connect(servers[0].location().clone());
        let client = client.await.unwrap();
        Self {
            servers,
            calls,
            client,
        }
    }

    fn location(&self, server: usize) -> String {
        self.servers[server].location().to_string()
    }

    fn calls(&self) -> Vec<usize> {
        let calls = self.calls.iter();
        calls.map(|calls| calls.load(Ordering::SeqCst)).collect()
    }

    async fn read(&self, info: &FlightInfo) -> Result<Vec<i64>, Error> {
        read(&self.client, info).await
    }
}

/// All first numbers of all batches, in the order in which they come.
async fn read(client: &FlightClient, info: &FlightInfo) -> Result<Vec<i64>, Error> {
    let mut stream = client.read_endpoints(info).await?;
    let mut found = Vec::new();
    while let Some(batch) = stream.try_next().await? {
        found.push(batch.column(0).as_primitive::<Int64Type>().value(0));
    }
    Ok(found)
}

fn endpoint(ticket: &str, locations: &[&str]) -> FlightEndpoint {
    let endpoint = FlightEndpoint::new().with_ticket(Ticket::new(ticket.to_owned()));
    let locations = locations.iter();
    locations.fold(endpoint, |endpoint, location| {
        endpoint.with_location(*location)
    })
}

fn flight(endpoints: impl IntoIterator<Item = FlightEndpoint>) -> FlightInfo {
    let info = FlightInfo::new().try_with_schema(&numbers(0).schema());
    let endpoints = endpoints.into_iter();
    endpoints.fold(info.unwrap(), FlightInfo::with_endpoint)
}

/// A place where nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("grpc://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn endpoints_on_several_servers_are_read_at_the_same_time() {
    within(async {
        let servers = Servers::start(3).await;
        for ordered in [false, true] {
            let endpoints = (0..3).map(|n| {
                let ticket = format!("together/{}", n * 10);
                endpoint(&ticket, &[&servers.location(n)])
            });
            let info = flight(endpoints).with_ordered(ordered);
            let client = FlightClient::builder(servers.servers[0].location().clone());
            let client = client.endpoints_at_once(3).connect().await.unwrap();
            let mut found = read(&client, &info).await.unwrap();
            if !ordered {
                found.sort_unstable();
            }
            assert_eq!(found, [0, 10, 20]);
        }
    })
    .await;
}

#[tokio::test]
async fn an_ordered_flight_comes_in_order_and_another_as_it_arrives() {
    within(async {
        let servers = Servers::start(2).await;
        let endpoints = || {
            [
                endpoint("numbers/1?pause=300", &[&servers.location(0)]),
                endpoint("numbers/2", &[&servers.location(1)]),
            ]
        };
        let info = flight(endpoints());
        assert_eq!(servers.read(&info).await.unwrap(), [2, 1]);
        let info = info.with_ordered(true);
        assert_eq!(servers.read(&info).await.unwrap(), [1, 2]);
        // The same without a schema, which then comes from the first.
        let mut info = info;
        info.schema = Bytes::new();
        assert_eq!(servers.read(&info).await.unwrap(), [1, 2]);
        assert_eq!(servers.calls(), [3, 3], "no endpoint is read twice");
    })
    .await;
}

#[tokio::test]
async fn no_more_endpoints_are_read_at_once_than_was_said() {
    within(async {
        let servers = Servers::start(1).await;
        let endpoints = (0..2).map(|_| endpoint("together/0", &[]));
        // The barrier is for one, so that each call goes on by itself.
        let info = flight(endpoints);
        let builder = FlightClient::builder(servers.servers[0].location().clone());
        let client = builder.endpoints_at_once(1).connect().await.unwrap();
        let mut rows = client.read_endpoints(&info).await.unwrap();
        assert_eq!(rows.read_all().await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn an_ordered_flight_is_read_one_endpoint_after_the_other_unless_told() {
    within(async {
        let servers = Servers::start(1).await;
        let endpoints = (0..3).map(|n| endpoint(&format!("numbers/{n}"), &[]));
        let info = flight(endpoints).with_ordered(true);
        let mut rows = servers.client.read_endpoints(&info).await.unwrap();
        for opened in 1..=3 {
            assert!(rows.try_next().await.unwrap().is_some());
            // Whoever is slow to read on has nothing waiting for him that a server could end.
            sleep(Duration::from_millis(50)).await;
            assert_eq!(servers.calls(), [opened]);
        }
        assert!(rows.try_next().await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn endpoints_that_wait_for_their_turn_leave_room_for_the_one_that_is_read() {
    within(async {
        let servers = Servers::start(1).await;
        let endpoints = (0..20).map(|n| endpoint(&format!("large/{n}"), &[]));
        let info = flight(endpoints).with_ordered(true);
        let client = FlightClient::builder(servers.servers[0].location().clone());
        let client = client.endpoints_at_once(8).connect().await.unwrap();
        let found = read(&client, &info).await.unwrap();
        assert_eq!(found.len(), 20 * 12);
        assert!(found.is_sorted());
    })
    .await;
}

#[tokio::test]
async fn the_next_location_is_taken_when_one_is_down() {
    within(async {
        let servers = Servers::start(2).await;
        let up = servers.location(1);
        let info = flight([
            endpoint("numbers/5", &[&nobody(), &nobody(), &up]),
            // What this client does not understand is not the end either.
            endpoint("numbers/6", &["https://127.0.0.1:1/file.arrow", &up]),
        ]);
        let mut found = servers.read(&info).await.unwrap();
        found.sort_unstable();
        assert_eq!(found, [5, 6]);
        assert_eq!(servers.calls(), [0, 2]);

        let info = flight([endpoint("unavailable", &[&servers.location(0), &up])]);
        let error = servers.read(&info).await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::Unavailable, "not now")
        );
        assert_eq!(
            servers.calls(),
            [1, 3],
            "a server that cannot is passed over"
        );
    })
    .await;
}

#[tokio::test]
async fn an_answer_of_another_kind_is_an_answer() {
    within(async {
        let servers = Servers::start(2).await;
        let locations = [servers.location(0), servers.location(1)];
        let info = flight([endpoint("missing", &[&locations[0], &locations[1]])]);
        let error = servers.read(&info).await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::NotFound, "no such shard")
        );
    })
    .await;
}

#[tokio::test]
async fn nobody_at_any_location_is_unavailable_and_says_where() {
    within(async {
        let servers = Servers::start(1).await;
        let down = nobody();
        let error = servers
            .read(&flight([endpoint("numbers/1", &[&down])]))
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert!(error.message().contains(&down), "{error}");
    })
    .await;
}

#[tokio::test]
async fn without_a_location_and_where_it_says_so_the_same_connection_is_used() {
    within(async {
        let servers = Servers::start(1).await;
        let info = flight([
            endpoint("numbers/1", &[]),
            endpoint("numbers/2", &["arrow-flight-reuse-connection://?"]),
            endpoint(
                "numbers/3",
                &[&nobody(), "arrow-flight-reuse-connection://?"],
            ),
        ]);
        let mut found = servers.read(&info).await.unwrap();
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3]);
    })
    .await;
}

#[tokio::test]
async fn endpoints_of_different_schemas_are_an_error_that_shows_both() {
    within(async {
        let servers = Servers::start(1).await;
        let mut info = flight([endpoint("numbers/1", &[]), endpoint("words", &[])]);
        for schema in [info.schema.clone(), Bytes::new()] {
            info.schema = schema;
            let error = servers.read(&info).await.unwrap_err();
            assert_eq!(error.code(), Code::Internal);
            assert!(error.message().contains("Int64"), "{error}");
            assert!(error.message().contains("Utf8"), "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_breaks_ends_the_flight() {
    within(async {
        let servers = Servers::start(1).await;
        let endpoints = [
            endpoint("numbers/1", &[]),
            endpoint("breaks/2", &[]),
            endpoint("numbers/3?pause=200", &[]),
        ];
        for ordered in [true, false] {
            let info = flight(endpoints.clone()).with_ordered(ordered);
            let error = servers.read(&info).await.unwrap_err();
            assert_eq!((error.code(), error.message()), (Code::DataLoss, "torn"));
        }
    })
    .await;
}

#[tokio::test]
async fn flights_that_say_too_little_are_errors() {
    within(async {
        let servers = Servers::start(1).await;
        let error = servers.read(&FlightInfo::new()).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        let info = flight([FlightEndpoint::new()]);
        let error = servers.read(&info).await.unwrap_err();
        assert!(error.message().contains("no ticket"), "{error}");
        // A schema and no endpoint is a flight without rows.
        assert!(servers.read(&flight([])).await.unwrap().is_empty());
        let mut info = flight([endpoint("numbers/1", &[])]);
        info.schema = Bytes::from_static(b"nonsense");
        let error = servers.read(&info).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{error}");
        assert!(error.message().contains("the flight's schema"), "{error}");
    })
    .await;
}
