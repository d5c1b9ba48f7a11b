//! Several services in one server: joined, or refused with both places named.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::fmt::Display;

use common::{Running, client, within};
use flight_runtime::arrow::array::{Int64Array, RecordBatch};
use flight_runtime::arrow::error::ArrowError;
use flight_runtime::prelude::*;
use flight_runtime::tonic::Code;
use futures::TryStreamExt;

/// A batch of one number.
fn one(number: i64) -> Result<RecordBatch, ArrowError> {
    RecordBatch::try_from_iter([(
        "n",
        std::sync::Arc::new(Int64Array::from(vec![number])) as _,
    )])
}

struct First;

#[flight_server]
impl First {
    #[do_get("numbers/{n}")]
    fn number(&self, n: i64) -> Result<RecordBatch, ArrowError> {
        one(n)
    }

    #[action("greet")]
    fn greet(&self) -> &'static str {
        "first"
    }
}

mod elsewhere {
    use super::*;

    pub(super) struct SameRoute;

    #[flight_server(name = "other numbers")]
    impl SameRoute {
        #[do_get("numbers/{m}?{x}")]
        fn other(&self, m: i64, x: Option<i64>) -> Result<RecordBatch, ArrowError> {
            one(m + x.unwrap_or(0))
        }
    }

    pub(super) struct SameAction;

    #[flight_server]
    impl SameAction {
        #[action("greet")]
        fn also_greet(&self) {}
    }

    pub(super) struct SamePut;

    #[flight_server]
    impl SamePut {
        #[do_put("numbers/{n}")]
        fn number(&self, n: i64) -> String {
            n.to_string()
        }
    }

    pub(super) struct CatchAll;

    #[flight_server]
    impl CatchAll {
        #[do_get]
        fn anything(&self, _ticket: Ticket) -> Result<RecordBatch, ArrowError> {
            one(0)
        }
    }
}

async fn refusal(builder: flight_runtime::FlightServerBuilder) -> Error {
    match builder.start().await {
        Ok(_) => panic!("the server started"),
        Err(error) => error,
    }
}

/// The line of this text in this file.
fn line_of(text: &str) -> usize {
    let found = include_str!("services.rs")
        .lines()
        .position(|line| line.contains(text));
    found.unwrap() + 1
}

#[tokio::test]
async fn two_routes_that_take_the_same_addresses_are_refused_with_both_places() {
    let builder = FlightServer::builder(First).add_service(elsewhere::SameRoute);
    let error = refusal(builder).await;
    assert_eq!(error.code(), Code::FailedPrecondition);
    let text = error.message();
    assert!(
        text.starts_with(
            "DoGet routes `numbers/{n}` and `numbers/{m}?{x}` take the same addresses: `First::number` at "
        ),
        "{text}"
    );
    let file = file!();
    let first = format!("{file}:{}:", line_of("fn number(&self, n: i64) -> Result"));
    let second = format!("{file}:{}:", line_of("fn other("));
    assert!(text.contains(&first), "{text}");
    assert!(text.contains("`other numbers::other` at "), "{text}");
    assert!(text.contains(&second), "{text}");
}

#[tokio::test]
async fn two_actions_of_one_name_are_refused_with_both_places() {
    let builder = FlightServer::builder(First).add_service(elsewhere::SameAction);
    let text = refusal(builder).await.message().to_owned();
    assert!(
        text.starts_with("two actions `greet`: `First::greet` at "),
        "{text}"
    );
    let second = format!(
        "`SameAction::also_greet` at {}:{}:",
        file!(),
        line_of("fn also_greet")
    );
    assert!(text.contains(&second), "{text}");
}

#[tokio::test]
async fn two_catch_alls_are_refused() {
    let builder = FlightServer::builder(elsewhere::CatchAll).add_service(elsewhere::CatchAll);
    let text = refusal(builder).await.message().to_owned();
    assert!(
        text.starts_with("two catch-alls for DoGet: `CatchAll::anything` at "),
        "{text}"
    );
}

#[test]
fn a_clash_is_refused_where_the_service_is_mounted_elsewhere_too() {
    let builder = FlightServer::builder(First).add_service(First);
    let error = builder.into_service().map(drop).unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn one_route_of_two_calls_is_no_clash_and_a_catch_all_comes_last() {
    within(async {
        let builder = FlightServer::builder(elsewhere::CatchAll)
            .add_service(First)
            .add_service(elsewhere::SamePut);
        let running = Running::of(builder).await;
        let mut client = client(&running).await;
        for (ticket, expected) in [("numbers/7", 7), ("anything else", 0)] {
            let stream = client.do_get(Ticket::new(ticket)).await.unwrap();
            let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
            assert_eq!(batches, [one(expected).unwrap()]);
        }
    })
    .await;
}

/// A service of any type that can be shown.
struct Shown<T>(T);

#[flight_server]
impl<T> Shown<T>
where
    T: Display + Send + Sync + 'static,
{
    #[action("show")]
    async fn show(&self) -> String {
        self.0.to_string()
    }

    #[do_get("shown/{n}", list = all)]
    fn shown(&self, n: i64) -> Result<RecordBatch, ArrowError> {
        one(n)
    }

    fn all(&self) -> Vec<i64> {
        vec![1, 2]
    }
}

#[tokio::test]
async fn a_service_may_be_generic_and_its_addresses_are_made_by_its_constructors() {
    within(async {
        let address = Shown::<u8>::shown_route(-5);
        assert_eq!(address.as_str(), "shown/-5");
        let running = Running::of(FlightServer::builder(Shown("a value"))).await;
        let mut client = client(&running).await;
        let results = client.do_action(Action::new("show", "")).await.unwrap();
        let results: Vec<Bytes> = results.try_collect().await.unwrap();
        assert_eq!(results, ["a value"]);
        let stream = client.do_get(address.ticket()).await.unwrap();
        let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
        assert_eq!(batches, [one(-5).unwrap()]);
        let flights = client.list_flights("").await.unwrap();
        let flights: Vec<FlightInfo> = flights.try_collect().await.unwrap();
        let descriptors: Vec<_> = flights
            .into_iter()
            .filter_map(|info| info.flight_descriptor)
            .collect();
        assert_eq!(
            descriptors,
            [1, 2].map(|n| Shown::<u8>::shown_route(n).descriptor())
        );
    })
    .await;
}
