//! What a server takes of connections: how many, and how long they may be silent.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod limited;

use std::time::Duration;

use common::within;
use flight_runtime::{CallOptions, Code, FlightClient, Limits, Location};
use limited::{client, closed, eventually, hello, limited as server, raw, serve, waiting};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

fn soon() -> Limits {
    Limits::default().time_to_speak(Duration::from_millis(150))
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    within(async {
        let (server, _) = serve(soon()).await;
        let silent = raw(&server).await;
        let mut half = raw(&server).await;
        half.write_all(PREFACE).await.unwrap();
        let (silent, half) = tokio::join!(closed(silent), closed(half));
        for took in [silent, half] {
            let (least, most) = (Duration::from_millis(100), Duration::from_secs(1));
            assert!(least < took && took < most, "{took:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_speaks_in_time_stays() {
    within(async {
        let (server, _) = serve(soon()).await;
        let mut socket = raw(&server).await;
        socket.write_all(PREFACE).await.unwrap();
        socket.write_all(SETTINGS).await.unwrap();
        let closed = closed(socket);
        assert!(
            tokio::time::timeout(Duration::from_millis(400), closed)
                .await
                .is_err()
        );
        let client = client(&server).await;
        hello(&client).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        hello(&client).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_longest_time_there_is_means_no_limit() {
    within(async {
        const MAX: Duration = Duration::MAX;
        let limits = Limits::default()
            .time_to_speak(MAX)
            .max_connection_age(MAX)
            .connection_age_grace(MAX)
            .upload_idle(MAX)
            .download_idle(MAX)
            .max_call_duration(MAX)
            .max_upload_duration(MAX)
            .max_handshake_duration(MAX);
        let (builder, _) = server(limits);
        let builder = builder
            .http2_keepalive_interval(MAX)
            .http2_keepalive_timeout(MAX);
        let server = builder.start().await.unwrap();
        let client = FlightClient::builder(server.location().clone())
            .http2_keepalive_interval(MAX)
            .http2_keepalive_timeout(MAX)
            .options(CallOptions::new().timeout(MAX));
        let client = client.connect().await.unwrap();
        hello(&client).await.unwrap();
        let mut rows = waiting(&client).await.unwrap();
        let more = tokio::time::timeout(Duration::from_millis(100), rows.try_next());
        assert!(more.await.is_err(), "it goes on");
        // From a thread that has no runtime, too.
        let handle = (*server).clone();
        std::thread::spawn(move || handle.shutdown_within(MAX))
            .join()
            .unwrap();
        drop(rows);
        server.wait().await;
    })
    .await;
}

#[tokio::test]
async fn a_silent_connection_on_a_unix_domain_socket_is_closed() {
    within(async {
        let path = std::env::temp_dir().join(format!("flight-limits-{}", std::process::id()));
        let location = Location::from(format!("grpc+unix://{}", path.display()).as_str());
        let server = server(soon()).0.location(location).start().await.unwrap();
        let mut silent = UnixStream::connect(&path).await.unwrap();
        let mut bytes = Vec::new();
        let _ = silent.read_to_end(&mut bytes).await;
        server.shutdown();
        server.wait().await;
    })
    .await;
}

#[tokio::test]
async fn tls_takes_nothing_from_the_time_to_speak_and_gives_nothing_to_it() {
    within(async {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let server = server(soon())
            .0
            .location("grpc+tls://127.0.0.1:0")
            .tls_certificate(certificate.clone(), key)
            .start()
            .await
            .unwrap();
        // It says nothing, or not all of its first message.
        let silent = raw(&server).await;
        let mut half = raw(&server).await;
        half.write_all(&[22, 3, 1, 0, 200, 1]).await.unwrap();
        let (silent, half) = tokio::join!(closed(silent), closed(half));
        for took in [silent, half] {
            let (least, most) = (Duration::from_millis(100), Duration::from_secs(1));
            assert!(least < took && took < most, "{took:?}");
        }
        let client = FlightClient::builder(server.location().clone())
            .root_certificates(certificate)
            .override_hostname("localhost")
            .connect()
            .await
            .unwrap();
        hello(&client).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        hello(&client).await.unwrap();
        let silent = raw(&server).await;
        server.shutdown();
        drop(client);
        tokio::time::timeout(Duration::from_millis(500), server.wait())
            .await
            .unwrap();
        drop(silent);
    })
    .await;
}

#[tokio::test]
async fn a_silent_connection_does_not_hold_up_the_end() {
    within(async {
        let (server, _) = serve(Limits::default()).await;
        let silent = raw(&server).await;
        let mut half = raw(&server).await;
        half.write_all(PREFACE).await.unwrap();
        let client = client(&server).await;
        hello(&client).await.unwrap();
        server.shutdown();
        tokio::time::timeout(Duration::from_millis(500), server.wait())
            .await
            .unwrap();
        drop((silent, half));
    })
    .await;
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once_and_counted() {
    within(async {
        let (server, _) = serve(Limits::default().max_connections(2)).await;
        let (first, second) = (client(&server).await, client(&server).await);
        hello(&first).await.unwrap();
        hello(&second).await.unwrap();
        assert_eq!(server.refused_connections(), 0);
        assert!(closed(raw(&server).await).await < Duration::from_millis(500));
        assert_eq!(server.refused_connections(), 1);
        let error = match FlightClient::connect(server.location().clone()).await {
            Ok(client) => hello(&client).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.code(), Code::Unavailable, "{error}");
        // Nobody else is hurt, and who leaves makes room.
        hello(&first).await.unwrap();
        drop(second);
        let refused = server.refused_connections();
        assert!(refused >= 2);
        loop {
            let next = FlightClient::connect(server.location().clone()).await;
            if let Ok(next) = next
                && hello(&next).await.is_ok()
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn connections_of_one_address_have_a_limit_of_their_own() {
    within(async {
        let limits = Limits::default().max_connections_per_address(1);
        let (server, _) = serve(limits).await;
        let first = client(&server).await;
        hello(&first).await.unwrap();
        assert!(closed(raw(&server).await).await < Duration::from_millis(500));
        assert_eq!(server.refused_connections(), 1);
        // Another address of the same machine.
        let other = tokio::net::TcpSocket::new_v4().unwrap();
        other.bind(([127, 0, 0, 2], 0).into()).unwrap();
        let address = ([127, 0, 0, 1], server.port()).into();
        let other = other.connect(address).await.unwrap();
        let stays = tokio::time::timeout(Duration::from_millis(150), closed(other));
        assert!(stays.await.is_err());
        assert_eq!(server.refused_connections(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_client_waits_with_more_calls_than_its_connection_may_have() {
    within(async {
        let limits = Limits::default().max_calls_per_connection(2);
        let (server, alive) = serve(limits).await;
        let client = client(&server).await;
        hello(&client).await.unwrap();
        let first = waiting(&client).await.unwrap();
        let second = waiting(&client).await.unwrap();
        let mut third = Box::pin(waiting(&client));
        let early = tokio::time::timeout(Duration::from_millis(150), &mut third);
        assert!(early.await.is_err());
        assert_eq!(alive.count(), 2);
        drop(first);
        let third = third.await.unwrap();
        drop((second, third));
        alive.becomes(0).await;
        eventually(|| server.running_calls() == 0).await;
    })
    .await;
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let mut frame = vec![0, 0, length, kind, flags, 0, 0, 0, stream];
    frame.extend_from_slice(payload);
    frame
}

/// The headers of a call, none of them compressed.
fn headers() -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/arrow.flight.protocol.FlightService/DoPut"),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ] {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

#[tokio::test]
async fn a_call_that_a_client_sends_over_the_limit_of_its_connection_is_reset_as_refused() {
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const END_HEADERS: u8 = 4;
    const REFUSED_STREAM: u8 = 7;
    within(async {
        let limits = Limits::default().max_calls_per_connection(2);
        let (server, _) = serve(limits).await;
        let mut socket = raw(&server).await;
        socket.write_all(PREFACE).await.unwrap();
        socket.write_all(SETTINGS).await.unwrap();
        for stream in [1, 3, 5] {
            let begun = frame(HEADERS, END_HEADERS, stream, &headers());
            socket.write_all(&begun).await.unwrap();
        }
        loop {
            let mut head = [0; 9];
            socket.read_exact(&mut head).await.unwrap();
            let [a, b, c, kind, .., stream] = head;
            let length = u32::from_be_bytes([0, a, b, c]);
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            socket.read_exact(&mut payload).await.unwrap();
            if kind == RST_STREAM {
                assert_eq!((stream, payload), (5, vec![0, 0, 0, REFUSED_STREAM]));
                break;
            }
        }
        eventually(|| server.running_calls() == 2).await;
        drop(socket);
        eventually(|| server.running_calls() == 0).await;
    })
    .await;
}
