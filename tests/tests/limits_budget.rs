//! Messages that are begun and not ended: what all of them may take, in fair shares.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod limited;

use std::time::Duration;

use common::within;
use flight_runtime::bytes::{BufMut, Bytes, BytesMut};
use flight_runtime::http::Request;
use flight_runtime::prelude::*;
use flight_runtime::{Limits, RunningServer};
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use limited::{batches, client, eventually, hello, raw, serve_known, token, upload};

const KIB: usize = 1 << 10;
/// A FlightData with nothing but the path `outlive`.
const OUTLIVE: &[u8] = b"\x00\x00\x00\x00\x0d\x0a\x0b\x08\x01\x1a\x07outlive";

/// A connection on which requests are not ended.
struct Hoarder(SendRequest<Bytes>);

/// A request that is under way.
struct Begun {
    body: SendStream<Bytes>,
    answer: ResponseFuture,
}

impl Hoarder {
    async fn new(server: &RunningServer) -> Self {
        let (sender, connection) = h2::client::handshake(raw(server).await).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    /// Begins a message that is announced with a MiB, and sends so much of it.
    async fn begin(&mut self, who: &str, method: &str, count: usize) -> Begun {
        self.begin_behind(b"", who, method, count).await
    }

    /// Sends an Action of so many bytes, and does not say that it was the last message.
    async fn whole(&mut self, who: &str, count: usize) -> Begun {
        let (mut message, mut key) = (BytesMut::new(), count);
        message.put_u8(0x12);
        while key >= 0x80 {
            message.put_u8((key & 0x7f) as u8 | 0x80);
            key >>= 7;
        }
        message.put_u8(key as u8);
        message.put_bytes(0, count);
        let mut framed = BytesMut::new();
        framed.put_u8(0);
        framed.put_u32(message.len() as u32);
        framed.extend_from_slice(&message);
        let mut begun = self.request(who, "DoAction").await;
        begun.send(framed.freeze());
        begun
    }

    async fn request(&mut self, who: &str, method: &str) -> Begun {
        let request = Request::post(format!(
            "http://localhost/arrow.flight.protocol.FlightService/{method}"
        ))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {who}"));
        let mut sender = self.0.clone().ready().await.unwrap();
        let request = request.body(()).unwrap();
        let (answer, body) = sender.send_request(request, false).unwrap();
        Begun { body, answer }
    }

    /// The same behind a message that is whole.
    async fn begin_behind(
        &mut self,
        whole: &'static [u8],
        who: &str,
        method: &str,
        count: usize,
    ) -> Begun {
        let mut begun = self.request(who, method).await;
        let mut prefix = BytesMut::from(whole);
        prefix.put_u8(0);
        prefix.put_u32(1 << 20);
        // FlightData's body, and an Action's: a field of bytes that is as long as the message.
        let field: &[u8] = match method {
            "DoAction" => &[0x12, 0xfc, 0xff, 0x3f],
            _ => &[0xc2, 0x3e, 0xfb, 0xff, 0x3f],
        };
        prefix.extend_from_slice(field);
        begun.send(prefix.freeze());
        begun.send(vec![0; count].into());
        begun
    }
}

impl Begun {
    fn send(&mut self, bytes: Bytes) {
        self.body.send_data(bytes, false).unwrap();
    }

    /// What the server answers, code and message.
    async fn refused(self) -> (String, String) {
        let answer = self.answer.await.unwrap();
        let of = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        (of("grpc-status"), of("grpc-message"))
    }
}

/// A server that may hold a MiB of such messages.
async fn server() -> RunningServer {
    serve_known(Limits::default().max_unfinished_bytes(1 << 20))
        .await
        .0
}

async fn served(server: &RunningServer, who: &str) -> Result<String, Error> {
    let client = client(server).await.with(token(who));
    hello(&client).await?;
    upload(&client, batches([3, 4])).await
}

#[tokio::test]
async fn a_caller_may_hold_as_much_as_is_left_and_nobody_else_suffers() {
    within(async {
        for method in ["DoPut", "DoExchange", "DoAction"] {
            let server = server().await;
            let mut hoarder = Hoarder::new(&server).await;
            let first = hoarder.begin("ada", method, 400 * KIB).await;
            eventually(|| server.running_calls() == 1).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            let second = hoarder.begin("ada", method, 400 * KIB).await;
            let (code, message) = second.refused().await;
            assert_eq!(code, "8", "{message}");
            assert!(
                message.contains("Limits::max_unfinished_bytes(1048576)"),
                "{message}"
            );
            // Who holds little finds room, and so does who holds nothing.
            let other = hoarder.begin("bob", method, 200 * KIB).await;
            assert_eq!(served(&server, "ada").await.unwrap(), "7");
            assert_eq!(served(&server, "bob").await.unwrap(), "7");
            assert_eq!(server.running_calls(), 2, "{method}: {:?}", first.body);
            drop(other);
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_whole_counts_until_its_request_ends() {
    within(async {
        let server = server().await;
        let mut hoarder = Hoarder::new(&server).await;
        let first = hoarder.whole("ada", 400 * KIB).await;
        eventually(|| server.running_calls() == 1).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (code, message) = hoarder.whole("ada", 400 * KIB).await.refused().await;
        assert_eq!(code, "8", "{message}");
        assert!(message.contains("max_unfinished_bytes"), "{message}");
        assert_eq!(served(&server, "bob").await.unwrap(), "7");
        drop(first);
        eventually(|| server.running_calls() == 0).await;
        assert_eq!(served(&server, "ada").await.unwrap(), "7");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_longer_held_makes_room() {
    within(async {
        let server = server().await;
        let mut hoarder = Hoarder::new(&server).await;
        for _ in 0..20 {
            let mut begun = hoarder.begin("ada", "DoPut", 500 * KIB).await;
            eventually(|| server.running_calls() == 1).await;
            begun.body.send_reset(Reason::CANCEL);
            eventually(|| server.running_calls() == 0).await;
        }
        // Whole messages are their handler's: these are six times the limit, one after the other.
        let client = client(&server).await.with(token("ada"));
        let rows = batches([50_000; 16]);
        assert_eq!(upload(&client, rows).await.unwrap(), "800000");
    })
    .await;
}

#[tokio::test]
async fn a_handler_that_lives_on_behind_the_error_holds_nothing_of_its_message() {
    within(async {
        let limits = Limits::default().max_unfinished_bytes(1 << 20);
        let (server, alive) = serve_known(limits).await;
        let mut hoarder = Hoarder::new(&server).await;
        let _refused = hoarder
            .begin_behind(OUTLIVE, "ada", "DoPut", 600 * KIB)
            .await;
        alive.becomes(1).await;
        // There is room for it, unless the other one still counts.
        let begun = hoarder.begin("ada", "DoAction", 500 * KIB).await;
        let answer = tokio::time::timeout(Duration::from_millis(300), begun.answer).await;
        assert!(answer.is_err(), "{answer:?}");
        assert_eq!((alive.count(), server.running_calls()), (1, 2));
    })
    .await;
}
