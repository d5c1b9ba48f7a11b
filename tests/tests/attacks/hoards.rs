//! Uploads of which most of a message comes, and then nothing: each holds what it was sent.

use std::time::Duration;

use flight_runtime::Limits;

use crate::attack;
use crate::frames::{DATA, Frame, HEADERS, Raw, call, frame, proto};
use crate::limited::batch;

/// As much of a message of this size as comes.
async fn most_of_a_message(rows: usize) -> (Vec<u8>, Vec<u8>) {
    let messages = proto::upload("rows", vec![batch(rows)]).await;
    let [schema, rows] = &messages[..] else {
        panic!("a schema and a batch");
    };
    let (schema, mut rows) = (proto::framed(schema), proto::framed(rows));
    rows.truncate(rows.len() - 100);
    (schema, rows)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hoards_of_half_messages_are_ended() {
    let limits = Limits::default().upload_idle(Duration::from_millis(300));
    attack("half messages", limits, async |port| {
        let (schema, rows) = most_of_a_message(8_000).await;
        let mut connections = Vec::new();
        for _ in 0..5 {
            let raw = Raw::connect(port).await.unwrap();
            let mut raw = raw.settled().await.unwrap();
            for stream in (1..80).step_by(2) {
                let mut upload = call(stream, "DoPut");
                upload.extend(frame(DATA, 0, stream, &schema));
                for part in rows.chunks(16 << 10) {
                    upload.extend(frame(DATA, 0, stream, part));
                }
                // A client that is still sending to streams that have ended may lose its connection over it.
                if raw.write(&upload).await.is_err() {
                    break;
                }
            }
            connections.push(raw);
        }
        for mut raw in connections {
            for _ in (1..80).step_by(2) {
                // DEADLINE_EXCEEDED in a HEADERS frame of its own, and behind it a reset: no more of the upload is wanted.
                let is_end = |frame: &Frame| frame.kind == HEADERS && frame.ends_its_stream();
                if raw.until(is_end).await.is_err() {
                    break;
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_messages_from_clients_that_leave_are_let_go() {
    attack("half messages, left", Limits::default(), async |port| {
        let (schema, rows) = most_of_a_message(8_000).await;
        for _ in 0..100 {
            let mut raw = Raw::connect(port).await.unwrap();
            let mut upload = call(1, "DoPut");
            upload.extend(frame(DATA, 0, 1, &schema));
            upload.extend(frame(DATA, 0, 1, &rows[..16 << 10]));
            raw.write(&upload).await.unwrap();
        }
    })
    .await;
}
