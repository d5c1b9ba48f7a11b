//! The server keeps the contract: through the client that the contract has, in memory.

use contract::{InventoryClient, Item, Stocked, Summary, SummaryRequest};
use flight_runtime::futures::stream;
use flight_runtime::prelude::*;
use flight_runtime::{Code, testing};
use server::server;

fn client() -> InventoryClient {
    InventoryClient::new(testing::connect(server()).unwrap())
}

fn item(article: &str, quantity: u32, price: f64) -> Item {
    Item {
        article: article.to_owned(),
        name: format!("the {article}"),
        quantity,
        price,
    }
}

async fn articles(client: &InventoryClient, warehouse: &str) -> Vec<String> {
    let mut items = client.items(warehouse, None).await.unwrap();
    items
        .read_all()
        .await
        .unwrap()
        .into_iter()
        .map(|item| item.article)
        .collect()
}

#[tokio::test]
async fn items_come_in_order_and_within_the_limit() {
    let client = client();
    assert_eq!(
        articles(&client, "north").await,
        ["a-100", "a-200", "b-100"]
    );
    let mut two = client.items("north", Some(2)).await.unwrap();
    assert_eq!(two.read_all().await.unwrap().len(), 2);
}

#[tokio::test]
async fn every_warehouse_is_listed() {
    let flights = client()
        .client()
        .list_flights(Criteria::default())
        .await
        .unwrap();
    let flights = flights.read_all().await.unwrap();
    let paths: Vec<_> = flights
        .into_iter()
        .map(|flight| flight.flight_descriptor.unwrap().path)
        .collect();
    assert_eq!(paths, [["warehouses", "north"], ["warehouses", "south"]]);
}

#[tokio::test]
async fn stock_is_new_or_changed() {
    let client = client();
    let items = vec![item("a-100", 7, 20.0), item("z-900", 1, 1.5)];
    let stocked = client.stock("north", items).await.unwrap();
    assert_eq!(stocked, Stocked { new: 1, changed: 1 });
    assert_eq!(
        articles(&client, "north").await,
        ["a-100", "a-200", "b-100", "z-900"]
    );
    client
        .stock("east", vec![item("a-100", 1, 1.0)])
        .await
        .unwrap();
    assert_eq!(articles(&client, "east").await, ["a-100"]);
}

#[tokio::test]
async fn an_upload_with_a_mistake_or_without_an_end_changes_nothing() {
    let client = client();
    let error = client
        .stock("north", vec![item("z-900", 1, 1.0), item("z-901", 1, -1.0)])
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::InvalidArgument, "article `z-901`: -1 is no price")
    );
    let broken = [Ok(item("z-900", 1, 1.0)), Err(Error::aborted("enough"))];
    client
        .stock("north", Rows::new(stream::iter(broken)))
        .await
        .unwrap_err();
    assert_eq!(
        articles(&client, "north").await,
        ["a-100", "a-200", "b-100"]
    );
}

#[tokio::test]
async fn a_summary_is_of_one_warehouse_or_of_all() {
    let client = client();
    let warehouse = Some("south".to_owned());
    let south = client.summary(&SummaryRequest { warehouse }).await.unwrap();
    assert_eq!(
        south,
        Summary {
            articles: 2,
            quantity: 503,
            value: 454.5
        }
    );
    let all = client
        .summary(&SummaryRequest { warehouse: None })
        .await
        .unwrap();
    assert_eq!((all.articles, all.quantity), (5, 760));
}

#[tokio::test]
async fn a_warehouse_that_is_not_there_is_named_with_those_that_are() {
    let error = client().items("west", None).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            Code::NotFound,
            "no warehouse `west`; there are `north`, `south`"
        )
    );
}
