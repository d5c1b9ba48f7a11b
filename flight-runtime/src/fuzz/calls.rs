//! One field of a call, sent to a service that has a handler of every kind.

use std::cell::RefCell;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures::TryStreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use serde::Deserialize;
use tower::Service;

use super::{block_on, choice};
use crate::auth::{ApiKeys, BasicAuth, BearerTokens, JwtAuth, JwtKeys};
use crate::prelude::*;
use crate::rpc::SERVICE_NAME;
use crate::service::GrpcService;
use crate::wire::grpc::put_prefix;
use crate::{ServerAuthHandler, ServerAuthReader, ServerAuthSender};

/// What a handler reads as JSON.
#[derive(Debug, Deserialize)]
struct Order {
    item: String,
    count: Option<u32>,
    #[serde(default)]
    notes: Vec<serde_json::Value>,
}

/// A handler of every kind.
pub(super) struct Everything;

#[flight_server(crate = crate)]
impl Everything {
    #[do_get("rows/{station}/{*key}?{since}&{at}&{flag}&{letter}&{tag}")]
    #[allow(clippy::too_many_arguments)]
    async fn rows(
        &self,
        station: String,
        key: String,
        since: Option<i32>,
        at: Option<f64>,
        flag: Option<bool>,
        letter: Option<char>,
        tag: Vec<String>,
    ) -> Result<BatchStream, Error> {
        let text = format!("{station} {key} {since:?} {at:?} {flag:?} {letter:?} {tag:?}");
        Err(Error::not_found(text))
    }

    #[do_get("days/{day}/hours")]
    async fn hours(&self, day: u8) -> Result<BatchStream, Error> {
        Err(Error::not_found(day.to_string()))
    }

    #[do_get]
    async fn any(&self, order: Json<Order>) -> Result<BatchStream, Error> {
        Err(Error::not_found(format!("{order:?}")))
    }

    #[get_flight_info]
    async fn info(&self, ticket: Proto<Ticket>) -> Result<FlightInfo, Error> {
        Ok(FlightInfo::new().with_endpoint(FlightEndpoint::new().with_ticket(ticket.0)))
    }

    #[do_put("sink/{name}")]
    async fn sink(&self, name: String, mut rows: BatchStream) -> Result<String, Error> {
        let batches = rows.read_all().await?;
        super::validate(&batches);
        Ok(format!("{name}: {} batches", batches.len()))
    }

    #[do_put]
    async fn any_upload(&self, rows: BatchStream) -> Result<(), Error> {
        let mut messages = rows.messages();
        while messages.try_next().await?.is_some() {}
        Ok(())
    }

    #[do_exchange("echo")]
    async fn echo(&self, mut rows: BatchStream) -> Result<BatchStream, Error> {
        let schema = rows.schema().await?;
        Ok(BatchStream::new(schema, rows.messages()))
    }

    #[action("json")]
    async fn json(&self, order: Json<Order>) -> String {
        let Order { item, count, notes } = order.0;
        format!("{item} {count:?} {notes:?}")
    }

    #[action("proto")]
    async fn proto(&self, info: Proto<FlightInfo>) -> Proto<FlightInfo> {
        info
    }

    #[action("text")]
    async fn text(&self, text: String) -> String {
        text
    }

    #[do_action]
    async fn any_action(&self, action: Action) -> Bytes {
        action.body
    }

    #[list_flights]
    async fn flights(&self, order: Json<Option<Order>>) -> Vec<Address> {
        let _ = order;
        Vec::new()
    }
}

/// Says back what it is told, twice.
struct Echo;

impl ServerAuthHandler for Echo {
    async fn authenticate(
        &self,
        _: &CallContext,
        outgoing: &mut ServerAuthSender,
        incoming: &mut ServerAuthReader,
    ) -> Result<(), Error> {
        outgoing.write(incoming.read().await?).await?;
        while let Some(message) = incoming.next().await? {
            outgoing.write(message).await?;
        }
        Ok(())
    }

    async fn is_valid(&self, _: &CallContext, token: &[u8]) -> Result<Principal, Error> {
        match token {
            b"open sesame" => Ok("ali".into()),
            _ => Err(Error::unauthenticated("invalid token")),
        }
    }
}

fn open() -> GrpcService {
    service(FlightServer::builder(Everything))
}

fn basic() -> BasicAuth {
    BasicAuth::users([("ada", "correct horse")])
}

/// Asks for credentials of every kind.
fn guarded() -> GrpcService {
    let keys = JwtKeys::hmac("a secret that tests share");
    service(
        FlightServer::builder(Everything)
            .authenticator(ApiKeys::new("x-api-key").key("a key", "ada"))
            .authenticator(basic())
            .authenticator(BearerTokens::new().token("a token", "ada"))
            .authenticator(JwtAuth::new(keys, "issuer", "audience").leeway(Duration::from_secs(5)))
            .auth_handler(Echo),
    )
}

fn login() -> GrpcService {
    service(FlightServer::builder(Everything).authenticator(basic()))
}

fn dialogue() -> GrpcService {
    service(FlightServer::builder(Everything).auth_handler(Echo))
}

fn service(builder: crate::FlightServerBuilder) -> GrpcService {
    builder.into_service().expect("handlers that fit together")
}

thread_local! {
    static OPEN: RefCell<GrpcService> = RefCell::new(open());
    static GUARDED: RefCell<GrpcService> = RefCell::new(guarded());
    static LOGIN: RefCell<GrpcService> = RefCell::new(login());
    static DIALOGUE: RefCell<GrpcService> = RefCell::new(dialogue());
}

type Of = std::thread::LocalKey<RefCell<GrpcService>>;

/// Makes a call and reads its answer, which must end with a status.
fn call(service: &'static Of, method: &str, mut headers: HeaderMap, body: Bytes) {
    let grpc = HeaderValue::from_static("application/grpc");
    headers.insert(http::header::CONTENT_TYPE, grpc);
    let mut request = Request::new(Full::new(body));
    *request.headers_mut() = headers;
    let path = format!("/{SERVICE_NAME}/{method}");
    *request.uri_mut() = path.parse().expect("a path");
    let answer = service.with_borrow_mut(|service| service.call(request));
    let status = block_on(async {
        let (head, body) = answer.await.unwrap_or_default().into_parts();
        let collected = body.collect().await;
        let trailers = collected.ok().and_then(|body| body.trailers().cloned());
        let status = |headers: &HeaderMap| headers.get("grpc-status").cloned();
        trailers.as_ref().and_then(status).or(status(&head.headers))
    });
    assert!(status.is_some(), "{method} ended without a status");
}

/// One message in its frame.
fn framed(message: &[u8]) -> Bytes {
    let mut body = BytesMut::with_capacity(message.len() + 5);
    if put_prefix(&mut body, message.len()).is_ok() {
        body.put_slice(message);
    }
    body.freeze()
}

fn message<M: prost::Message>(message: &M) -> Bytes {
    framed(&message.encode_to_vec())
}

/// The bytes of a ticket.
pub fn ticket(bytes: &[u8]) {
    let ticket = Ticket::new(Bytes::copy_from_slice(bytes));
    call(&OPEN, "DoGet", HeaderMap::new(), message(&ticket));
}

/// A `FlightDescriptor` in protobuf. The first byte says what is asked of it.
pub fn descriptor(bytes: &[u8]) {
    let (which, bytes) = choice(bytes, 3);
    let method = ["GetFlightInfo", "GetSchema", "PollFlightInfo"];
    let method = method.get(usize::from(which)).copied().unwrap_or_default();
    call(&OPEN, method, HeaderMap::new(), framed(bytes));
}

/// An `Action` in protobuf.
pub fn action(bytes: &[u8]) {
    call(&OPEN, "DoAction", HeaderMap::new(), framed(bytes));
}

/// A `Criteria` in protobuf.
pub fn criteria(bytes: &[u8]) {
    call(&OPEN, "ListFlights", HeaderMap::new(), framed(bytes));
}

/// The request of a DoPut or DoExchange, in its frames. The first byte says which, and whether it is compressed by gRPC.
pub fn put(bytes: &[u8]) {
    let (how, bytes) = choice(bytes, 4);
    let method = match how % 2 {
        0 => "DoPut",
        _ => "DoExchange",
    };
    let mut headers = HeaderMap::new();
    if how / 2 == 1 {
        headers.insert("grpc-encoding", HeaderValue::from_static("gzip"));
    }
    call(&OPEN, method, headers, Bytes::copy_from_slice(bytes));
}

/// The request of a Handshake, in its frames. The first byte says who answers.
pub fn handshake(bytes: &[u8]) {
    let (which, bytes) = choice(bytes, 2);
    let service = match which {
        0 => &LOGIN,
        _ => &DIALOGUE,
    };
    let body = Bytes::copy_from_slice(bytes);
    call(service, "Handshake", HeaderMap::new(), body);
}

/// Headers, a line each: credentials, `grpc-timeout`, `traceparent` and whatever else. The first byte says whose call they are of.
pub fn headers(bytes: &[u8]) {
    let (which, bytes) = choice(bytes, 3);
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
            continue;
        };
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.trim_ascii()),
            HeaderValue::from_bytes(value.trim_ascii()),
        ) {
            headers.append(name, value);
        }
    }
    match which {
        0 => call(&GUARDED, "ListActions", headers, framed(&[])),
        1 => call(&OPEN, "ListActions", headers, framed(&[])),
        _ => call(&LOGIN, "Handshake", headers, Bytes::new()),
    }
}
