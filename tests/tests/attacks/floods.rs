//! Frames that ask for nothing, or for next to nothing, as fast as a socket takes them.

use std::time::Instant;

use flight_runtime::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::frames::{
    ENHANCE_YOUR_CALM, INITIAL_WINDOW_SIZE, PING, PRIORITY, Raw, call, frame, settings,
    window_update,
};
use crate::{attack, long};

/// Writes a block of frames again and again, until the connection is closed.
async fn flood(port: u16, first: &[u8], again: &[u8], read: bool) {
    let mut raw = Raw::connect(port).await.unwrap();
    raw.write(first).await.unwrap();
    let again = again.repeat(64 * 1024 / again.len() + 1);
    let until = Instant::now() + long(10_000);
    let (mut reads, mut writes) = raw.split();
    let writing = async { while writes.write_all(&again).await.is_ok() {} };
    let reading = async {
        let mut bytes = vec![0; 64 * 1024];
        while read && matches!(reads.read(&mut bytes).await, Ok(1..)) {}
    };
    let closed = tokio::time::timeout_at(until.into(), async {
        tokio::join!(reading, writing);
    });
    closed.await.expect("the connection is closed");
}

async fn floods(what: &str, first: &[u8], again: &[u8]) {
    for read in [true, false] {
        let how = if read { "read" } else { "not read" };
        let what = format!("{what}, its answers {how}");
        attack(&what, Limits::default(), async |port| {
            tokio::join!(
                flood(port, first, again, read),
                flood(port, first, again, read)
            );
        })
        .await;
    }
}

async fn settings_without_end(what: &str, first: &[u8], again: &[u8]) {
    attack(what, Limits::default(), async |port| {
        flood(port, first, again, true).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_settings_ends_its_connection() {
    settings_without_end("SETTINGS", &[], &settings(&[])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_settings_that_move_all_windows_ends_its_connection() {
    let first: Vec<u8> = (1..400)
        .step_by(2)
        .flat_map(|stream| call(stream, "DoPut"))
        .collect();
    let again = [0, 65_535].map(|size| settings(&[(INITIAL_WINDOW_SIZE, size)]));
    settings_without_end("SETTINGS of windows", &first, &again.concat()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_pings_ends_its_connection() {
    floods("PING", &[], &frame(PING, 0, 0, &[7; 8])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_priorities_ends_its_connection() {
    floods("PRIORITY", &[], &frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 16])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_window_updates_ends_its_connection() {
    floods("WINDOW_UPDATE", &call(1, "DoPut"), &window_update(1, 1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_unknown_frames_ends_its_connection() {
    floods("unknown frames", &[], &frame(0xbe, 0xff, 1, &[])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_empty_data_ends_its_connection() {
    attack("empty DATA", Limits::default(), async |port| {
        let mut raw = Raw::connect(port).await.unwrap();
        raw.write(&call(1, "DoPut")).await.unwrap();
        let empty = frame(0, 0, 1, &[]).repeat(10_000);
        let until = Instant::now() + long(10_000);
        while Instant::now() < until && raw.write(&empty).await.is_ok() {}
        assert!(Instant::now() < until, "it goes on and on");
        let code = raw.goodbye().await;
        assert!(matches!(code, None | Some(ENHANCE_YOUR_CALM)), "{code:?}");
    })
    .await;
}
