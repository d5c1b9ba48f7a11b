//! Clients that are slow, silent or endless: how long a call waits for them, and how much it takes of them.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod limited;

use std::time::{Duration, Instant};

use common::within;
use flight_runtime::arrow::array::RecordBatch;
use flight_runtime::prelude::*;
use flight_runtime::{CallOptions, Code, FlightClient, Limits};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use limited::{
    batch, batches, client, download, eventually, hello, schema, serve, upload, upload_to, waiting,
};
use tokio::time::sleep;

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[track_caller]
fn refused<T>(result: Result<T, Error>, code: Code, option: &str) {
    let error = result.map(drop).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    let option = format!("the server's limit is `Limits::{option}`");
    assert!(error.message().contains(&option), "{error}");
}

/// One batch of so many rows after each pause.
fn paced(pauses: &'static [u64], rows: usize) -> impl Stream<Item = RecordBatch> + Send + 'static {
    stream::iter(pauses).then(move |pause| async move {
        sleep(millis(*pause)).await;
        batch(rows)
    })
}

fn upload_of(rows: impl Stream<Item = RecordBatch> + Send + 'static) -> BatchStream {
    BatchStream::new(schema(), rows)
}

#[tokio::test]
async fn an_upload_of_which_nothing_comes_is_ended() {
    within(async {
        let (server, alive) = serve(Limits::default().upload_idle(millis(200))).await;
        let client = client(&server).await;
        let rows = paced(&[0, 100, 100, 100], 1);
        assert_eq!(upload(&client, upload_of(rows)).await.unwrap(), "4");
        let rows = paced(&[0], 1).chain(stream::pending());
        let began = Instant::now();
        refused(
            upload(&client, upload_of(rows)).await,
            Code::DeadlineExceeded,
            "upload_idle(200ms)",
        );
        assert!(began.elapsed() < millis(500));
        assert_eq!(alive.count(), 0);
        eventually(|| server.running_calls() == 0).await;
    })
    .await;
}

#[tokio::test]
async fn an_upload_does_not_have_to_wait_for_its_handler() {
    within(async {
        let (server, _) = serve(Limits::default().upload_idle(millis(100))).await;
        let client = client(&server).await;
        let uploaded = upload_to(&client, "ponder/400", batches([3])).await;
        assert_eq!(uploaded.unwrap(), "3");
    })
    .await;
}

#[tokio::test]
async fn a_download_of_which_nothing_is_taken_is_ended_and_a_client_that_goes_on_is_told() {
    within(async {
        let (server, alive) = serve(Limits::default().download_idle(millis(400))).await;
        let client = client(&server).await;
        let mut rows = client.do_get(Ticket::new("endless")).await.unwrap();
        rows.try_next().await.unwrap();
        assert_eq!(alive.count(), 1);
        alive.becomes(0).await;
        let rest: Result<Vec<_>, Error> = rows.try_collect().await;
        refused(rest, Code::DeadlineExceeded, "download_idle(400ms)");
        eventually(|| server.running_calls() == 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_download_whose_client_does_not_come_back_leaves_nothing_with_its_connection() {
    within(async {
        let limits = Limits::default()
            .download_idle(millis(200))
            .max_calls_per_connection(1);
        let (server, alive) = serve(limits).await;
        let client = client(&server).await;
        let mut rows = client.do_get(Ticket::new("endless")).await.unwrap();
        rows.try_next().await.unwrap();
        let began = Instant::now();
        // The one stream that the connection may have is free again.
        hello(&client).await.unwrap();
        assert!(millis(150) < began.elapsed() && began.elapsed() < millis(900));
        assert_eq!(alive.count(), 0);
        let rest: Result<Vec<_>, Error> = rows.try_collect().await;
        assert_eq!(rest.unwrap_err().code(), Code::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_small_download_that_has_ended_at_its_handler_is_waited_for() {
    within(async {
        let (server, _) = serve(Limits::default().download_idle(millis(400))).await;
        let client = client(&server).await;
        assert_eq!(download(&client, "think/0").await.unwrap(), 2);
        assert_eq!(download(&client, "large").await.unwrap(), 2_000_000);
    })
    .await;
}

#[tokio::test]
async fn a_handler_that_thinks_and_a_client_that_is_slow_and_steady_are_not_idle() {
    within(async {
        let (server, alive) = serve(Limits::default().download_idle(millis(200))).await;
        let client = client(&server).await;
        assert_eq!(download(&client, "think/600").await.unwrap(), 2);
        let mut rows = client.do_get(Ticket::new("endless")).await.unwrap();
        for _ in 0..8 {
            sleep(millis(80)).await;
            rows.try_next().await.unwrap();
        }
        assert_eq!(alive.count(), 1);
        drop(rows);
        alive.becomes(0).await;
    })
    .await;
}

#[tokio::test]
async fn a_client_that_takes_what_an_exchange_sends_may_be_silent() {
    within(async {
        let (server, alive) = serve(Limits::default().upload_idle(millis(200))).await;
        let client = client(&server).await;
        let exchange = async |route: &str| {
            let path = route.split('/').map(str::to_owned).collect();
            let rows = upload_of(stream::pending());
            let descriptor = FlightDescriptor::new_path(path);
            client.do_exchange(descriptor, rows).await.unwrap()
        };
        let mut ticks = exchange("ticks/50").await;
        for _ in 0..12 {
            ticks.try_next().await.unwrap().unwrap();
        }
        drop(ticks);
        alive.becomes(0).await;
        // Where both wait, nothing moves.
        let ended = exchange("ticks/5000").await.try_next().await;
        refused(ended, Code::DeadlineExceeded, "upload_idle(200ms)");
        assert_eq!(alive.count(), 0);
    })
    .await;
}

#[tokio::test]
async fn an_abandoned_exchange_gives_its_window_back() {
    within(async {
        let limits = Limits::default()
            .download_idle(millis(200))
            .upload_idle(millis(200));
        let (server, alive) = serve(limits).await;
        // Its own window is not to be what everything waits for.
        let client = FlightClient::builder(server.location().clone())
            .initial_stream_window_size(1 << 16)
            .connect()
            .await
            .unwrap();
        let large = batch(100_000);
        let mut abandoned = Vec::new();
        for _ in 0..24 {
            let rows = stream::repeat_with({
                let large = large.clone();
                move || large.clone()
            });
            let descriptor = FlightDescriptor::new_path(vec!["echo".to_owned()]);
            let mut echo = client
                .do_exchange(descriptor, upload_of(rows))
                .await
                .unwrap();
            let first = tokio::time::timeout(millis(50), echo.try_next()).await;
            abandoned.push((echo, first.is_ok()));
        }
        assert!(abandoned.iter().any(|(_, answered)| *answered));
        alive.becomes(0).await;
        eventually(|| server.running_calls() == 0).await;
        let uploaded = upload(&client, batches([1_000_000, 1_000_000, 1_000_000])).await;
        assert_eq!(uploaded.unwrap(), "3000000");
    })
    .await;
}

#[tokio::test]
async fn the_server_caps_the_time_of_a_call() {
    within(async {
        let limits = Limits::default().max_call_duration(millis(300));
        let (server, alive) = serve(limits).await;
        let client = client(&server).await;
        assert_eq!(download(&client, "think/50").await.unwrap(), 2);
        let began = Instant::now();
        let ended = download(&client, "think/5000").await;
        refused(ended, Code::DeadlineExceeded, "max_call_duration(300ms)");
        assert!(began.elapsed() < millis(600));
        alive.becomes(0).await;
        let left = |client: FlightClient| async move {
            let mut results = client.do_action(Action::new("deadline", "")).await.unwrap();
            let result = results.try_next().await.unwrap().unwrap();
            let left: u64 = String::from_utf8_lossy(&result.body).parse().unwrap();
            left
        };
        assert!((200..=300).contains(&left(client.clone()).await));
        let longer = client.with(CallOptions::new().timeout(millis(5000)));
        assert!(left(longer).await <= 300);
        let shorter = client.with(CallOptions::new().timeout(millis(150)));
        assert!(left(shorter.clone()).await <= 150);
        let ended = download(&shorter, "think/5000").await.unwrap_err();
        assert_eq!(ended.code(), Code::DeadlineExceeded);
        assert!(!ended.message().contains("Limits"), "{ended}");
    })
    .await;
}

#[tokio::test]
async fn an_upload_of_one_row_too_many_is_refused() {
    within(async {
        let (server, alive) = serve(Limits::default().max_upload_rows(5)).await;
        let client = client(&server).await;
        assert_eq!(upload(&client, batches([2, 3])).await.unwrap(), "5");
        refused(
            upload(&client, batches([2, 3, 1])).await,
            Code::ResourceExhausted,
            "max_upload_rows(5)",
        );
        assert_eq!(alive.count(), 0);
    })
    .await;
}

#[tokio::test]
async fn an_upload_of_one_byte_too_many_is_refused() {
    within(async {
        let size = |limit: u64| async move {
            let limits = Limits::default().max_upload_bytes(limit);
            let (server, alive) = serve(limits).await;
            let client = client(&server).await;
            let uploaded = upload(&client, batches([1000, 1000])).await;
            assert_eq!(alive.count(), 0);
            uploaded
        };
        // What frames the rows is not known to the byte: it is looked for.
        let (mut least, mut most) = (16_000, 20_000);
        while least + 1 < most {
            let middle = (least + most) / 2;
            match size(middle).await {
                Ok(_) => most = middle,
                Err(_) => least = middle,
            }
        }
        assert_eq!(size(most).await.unwrap(), "2000");
        let option = format!("max_upload_bytes({least})");
        refused(size(least).await, Code::ResourceExhausted, &option);
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_takes_too_long_is_refused() {
    within(async {
        let (server, alive) = serve(Limits::default().max_upload_duration(millis(300))).await;
        let client = client(&server).await;
        let rows = paced(&[0, 50, 50], 1);
        assert_eq!(upload(&client, upload_of(rows)).await.unwrap(), "3");
        let rows = stream::unfold((), |()| async {
            sleep(millis(20)).await;
            Some((batch(1), ()))
        });
        refused(
            upload(&client, upload_of(rows)).await,
            Code::ResourceExhausted,
            "max_upload_duration(300ms)",
        );
        assert_eq!(alive.count(), 0);
    })
    .await;
}

#[tokio::test]
async fn calls_that_run_at_the_end_are_told_and_nobody_holds_it_up() {
    within(async {
        let (server, alive) = serve(Limits::default()).await;
        let silent = limited::raw(&server).await;
        let (reads, stalls, puts) = (
            client(&server).await,
            client(&server).await,
            client(&server).await,
        );
        let mut reads = waiting(&reads).await.unwrap();
        let mut stalls = stalls.do_get(Ticket::new("endless")).await.unwrap();
        stalls.try_next().await.unwrap();
        let rows = paced(&[0], 1).chain(stream::pending());
        let puts = tokio::spawn(async move { upload(&puts, upload_of(rows)).await });
        alive.becomes(3).await;
        let began = Instant::now();
        server.shutdown_within(millis(100));
        let told = reads.try_next().await.unwrap_err();
        assert_eq!(told.code(), Code::Unavailable);
        assert_eq!(told.message(), "the server is stopping");
        let told = puts.await.unwrap().unwrap_err();
        assert_eq!(told.message(), "the server is stopping");
        server.wait().await;
        assert!(began.elapsed() < millis(1100), "{:?}", began.elapsed());
        alive.becomes(0).await;
        drop((silent, stalls));
    })
    .await;
}
