//! What a generated client sends as the message of a call: bodies and messages as they came, of handlers without a route.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;

use flight_runtime::arrow::array::Int64Array;
use flight_runtime::prelude::*;
use flight_runtime::{ActionResult, testing};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Request {
    count: u32,
}

const REQUEST: Request = Request { count: 7 };
const IN_JSON: &[u8] = br#"{"count":7}"#;

fn said(text: impl AsRef<[u8]>) -> Vec<RecordBatch> {
    let bytes = text.as_ref().iter().copied().map(i64::from);
    let column = Int64Array::from_iter_values(bytes);
    vec![RecordBatch::try_from_iter([("byte", Arc::new(column) as _)]).unwrap()]
}

async fn read(stream: Result<BatchStream, Error>) -> Vec<RecordBatch> {
    stream.unwrap().read_all().await.unwrap()
}

/// Bodies of bytes and of the message itself.
struct Raw;

#[flight_server(client = RawClient)]
impl Raw {
    #[action("raw")]
    async fn raw(&self, action: Action) -> ActionResult {
        assert_eq!(action.r#type, "raw");
        ActionResult { body: action.body }
    }

    #[action("both")]
    async fn both(&self, action: Action, Json(request): Json<Request>) -> Bytes {
        assert_eq!(request, REQUEST);
        action.body
    }

    #[do_action]
    async fn any(&self, action: Action) -> String {
        format!("{} {}", action.r#type, action.body.len())
    }

    #[do_get]
    async fn get(&self, body: Bytes) -> Vec<RecordBatch> {
        said(body)
    }

    #[do_put]
    async fn put(&self, body: Bytes, mut rows: BatchStream) -> Result<Bytes, Error> {
        rows.read_all().await?;
        Ok(body)
    }

    #[do_exchange]
    async fn exchange(&self, body: Bytes, _rows: BatchStream) -> Vec<RecordBatch> {
        said(body)
    }

    #[get_flight_info]
    async fn info(&self, name: Bytes) -> FlightInfo {
        FlightInfo::new().with_app_metadata(name)
    }
}

/// Bodies of text, also under the names that a client's method has of its own.
struct Text;

#[flight_server(client = TextClient)]
impl Text {
    #[do_action]
    async fn any(&self, name: String, action: Action) -> String {
        format!("{} {name}", action.r#type)
    }

    #[do_get]
    async fn get(&self, ticket: String) -> Vec<RecordBatch> {
        said(ticket)
    }

    #[do_put]
    async fn put(&self, descriptor: FlightDescriptor, name: String) -> String {
        assert_eq!(descriptor.cmd, name.as_bytes());
        name
    }

    #[do_exchange]
    async fn exchange(&self, name: String, _rows: BatchStream) -> Vec<RecordBatch> {
        said(name)
    }

    #[get_flight_info]
    async fn info(&self, name: String) -> FlightInfo {
        FlightInfo::new().with_app_metadata(name)
    }
}

/// Bodies in JSON, and actions of any name that have nothing of a body.
struct Typed;

#[flight_server(client = TypedClient)]
impl Typed {
    #[do_action]
    async fn any(&self, context: CallContext, Json(request): Json<Request>) -> Json<u32> {
        drop(context);
        Json(request.count)
    }

    #[do_get]
    async fn get(&self, body: Bytes, Json(request): Json<Request>) -> Vec<RecordBatch> {
        assert_eq!(request, REQUEST);
        said(body)
    }
}

#[tokio::test]
async fn an_action_as_it_came_is_a_body_of_bytes() {
    let client = RawClient::new(testing::connect(FlightServer::builder(Raw)).unwrap());
    assert_eq!(client.raw("as it is").await.unwrap().body, "as it is");
    assert_eq!(client.raw(vec![0xff]).await.unwrap().body, vec![0xff]);
    let any = client.any(Action::new("other", "four")).await.unwrap();
    assert_eq!(any, "other 4");
}

#[tokio::test]
async fn a_message_that_several_arguments_read_is_sent_once() {
    let client = RawClient::new(testing::connect(FlightServer::builder(Raw)).unwrap());
    assert_eq!(client.both(&REQUEST).await.unwrap(), IN_JSON);
    let client = TypedClient::new(testing::connect(FlightServer::builder(Typed)).unwrap());
    assert_eq!(read(client.get(&REQUEST).await).await, said(IN_JSON));
    let client = TextClient::new(testing::connect(FlightServer::builder(Text)).unwrap());
    assert_eq!(client.put("both").await.unwrap(), "both");
}

#[tokio::test]
async fn an_action_of_any_name_has_its_name_and_its_body() {
    let client = TextClient::new(testing::connect(FlightServer::builder(Text)).unwrap());
    assert_eq!(client.any("say", "hello").await.unwrap(), "say hello");
    let client = TypedClient::new(testing::connect(FlightServer::builder(Typed)).unwrap());
    assert_eq!(client.any("count".to_owned(), &REQUEST).await.unwrap(), 7);
}

#[tokio::test]
async fn tickets_and_commands_are_bodies_of_bytes_or_text() {
    let raw = RawClient::new(testing::connect(FlightServer::builder(Raw)).unwrap());
    let text = TextClient::new(testing::connect(FlightServer::builder(Text)).unwrap());
    let [batch] = <[RecordBatch; 1]>::try_from(said("x")).unwrap();
    assert_eq!(read(raw.get(vec![1, 2]).await).await, said([1, 2]));
    assert_eq!(read(text.get("ü").await).await, said("ü"));
    assert_eq!(raw.put("body", batch.clone()).await.unwrap(), "body");
    let exchanged = raw.exchange("bytes", batch.clone()).await;
    assert_eq!(read(exchanged).await, said("bytes"));
    assert_eq!(read(text.exchange("text", batch).await).await, said("text"));
    assert_eq!(raw.info("bytes").await.unwrap().app_metadata, "bytes");
    assert_eq!(text.info("text").await.unwrap().app_metadata, "text");
}
