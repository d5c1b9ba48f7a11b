//! Streams that are opened and reset: in bursts, paced, and after the call has begun (CVE-2023-44487).

use std::time::{Duration, Instant};

use flight_runtime::prelude::Ticket;
use flight_runtime::{FlightClient, Limits};

use crate::frames::{
    CANCEL, ENHANCE_YOUR_CALM, Frame, GOAWAY, HEADERS, NO_ERROR, Raw, call, proto, reset, unary,
};
use crate::limited::{client, hello, serve};
use crate::{attack, long};

/// What a client that resets is told, and how many streams it had reset by the end.
struct Told {
    code: Option<u32>,
    resets: u32,
}

/// Streams that are reset one after another, until the connection is closed.
async fn one_after_another(port: u16, pause: Duration, begun: bool) -> Told {
    let mut raw = Raw::connect(port).await.unwrap();
    let began = Instant::now();
    let mut resets = 0;
    while began.elapsed() < long(20_000) {
        let stream = resets * 2 + 1;
        let download = unary(stream, "DoGet", &proto::named("wait"));
        if raw.write(&download).await.is_err() {
            break;
        }
        if begun {
            let answer = |frame: &Frame| frame.kind == GOAWAY || frame.kind == HEADERS;
            match raw.until(answer).await {
                Ok(frame) if frame.kind == HEADERS => {}
                Ok(goaway) => {
                    let code = Some(goaway.farewell());
                    return Told { code, resets };
                }
                Err(_) => break,
            }
        } else {
            tokio::time::sleep(pause).await;
        }
        if raw.write(&reset(stream, CANCEL)).await.is_err() {
            break;
        }
        resets += 1;
    }
    let code = raw.goodbye().await;
    Told { code, resets }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_resets_ends_its_connection() {
    attack("a burst of resets", Limits::default(), async |port| {
        let began = Instant::now();
        while began.elapsed() < long(500) {
            let mut raw = Raw::connect(port).await.unwrap();
            let mut burst = Vec::new();
            for stream in (1..20_000).step_by(2) {
                burst.extend(call(stream, "DoPut"));
                burst.extend(reset(stream, CANCEL));
            }
            let _ = raw.write(&burst).await;
            let code = raw.goodbye().await;
            // What is left unread may have made RST of the end, and overtaken the GOAWAY.
            assert!(matches!(code, None | Some(ENHANCE_YOUR_CALM)), "{code:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paced_resets_end_their_connection() {
    let limits = Limits::default()
        .max_resets_per_minute(500)
        .max_calls_per_connection(10);
    attack("paced resets", limits, async |port| {
        let told = one_after_another(port, Duration::from_micros(200), false).await;
        // First GOAWAY, then, as it goes on, the end.
        assert!(
            matches!(told.code, None | Some(NO_ERROR)),
            "{:?}",
            told.code
        );
        assert!((500..5_000).contains(&told.resets), "{}", told.resets);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resets_of_calls_that_have_begun_end_their_connection() {
    let limits = Limits::default().max_resets_per_minute(100);
    attack("resets of begun calls", limits, async |port| {
        let told = one_after_another(port, Duration::ZERO, true).await;
        // Some more may be under way when GOAWAY is.
        assert_eq!(told.code, Some(NO_ERROR), "{} resets", told.resets);
        assert!((101..300).contains(&told.resets), "{}", told.resets);
    })
    .await;
}

#[tokio::test]
async fn as_many_resets_as_are_allowed_are_no_reason_to_leave() {
    let (server, _) = serve(Limits::default().max_resets_per_minute(50)).await;
    let mut raw = Raw::connect(server.port()).await.unwrap();
    for stream in (1..=99).step_by(2) {
        raw.write(&call(stream, "DoPut")).await.unwrap();
        raw.write(&reset(stream, CANCEL)).await.unwrap();
        // Unlike a burst, which has a limit of its own.
        tokio::task::yield_now().await;
    }
    let hello = unary(101, "DoAction", &proto::named("hello"));
    raw.write(&hello).await.unwrap();
    let answer = raw.until(|frame| frame.stream == 101 || frame.kind == GOAWAY);
    assert_eq!(answer.await.unwrap().kind, HEADERS);
}

#[tokio::test]
async fn a_client_that_leaves_many_downloads_loses_no_call() {
    let (server, _) = serve(Limits::default().max_resets_per_minute(20)).await;
    let client: FlightClient = client(&server).await;
    let mut stays = client.do_get(Ticket::new("wait")).await.unwrap();
    stays.try_next().await.unwrap().unwrap();
    for _ in 0..100 {
        let mut rows = client.do_get(Ticket::new("wait")).await.unwrap();
        rows.try_next().await.unwrap().unwrap();
        drop(rows);
        hello(&client).await.unwrap();
    }
    // On the connection that was told to go.
    let more = tokio::time::timeout(Duration::from_millis(50), stays.try_next());
    assert!(more.await.is_err(), "the first download was ended");
}
