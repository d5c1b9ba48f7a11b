//! Connections that say nothing, or half of something.

use std::time::Duration;

use flight_runtime::Limits;
use tokio::io::AsyncWriteExt;

use crate::frames::{HEADERS, How, PREFACE, Raw, frame};
use crate::good::Good;
use crate::limited::{closed, limited, raw};
use crate::{attack, calls, long};

fn soon() -> Limits {
    Limits::default().time_to_speak(Duration::from_millis(300))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_that_say_nothing_or_half_a_preface_are_closed() {
    attack("half a preface", soon(), async |port| {
        for said in [&[][..], &PREFACE[..10], PREFACE] {
            let mut connections = Vec::new();
            for _ in 0..100 {
                let mut raw = Raw::silent(port, &How::default()).await.unwrap();
                raw.write(said).await.unwrap();
                connections.push(raw);
            }
            for mut raw in connections {
                raw.closed().await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_frame_is_found_by_the_ping_that_is_not_answered() {
    let (server, _) = limited(soon());
    let server = server
        .http2_keepalive_interval(Duration::from_millis(200))
        .http2_keepalive_timeout(Duration::from_millis(200))
        .start()
        .await
        .unwrap();
    let good = Good::begin(server.location(), 2, &calls());
    let mut half = raw(&server).await;
    let hello = [PREFACE, &frame(4, 0, 0, &[])].concat();
    half.write_all(&hello).await.unwrap();
    let headers = frame(HEADERS, 4, 1, &[0; 5000]);
    half.write_all(&headers[..200]).await.unwrap();
    let took = closed(half).await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(good.end().await.calls > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_of_tls_that_never_end_are_closed() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let server = limited(soon())
        .0
        .location("grpc+tls://127.0.0.1:0")
        .tls_certificate(certificate.clone(), key)
        .start()
        .await
        .unwrap();
    let mut connections = Vec::new();
    for _ in 0..100 {
        connections.push(raw(&server).await);
        let mut half = raw(&server).await;
        half.write_all(&[22, 3, 1, 0, 200, 1]).await.unwrap();
        connections.push(half);
        // TLS is there, and HTTP/2 is not.
        let how = How {
            tls: Some(certificate.clone()),
            ..How::default()
        };
        if connections.len() % 20 == 0 {
            let mut raw = Raw::silent(server.port(), &how).await.unwrap();
            raw.closed().await;
        }
    }
    for connection in connections {
        let took = closed(connection).await;
        assert!(took < long(10_000), "{took:?}");
    }
}
