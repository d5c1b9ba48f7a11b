//! Games with flow control: no window, a window of one byte, a window that overflows, a window that is never used.

use std::time::{Duration, Instant};

use flight_runtime::Limits;
use tokio::time::sleep;

use crate::frames::{
    DATA, FLOW_CONTROL_ERROR, GOAWAY, How, INITIAL_WINDOW_SIZE, RST_STREAM, Raw, call, proto,
    settings, unary, window_update,
};
use crate::limited::{eventually, serve};
use crate::{attack, long};

const LARGEST: u32 = (1 << 31) - 1;

fn impatient() -> Limits {
    Limits::default()
        .download_idle(Duration::from_millis(300))
        .upload_idle(Duration::from_millis(300))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn downloads_for_which_there_is_no_window_are_ended() {
    attack("no window", impatient(), async |port| {
        let closed = [(INITIAL_WINDOW_SIZE, 0)];
        let how = How::default();
        let mut raw = Raw::with(port, &how, &closed).await.unwrap();
        let streams: Vec<u32> = (1..200).step_by(2).collect();
        for stream in &streams {
            let download = unary(*stream, "DoGet", &proto::named("endless"));
            raw.write(&download).await.unwrap();
        }
        for _ in streams {
            let end = raw.until(|frame| frame.ends_its_stream()).await.unwrap();
            assert_eq!(end.kind, RST_STREAM, "{end:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_of_one_byte_at_a_time_is_cheap_or_ends_its_connection() {
    attack("a window of one byte", Limits::default(), async |port| {
        let closed = [(INITIAL_WINDOW_SIZE, 0)];
        let how = How::default();
        let mut raw = Raw::with(port, &how, &closed).await.unwrap();
        let streams: Vec<u32> = (1..100).step_by(2).collect();
        for stream in &streams {
            let download = unary(*stream, "DoGet", &proto::named("endless"));
            raw.write(&download).await.unwrap();
        }
        let until = Instant::now() + long(700);
        while Instant::now() < until {
            let drops: Vec<u8> = streams
                .iter()
                .flat_map(|stream| window_update(*stream, 1))
                .collect();
            // More than 10,000 in a second are a flood.
            if raw.write(&drops).await.is_err() {
                return;
            }
            for _ in &streams {
                let Ok(data) = raw.until(|frame| frame.kind == DATA).await else {
                    return;
                };
                assert_eq!(data.payload.len(), 1);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_overflows_is_an_error_of_its_stream_or_of_its_connection() {
    attack("windows that overflow", Limits::default(), async |port| {
        let until = Instant::now() + long(300);
        while Instant::now() < until {
            let mut raw = Raw::connect(port).await.unwrap();
            raw.write(&call(1, "DoPut")).await.unwrap();
            raw.write(&window_update(1, LARGEST)).await.unwrap();
            let end = raw.until(|frame| frame.kind == RST_STREAM).await.unwrap();
            assert_eq!((end.stream, end.code()), (1, FLOW_CONTROL_ERROR));
            raw.write(&window_update(0, LARGEST)).await.unwrap();
            let end = raw.until(|frame| frame.kind == GOAWAY).await.unwrap();
            assert_eq!(end.farewell(), FLOW_CONTROL_ERROR);

            let mut raw = Raw::connect(port).await.unwrap();
            raw.write(&call(1, "DoPut")).await.unwrap();
            raw.write(&window_update(1, 1 << 20)).await.unwrap();
            let overflow = settings(&[(INITIAL_WINDOW_SIZE, LARGEST)]);
            raw.write(&overflow).await.unwrap();
            let end = raw.until(|frame| frame.kind == GOAWAY || frame.kind == RST_STREAM);
            let end = end.await.unwrap();
            let code = if end.kind == GOAWAY {
                end.farewell()
            } else {
                end.code()
            };
            assert_eq!(code, FLOW_CONTROL_ERROR, "{end:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_do_not_read_their_sockets_are_left() {
    attack("slow readers", impatient(), async |port| {
        let how = How {
            small_buffer: true,
            ..How::default()
        };
        let mut held = Vec::new();
        for _ in 0..20 {
            let large = [(INITIAL_WINDOW_SIZE, LARGEST)];
            let mut raw = Raw::with(port, &how, &large).await.unwrap();
            for stream in [1, 3, 5] {
                let download = unary(stream, "DoGet", &proto::named("endless"));
                raw.write(&download).await.unwrap();
            }
            held.push(raw);
        }
        sleep(long(1000)).await;
        // The connections are still there, and what they asked for is not.
        drop(held);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_left_of_downloads_that_are_not_read_while_their_connection_stays() {
    let (server, alive) = serve(impatient()).await;
    let how = How {
        small_buffer: true,
        ..How::default()
    };
    let large = [(INITIAL_WINDOW_SIZE, LARGEST)];
    let mut raw = Raw::with(server.port(), &how, &large).await.unwrap();
    for stream in [1, 3, 5] {
        let download = unary(stream, "DoGet", &proto::named("endless"));
        raw.write(&download).await.unwrap();
    }
    eventually(|| alive.count() == 3).await;
    eventually(|| alive.count() == 0 && server.running_calls() == 0).await;
    drop(raw);
}
