//! Connections that grow old.

use std::time::{Duration, Instant};

use flight_runtime::prelude::Ticket;
use flight_runtime::{Code, Limits};

use crate::frames::{GOAWAY, NO_ERROR, Raw};
use crate::limited::{client, eventually, hello, serve};

fn old(grace: impl Into<Option<Duration>>) -> Limits {
    Limits::default()
        .max_connection_age(Duration::from_millis(200))
        .connection_age_grace(grace)
}

#[tokio::test]
async fn a_connection_without_calls_is_closed_at_its_age() {
    let (server, _) = serve(old(None)).await;
    let mut raw = Raw::connect(server.port()).await.unwrap();
    let began = Instant::now();
    let told = raw.until(|frame| frame.kind == GOAWAY).await.unwrap();
    assert_eq!(told.farewell(), NO_ERROR);
    assert!(began.elapsed() > Duration::from_millis(150));
    raw.goodbye().await;
}

#[tokio::test]
async fn a_client_goes_on_with_another_connection_and_loses_no_call() {
    let (server, alive) = serve(old(None)).await;
    let client = client(&server).await;
    let mut stays = client.do_get(Ticket::new("wait")).await.unwrap();
    stays.try_next().await.unwrap().unwrap();
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1000) {
        hello(&client).await.unwrap();
    }
    assert_eq!(alive.count(), 1, "what had begun goes on");
    drop(stays);
    alive.becomes(0).await;
}

#[tokio::test]
async fn calls_that_outlive_the_grace_of_an_old_connection_are_unavailable() {
    let (server, alive) = serve(old(Duration::from_millis(200))).await;
    let client = client(&server).await;
    let mut stays = client.do_get(Ticket::new("wait")).await.unwrap();
    stays.try_next().await.unwrap().unwrap();
    let began = Instant::now();
    let error = stays.try_next().await.unwrap_err();
    assert!(began.elapsed() > Duration::from_millis(300));
    assert_eq!(error.code(), Code::Unavailable);
    let text =
        "the connection is too old: the server's limit is `Limits::max_connection_age(200ms)`";
    assert_eq!(error.message(), text);
    alive.becomes(0).await;
    eventually(|| server.running_calls() == 0).await;
    hello(&client).await.unwrap();
}

#[tokio::test]
async fn what_does_not_listen_is_cut_behind_the_grace() {
    let (server, alive) = serve(old(Duration::from_millis(100))).await;
    let mut raw = Raw::connect(server.port()).await.unwrap();
    let download = crate::frames::unary(1, "DoGet", &crate::frames::proto::named("wait"));
    raw.write(&download).await.unwrap();
    eventually(|| alive.count() == 1).await;
    eventually(|| alive.count() == 0).await;
    raw.goodbye().await;
}
