//! A contract that several types implement, and the client that knows the contract alone.
#![allow(clippy::unwrap_used, missing_docs)]

use flight_runtime::prelude::*;
use flight_runtime::{Code, testing};
use futures::stream::{self, Stream};

/// What the rest sees of the service: a crate of its own.
mod api {
    use std::sync::Arc;

    use flight_runtime::arrow::array::Int64Array;
    use flight_runtime::prelude::*;
    use futures::stream::Stream;

    pub(crate) fn numbers(count: i64) -> RecordBatch {
        let column = Int64Array::from_iter_values(0..count);
        RecordBatch::try_from_iter([("n", Arc::new(column) as _)]).unwrap()
    }

    /// Counts.
    #[flight_service(client = CounterClient)]
    pub(crate) trait Counter {
        /// Numbers up to `count`.
        #[do_get("numbers/{count}", list = counts)]
        async fn numbers(&self, count: i64) -> Result<BatchStream, Error>;

        async fn counts(&self) -> Vec<i64>;

        /// Rows that were uploaded.
        #[do_put("rows")]
        async fn rows(&self, rows: BatchStream) -> Result<Json<usize>, Error> {
            let mut rows = rows;
            let mut total = 0;
            while let Some(batch) = rows.try_next().await? {
                total += batch.num_rows();
            }
            Ok(Json(total + self.offset()))
        }

        #[do_exchange("echo")]
        async fn echo(&self, rows: BatchStream) -> BatchStream {
            rows
        }

        /// Steps, one at a time.
        #[action("steps")]
        fn steps(&self) -> impl Stream<Item = Json<u32>> + Send;

        #[action("name")]
        fn name(&self) -> String;

        fn offset(&self) -> usize {
            0
        }
    }
}

use api::{Counter, CounterClient, numbers};

struct Plain;

#[flight_service]
impl Counter for Plain {
    async fn numbers(&self, count: i64) -> Result<BatchStream, Error> {
        Ok(numbers(count).into())
    }

    async fn counts(&self) -> Vec<i64> {
        vec![1, 2]
    }

    fn steps(&self) -> impl Stream<Item = Json<u32>> + Send {
        stream::iter([Json(1), Json(2)])
    }

    fn name(&self) -> String {
        "plain".to_owned()
    }
}

struct Offset<T>(T);

#[flight_service]
impl<T: Into<usize> + Copy + Send + Sync + 'static> Counter for Offset<T> {
    async fn numbers(&self, count: i64) -> Result<BatchStream, Error> {
        Err(Error::not_found(format!("no {count}")))
    }

    async fn counts(&self) -> Vec<i64> {
        Vec::new()
    }

    fn steps(&self) -> impl Stream<Item = Json<u32>> + Send {
        stream::empty()
    }

    fn name(&self) -> String {
        "offset".to_owned()
    }

    fn offset(&self) -> usize {
        self.0.into()
    }
}

fn of(server: flight_runtime::FlightServerBuilder) -> CounterClient {
    CounterClient::new(testing::connect(server).unwrap())
}

#[tokio::test]
async fn several_types_answer_one_contract() {
    let plain = of(FlightServer::builder(Plain));
    let offset = of(FlightServer::builder(Offset(100_u8)));
    assert_eq!(plain.name().await.unwrap(), "plain");
    assert_eq!(offset.name().await.unwrap(), "offset");
    assert_eq!(plain.rows(numbers(5)).await.unwrap(), 5);
    assert_eq!(offset.rows(numbers(5)).await.unwrap(), 105);
    let read = plain.numbers(3).await.unwrap().read_all().await.unwrap();
    assert_eq!(read, [numbers(3)]);
    let error = offset.numbers(3).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::NotFound, "no 3"));
    let steps = plain.steps().await.unwrap().read_all().await.unwrap();
    assert_eq!(steps, [1, 2]);
    let echoed = plain
        .echo(numbers(4))
        .await
        .unwrap()
        .read_all()
        .await
        .unwrap();
    assert_eq!(echoed, [numbers(4)]);
}

#[tokio::test]
async fn its_routes_are_listed_and_addressed_as_those_of_a_block() {
    let client = of(FlightServer::builder(Plain));
    let flights = client
        .client()
        .list_flights(Criteria::default())
        .await
        .unwrap();
    let flights = flights.read_all().await.unwrap();
    let tickets: Vec<_> = flights
        .iter()
        .map(|flight| flight.endpoint[0].ticket.clone().unwrap())
        .collect();
    assert_eq!(
        tickets,
        [Ticket::new("numbers/1"), Ticket::new("numbers/2")]
    );
    assert_eq!(CounterClient::numbers_route(7), Plain::numbers_route(7));
    let actions = client
        .client()
        .list_actions()
        .await
        .unwrap()
        .read_all()
        .await
        .unwrap();
    let steps = actions
        .iter()
        .find(|action| action.r#type == "steps")
        .unwrap();
    assert_eq!(steps.description, "Steps, one at a time.");
}
