//! A panic in each method and at each place of its answer: INTERNAL without a word of what it was, and nobody beside it is hurt.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod limited;

use common::within;
use flight_runtime::arrow_flight::PollInfo;
use flight_runtime::prelude::*;
use flight_runtime::{
    Authenticator, Code, FlightClient, Principal, ServerAuthHandler, ServerAuthReader,
    ServerAuthSender,
};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::{self, Stream};
use limited::{Alive, Limited, batch, batches, download, eventually, hello, schema, waiting};

/// What none of them may say.
const SECRET: &str = "secret of the handler";

fn fails() -> bool {
    true
}

struct Panics;

#[flight_server]
impl Panics {
    #[do_get("at-once", schema = schema())]
    async fn at_once(&self) -> BatchStream {
        panic!("{SECRET}")
    }

    #[do_get("blocking", schema = schema())]
    fn blocking(&self) -> RecordBatch {
        panic!("{SECRET}")
    }

    #[do_get("stream/{after}", schema = schema())]
    async fn stream(&self, after: usize) -> BatchStream {
        let rows = (0..).map(move |n| {
            if n == after {
                panic!("{SECRET}")
            } else {
                batch(1)
            }
        });
        BatchStream::new(schema(), stream::iter(rows))
    }

    #[do_get("iterator/{after}", schema = schema())]
    fn iterator(&self, after: usize) -> impl Iterator<Item = RecordBatch> + Send + use<> {
        (0..).map(move |n| {
            if n == after {
                panic!("{SECRET}")
            } else {
                batch(1)
            }
        })
    }

    #[do_put("before")]
    async fn put_before(&self, _rows: BatchStream) -> Result<(), Error> {
        panic!("{SECRET}")
    }

    #[do_put("between")]
    async fn put_between(&self, mut rows: BatchStream) -> Result<(), Error> {
        rows.try_next().await?;
        panic!("{SECRET}")
    }

    #[do_put("behind")]
    async fn put_behind(&self, mut rows: BatchStream) -> Result<(), Error> {
        while rows.try_next().await?.is_some() {}
        panic!("{SECRET}")
    }

    #[do_put("blocking")]
    fn put_blocking(&self, _rows: BatchStream) -> Result<(), Error> {
        panic!("{SECRET}")
    }

    #[do_exchange("before", schema = schema())]
    async fn exchange_before(&self, _rows: BatchStream) -> BatchStream {
        panic!("{SECRET}")
    }

    #[do_exchange("between", schema = schema())]
    async fn exchange_between(&self, rows: BatchStream) -> BatchStream {
        let mut count = 0;
        let rows = rows.map(move |row| {
            count += 1;
            if count == 2 { panic!("{SECRET}") } else { row }
        });
        BatchStream::new(schema(), rows)
    }

    #[action("at-once")]
    async fn action(&self) {
        panic!("{SECRET}")
    }

    #[action("blocking")]
    fn action_blocking(&self) {
        panic!("{SECRET}")
    }

    #[action("late")]
    async fn action_late(&self) -> impl Stream<Item = String> + Send + use<> {
        stream::iter(0..2).map(|n| {
            if n == 1 {
                panic!("{SECRET}")
            } else {
                n.to_string()
            }
        })
    }

    #[get_flight_info("info")]
    async fn info(&self) -> FlightInfo {
        panic!("{SECRET}")
    }

    #[poll_flight_info("poll")]
    async fn poll(&self) -> PollInfo {
        panic!("{SECRET}")
    }

    #[get_schema("schema")]
    async fn schema(&self) -> Schema {
        panic!("{SECRET}")
    }

    #[list_flights]
    async fn flights(&self, _criteria: Criteria) -> Vec<FlightInfo> {
        panic!("{SECRET}")
    }

    #[list_actions]
    fn actions(&self) -> Vec<(&'static str, &'static str)> {
        if fails() {
            panic!("{SECRET}")
        } else {
            Vec::new()
        }
    }
}

fn path(name: &str) -> FlightDescriptor {
    FlightDescriptor::new_path(name.split('/').map(str::to_owned).collect())
}

type Call = fn(FlightClient, &'static str) -> BoxFuture<'static, Result<(), Error>>;

const GET: Call = |client, name| Box::pin(async move { download(&client, name).await.map(drop) });
const PUT: Call = |client, name| {
    Box::pin(async move {
        let results = client.do_put(path(name), batches([1, 2, 3])).await?;
        results.read_all().await.map(drop)
    })
};
const EXCHANGE: Call = |client, name| {
    Box::pin(async move {
        let mut rows = client.do_exchange(path(name), batches([1, 2, 3])).await?;
        while rows.try_next().await?.is_some() {}
        Ok(())
    })
};
const ACTION: Call = |client, name| {
    Box::pin(async move {
        let results = client.do_action(Action::new(name, "")).await?;
        results.read_all().await.map(drop)
    })
};
const INFO: Call =
    |client, name| Box::pin(async move { client.get_flight_info(path(name)).await.map(drop) });
const POLL: Call =
    |client, name| Box::pin(async move { client.poll_flight_info(path(name)).await.map(drop) });
const SCHEMA: Call =
    |client, name| Box::pin(async move { client.get_schema(path(name)).await.map(drop) });
const FLIGHTS: Call = |client, _| {
    Box::pin(async move {
        let flights = client.list_flights(Criteria::default()).await?;
        flights.read_all().await.map(drop)
    })
};
const ACTIONS: Call =
    |client, _| Box::pin(async move { client.list_actions().await?.read_all().await.map(drop) });

const CALLS: [(Call, &str); 22] = [
    (GET, "at-once"),
    (GET, "blocking"),
    (GET, "stream/0"),
    (GET, "stream/1"),
    (GET, "stream/5"),
    (GET, "iterator/0"),
    (GET, "iterator/5"),
    (PUT, "before"),
    (PUT, "between"),
    (PUT, "behind"),
    (PUT, "blocking"),
    (EXCHANGE, "before"),
    (EXCHANGE, "between"),
    (ACTION, "at-once"),
    (ACTION, "blocking"),
    (ACTION, "late"),
    (INFO, "info"),
    (POLL, "poll"),
    (SCHEMA, "schema"),
    (FLIGHTS, "list_flights"),
    (ACTIONS, "list_actions"),
    // Read to a schema that the handler would have said.
    (SCHEMA, "stream/0"),
];

#[track_caller]
fn is_internal(what: &str, ended: Result<(), Error>) {
    let error = ended.expect_err(what);
    assert_eq!(error.code(), Code::Internal, "{what}: {error}");
    let expected = "internal error; its details are in the server's log under error id ";
    assert!(error.message().starts_with(expected), "{what}: {error}");
    assert!(
        !format!("{error:?}").contains("secret"),
        "{what}: {error:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_internal_wherever_it_is_and_hurts_no_sibling() {
    within(async {
        let (server, alive) = limited::limited(flight_runtime::Limits::default());
        let server = server.add_service(Panics).start().await.unwrap();
        let client = limited::client(&server).await;
        // On the same connection.
        let mut sibling = waiting(&client).await.unwrap();
        for (call, name) in CALLS {
            // A declared schema is known without the handler.
            if name == "stream/0" && std::ptr::fn_addr_eq(call, SCHEMA) {
                call(client.clone(), name).await.unwrap();
            } else {
                is_internal(name, call(client.clone(), name).await);
            }
            hello(&client).await.unwrap();
        }
        assert_eq!(alive.count(), 1);
        let more = tokio::time::timeout(std::time::Duration::from_millis(50), sibling.try_next());
        assert!(more.await.is_err(), "the sibling was ended");
        drop(sibling);
        eventually(|| server.running_calls() == 0).await;
    })
    .await;
}

struct PanicsAtTheDoor;

impl Authenticator for PanicsAtTheDoor {
    async fn authenticate(&self, _: &CallContext) -> Result<Option<Principal>, Error> {
        if fails() {
            panic!("{SECRET}")
        } else {
            Ok(None)
        }
    }
}

impl ServerAuthHandler for PanicsAtTheDoor {
    async fn authenticate(
        &self,
        _: &CallContext,
        _: &mut ServerAuthSender,
        incoming: &mut ServerAuthReader,
    ) -> Result<(), Error> {
        incoming.read().await?;
        panic!("{SECRET}")
    }

    async fn is_valid(&self, _: &CallContext, _: &[u8]) -> Result<Principal, Error> {
        panic!("{SECRET}")
    }
}

fn secured() -> flight_runtime::FlightServerBuilder {
    FlightServer::builder(Limited::of(&Alive::default())).location("grpc://127.0.0.1:0")
}

#[tokio::test]
async fn a_panic_of_who_lets_callers_in_lets_nobody_in() {
    within(async {
        let server = secured()
            .authenticator(PanicsAtTheDoor)
            .start()
            .await
            .unwrap();
        let client = limited::client(&server).await;
        for (call, name) in [
            (GET, "wait"),
            (PUT, "rows"),
            (EXCHANGE, "echo"),
            (ACTION, "deadline"),
        ] {
            is_internal(name, call(client.clone(), name).await);
        }
        let server = secured()
            .auth_handler(PanicsAtTheDoor)
            .start()
            .await
            .unwrap();
        let client = limited::client(&server).await;
        let login = client.authenticate_with("ada").await;
        is_internal("Handshake", login.map(drop));
        let known = flight_runtime::CallOptions::new().handshake_token("token");
        let known = client.with(known);
        is_internal("is_valid", ACTION(known, "deadline").await);
        eventually(|| server.running_calls() == 0).await;
    })
    .await;
}
