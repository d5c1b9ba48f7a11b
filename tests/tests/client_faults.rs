//! What our client says of servers that answer nonsense, or not at all: an error that names the fault, soon, and never a panic.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::Duration;

use common::within;
use flight_runtime::arrow::array::Int64Array;
use flight_runtime::http::{HeaderMap, Request, Response};
use flight_runtime::prelude::*;
use flight_runtime::{CallOptions, Code, FlightClient};
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// A server that does this with every connection.
async fn raw<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = format!("grpc://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket));
        }
    });
    location
}

/// A client of a server in HTTP/2 that answers every call like this.
async fn odd<F>(
    answer: impl Fn(Request<RecvStream>, SendResponse<Bytes>) -> F + Clone + Send + Sync + 'static,
) -> FlightClient
where
    F: Future<Output = ()> + Send + 'static,
{
    let location = raw(move |socket| {
        let answer = answer.clone();
        async move {
            let mut connection = h2::server::handshake(socket).await.unwrap();
            while let Some(Ok((request, respond))) = connection.accept().await {
                tokio::spawn(answer(request, respond));
            }
        }
    });
    FlightClient::connect(location.await).await.unwrap()
}

/// Answers head, data and trailers as they stand here; `None` is the end of the stream in the one before.
async fn odd_answer(
    head: Response<()>,
    data: Option<&'static [u8]>,
    trailers: Option<&[(&'static str, &str)]>,
) -> FlightClient {
    let trailers = trailers.map(|trailers| {
        let pairs = trailers.iter();
        let pairs = pairs.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        pairs.collect::<HeaderMap>()
    });
    odd(move |_, mut respond| {
        let (head, trailers) = (head.clone(), trailers.clone());
        async move {
            let ended = data.is_none() && trailers.is_none();
            let Ok(mut stream) = respond.send_response(head, ended) else {
                return;
            };
            if let Some(data) = data {
                let _ = stream.send_data(Bytes::from_static(data), trailers.is_none());
            }
            if let Some(trailers) = trailers {
                let _ = stream.send_trailers(trailers);
            }
        }
    })
    .await
}

fn grpc() -> Response<()> {
    let head = Response::builder().header("content-type", "application/grpc");
    head.body(()).unwrap()
}

fn html(status: u16) -> Response<()> {
    let head = Response::builder().header("content-type", "text/html");
    head.status(status).body(()).unwrap()
}

fn rows() -> RecordBatch {
    let column = Int64Array::from_iter_values(0..1000);
    RecordBatch::try_from_iter([("n", std::sync::Arc::new(column) as _)]).unwrap()
}

/// An upload that does not end by itself.
fn endless() -> BatchStream {
    BatchStream::new(
        rows().schema(),
        futures::stream::repeat_with(rows as fn() -> RecordBatch),
    )
}

/// What each kind of call ends with, none of which may hang.
async fn errors(client: &FlightClient) -> Vec<(&'static str, Error)> {
    let path = || FlightDescriptor::new_path(vec!["x".to_owned()]);
    let soon = Duration::from_secs(10);
    let get = async { client.do_get(Ticket::new("x")).await?.read_all().await };
    let put = async {
        let results = client.do_put(path(), endless()).await?;
        results.read_all().await
    };
    let exchange = async {
        let mut rows = client.do_exchange(path(), endless()).await?;
        rows.read_all().await
    };
    let action = async {
        let results = client.do_action(Action::new("x", "")).await?;
        results.read_all().await
    };
    let wait = "an end within ten seconds";
    vec![
        ("get", timeout(soon, get).await.expect(wait).unwrap_err()),
        ("put", timeout(soon, put).await.expect(wait).unwrap_err()),
        (
            "exchange",
            timeout(soon, exchange).await.expect(wait).unwrap_err(),
        ),
        (
            "action",
            timeout(soon, action).await.expect(wait).unwrap_err(),
        ),
        (
            "info",
            timeout(soon, client.get_flight_info(path()))
                .await
                .expect(wait)
                .unwrap_err(),
        ),
    ]
}

/// Every call ends with this code, and a message that has this in it.
async fn all_end_with(client: &FlightClient, code: Code, said: &str) {
    for (call, error) in errors(client).await {
        assert_eq!(error.code(), code, "{call}: {error}");
        assert!(error.message().contains(said), "{call}: {error}");
    }
}

#[tokio::test]
async fn an_answer_without_a_status_is_not_a_success() {
    within(async {
        let said = "without a status";
        let client = odd_answer(grpc(), None, None).await;
        all_end_with(&client, Code::Internal, said).await;
        let client = odd_answer(grpc(), Some(b""), None).await;
        all_end_with(&client, Code::Internal, said).await;
        let client = odd_answer(grpc(), None, Some(&[("x-other", "1")])).await;
        all_end_with(&client, Code::Internal, said).await;
    })
    .await;
}

#[tokio::test]
async fn what_stands_in_between_answers_in_http() {
    within(async {
        for (status, code) in [
            (400, Code::Internal),
            (401, Code::Unauthenticated),
            (403, Code::PermissionDenied),
            (404, Code::Unimplemented),
            (429, Code::Unavailable),
            (500, Code::Unknown),
            (502, Code::Unavailable),
            (503, Code::Unavailable),
            (504, Code::Unavailable),
        ] {
            let client = odd_answer(html(status), Some(b"<h1>busy</h1>"), None).await;
            all_end_with(&client, code, &format!("HTTP {status}")).await;
        }
    })
    .await;
}

#[tokio::test]
async fn another_content_type_is_named() {
    within(async {
        let client = odd_answer(html(200), Some(b"<h1>welcome</h1>"), None).await;
        all_end_with(&client, Code::Unknown, "text/html").await;
        let client = odd_answer(Response::new(()), Some(b"hello"), None).await;
        all_end_with(&client, Code::Unknown, "content-type").await;
        // gRPC in text, for browsers, is another protocol.
        let head = Response::builder().header("content-type", "application/grpc-web-text");
        let client = odd_answer(head.body(()).unwrap(), Some(b"AAAA"), None).await;
        all_end_with(&client, Code::Unknown, "grpc-web-text").await;
    })
    .await;
}

#[tokio::test]
async fn streams_that_are_reset_end_with_the_code_of_grpc() {
    within(async {
        for (reason, code) in [
            (Reason::NO_ERROR, Code::Internal),
            (Reason::PROTOCOL_ERROR, Code::Internal),
            (Reason::INTERNAL_ERROR, Code::Internal),
            (Reason::FLOW_CONTROL_ERROR, Code::Internal),
            (Reason::REFUSED_STREAM, Code::Unavailable),
            (Reason::CANCEL, Code::Cancelled),
            (Reason::ENHANCE_YOUR_CALM, Code::ResourceExhausted),
            (Reason::INADEQUATE_SECURITY, Code::PermissionDenied),
            (Reason::from(4711), Code::Internal),
        ] {
            let client = odd(move |_, mut respond| async move { respond.send_reset(reason) });
            let client = client.await;
            all_end_with(&client, code, "the server ended the call").await;

            // And behind the head.
            let client = odd(move |_, mut respond| async move {
                if let Ok(mut stream) = respond.send_response(grpc(), false) {
                    stream.send_reset(reason);
                }
            });
            let client = client.await;
            all_end_with(&client, code, "the server ended the call").await;
        }
    })
    .await;
}

#[tokio::test]
async fn messages_that_are_none_are_said_to_be() {
    within(async {
        let ok: &[_] = &[("grpc-status", "0")];
        for (data, code, said) in [
            // A message that declares more than comes.
            (&b"\0\0\0\0\x09abc"[..], Code::Internal, "cannot be read"),
            (b"\0\0\0", Code::Internal, "cannot be read"),
            // One that is compressed, though nobody asked.
            (b"\x01\0\0\0\x01a", Code::Internal, "cannot be read"),
            (b"\x07\0\0\0\x01a", Code::Internal, "cannot be read"),
            // Not protobuf.
            (
                b"\0\0\0\0\x03\xff\xff\xff",
                Code::Internal,
                "cannot be read",
            ),
            // Four gigabytes.
            (
                b"\0\xff\xff\xff\xff",
                Code::ResourceExhausted,
                "`max_message_size`",
            ),
        ] {
            let client = odd_answer(grpc(), Some(data), Some(ok)).await;
            all_end_with(&client, code, said).await;
        }
        // A FlightData whose header is no message of Arrow.
        let data = b"\0\0\0\0\x0a\x12\x08\xff\xff\xff\xff\x10\0\0\0";
        let client = odd_answer(grpc(), Some(data), Some(ok)).await;
        let read = async { client.do_get(Ticket::new("x")).await?.read_all().await };
        let error = read.await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{error}");
        assert!(error.message().contains("cannot be read"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_compression_that_was_not_asked_for_is_named() {
    within(async {
        let head = Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-encoding", "snappy");
        let client = odd_answer(head.body(()).unwrap(), Some(b"\0\0\0\0\0"), None).await;
        all_end_with(&client, Code::Internal, "snappy").await;
    })
    .await;
}

#[tokio::test]
async fn statuses_of_every_form_are_read() {
    within(async {
        for (status, message, code, said) in [
            ("5", "caf%C3%A9%20closed", Code::NotFound, "café closed"),
            ("99", "", Code::Unknown, ""),
            ("no", "", Code::Unknown, ""),
        ] {
            let trailers: &[_] = &[("grpc-status", status), ("grpc-message", message)];
            let client = odd_answer(grpc(), None, Some(trailers)).await;
            all_end_with(&client, code, said).await;
            // In one frame with the head.
            let head = Response::builder()
                .header("content-type", "application/grpc")
                .header("grpc-status", status)
                .header("grpc-message", message);
            let client = odd_answer(head.body(()).unwrap(), None, None).await;
            all_end_with(&client, code, said).await;
        }
        // One that says it went well, and nothing else: no rows, no results, and no answer where one is expected.
        let client = odd_answer(grpc(), None, Some(&[("grpc-status", "0")])).await;
        let results = client.do_action(Action::new("x", "")).await.unwrap();
        assert!(results.read_all().await.unwrap().is_empty());
        let error = client.get_flight_info(FlightDescriptor::new_cmd("x")).await;
        assert!(error.unwrap_err().message().contains("no message"));
        let read = async { client.do_get(Ticket::new("x")).await?.read_all().await };
        assert_eq!(read.await.unwrap_err().code(), Code::Internal);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_http_2_is_said_to_be_a_lost_connection() {
    within(async {
        for garbage in [
            &b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"[..],
            b"SSH-2.0-OpenSSH_9.9\r\n",
            &[0xff; 64],
            &[0; 9],
            // A frame of SETTINGS that declares 16 MiB.
            b"\xff\xff\xff\x04\0\0\0\0\0",
            // DATA on a stream that nobody opened.
            b"\0\0\0\x04\0\0\0\0\0\0\0\x01\0\0\0\0\0\x07a",
            // A promise, which was forbidden.
            b"\0\0\0\x04\0\0\0\0\0\0\0\x04\x05\x04\0\0\0\x01\0\0\0\x02",
            b"",
        ] {
            let location = raw(move |mut socket| async move {
                let _ = socket.write_all(garbage).await;
                let _ = timeout(Duration::from_millis(20), socket.read(&mut [0; 100])).await;
            });
            let builder = FlightClient::builder(location.await);
            let client = builder.connect_lazy().unwrap();
            for (call, error) in errors(&client).await {
                assert_eq!(error.code(), Code::Unavailable, "{call}: {error}");
                let location = client.location().as_str();
                assert!(error.message().contains(location), "{call}: {error}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_at_the_time_limit() {
    within(async {
        let location = raw(|mut socket| async move {
            let mut sink = tokio::io::sink();
            let _ = tokio::io::copy(&mut socket, &mut sink).await;
        });
        let limit = CallOptions::new().timeout(Duration::from_millis(200));
        let client = FlightClient::builder(location.await).options(limit);
        let client = client.connect_lazy().unwrap();
        for (call, error) in errors(&client).await {
            assert_eq!(error.code(), Code::DeadlineExceeded, "{call}: {error}");
        }
    })
    .await;
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    within(async {
        let mut head = grpc();
        for n in 0..20 {
            let name: flight_runtime::http::HeaderName = format!("x-{n}").parse().unwrap();
            let value = "x".repeat(8000).parse().unwrap();
            head.headers_mut().insert(name, value);
        }
        let client = odd_answer(head, Some(b""), None).await;
        for (call, error) in errors(&client).await {
            assert!(
                [Code::Internal, Code::Unavailable].contains(&error.code()),
                "{call}: {error}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_says_goodbye_is_connected_to_anew() {
    within(async {
        let location = raw(|socket| async move {
            let mut connection = h2::server::handshake(socket).await.unwrap();
            // One call of each connection, and no more.
            if let Some(Ok((_, mut respond))) = connection.accept().await {
                connection.graceful_shutdown();
                let head = Response::builder()
                    .header("content-type", "application/grpc")
                    .header("grpc-status", "0");
                respond.send_response(head.body(()).unwrap(), true).unwrap();
            }
            while connection.accept().await.is_some() {}
        });
        let client = FlightClient::connect(location.await).await.unwrap();
        let mut answered = 0;
        for _ in 0..20 {
            // The goodbye may come behind the call that follows it, which is lost then.
            match client.do_action(Action::new("x", "")).await {
                Ok(results) => {
                    assert!(results.read_all().await.unwrap().is_empty());
                    answered += 1;
                }
                Err(error) => assert_eq!(error.code(), Code::Unavailable, "{error}"),
            }
        }
        assert!(answered >= 10, "{answered} of 20 calls");
    })
    .await;
}
