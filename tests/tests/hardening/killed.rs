//! Clients that are killed in the middle of an upload or of a download: nothing of them is left, and nothing of what they sent is committed.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::frames::{DATA, How, Raw, call, frame, proto, unary};
use crate::process::{Before, Service};
use crate::{MIB, batch, small, variable};

const AT_ONCE: u64 = 16;

/// A client that begins, is served, and is gone.
async fn one(port: u16, number: u64, put: Vec<u8>, exchange: Vec<u8>) {
    let how = How {
        abrupt: number.is_multiple_of(2),
        ..How::default()
    };
    let mut raw = Raw::with(port, &how, &[]).await.unwrap();
    let begun = match number % 3 {
        0 => unary(1, "DoGet", &proto::named("counted-endless")),
        1 => put,
        _ => exchange,
    };
    raw.write(&begun).await.unwrap();
    // Some while the server has hardly begun, some in the midst of it.
    if number % 4 < 2 {
        let _ = raw
            .until(|frame| frame.kind == DATA && number.is_multiple_of(3))
            .now_and_then()
            .await;
    }
}

/// An upload that goes on in the middle of its second message.
async fn half(method: &str, route: &str) -> Vec<u8> {
    let messages = proto::upload(route, vec![batch(1000), batch(1000)]).await;
    let mut frames = call(1, method);
    let (last, whole) = messages.split_last().unwrap();
    for message in whole {
        frames.extend(frame(DATA, 0, 1, &proto::framed(message)));
    }
    frames.extend(frame(DATA, 0, 1, &proto::framed(last)[..500]));
    frames
}

/// Waits for a moment at most.
trait NowAndThen: Future + Sized {
    async fn now_and_then(self) -> Option<Self::Output> {
        tokio::time::timeout(Duration::from_millis(20), self)
            .await
            .ok()
    }
}

impl<F: Future> NowAndThen for F {}

/// A real client, killed.
async fn process(location: &str, number: u64) {
    let job = [["get", "counted-endless"], ["pour", "counted-commit"]][number as usize % 2];
    let mut child = Command::new(env!("CARGO_BIN_EXE_client"))
        .arg(location)
        .args(job)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    sleep(Duration::from_millis(60 + number * 17 % 60)).await;
    assert_eq!(child.try_wait().unwrap(), None, "it was at work");
    child.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_clients_that_are_killed_and_nothing_is_committed() {
    let times = variable("FLIGHT_HARDENING_KILLED", 300);
    let processes = variable("FLIGHT_HARDENING_KILLED_PROCESSES", 4);
    let service = Service::start(&["--counted"]).await;
    let client = service.client().await;
    small(&client).await.unwrap();
    let put = half("DoPut", "counted-commit").await;
    let exchange = half("DoExchange", "counted-exchange").await;
    let before = Before::of(&service, &client).await;
    let began = Instant::now();
    let mut warm = 0;
    let mut tasks = JoinSet::new();
    for number in 0..times {
        if number >= AT_ONCE {
            tasks.join_next().await.unwrap().unwrap();
        }
        if number == times / 4 {
            warm = service.resident();
        }
        tasks.spawn(one(service.port, number, put.clone(), exchange.clone()));
    }
    tasks.join_all().await;
    for number in 0..processes {
        process(&service.location.to_string(), number).await;
    }
    service.is_as_before(&client, before).await;
    let counted = service.counted(&client).await;
    let after = service.resident();
    println!(
        "killed: {times} connections and {processes} processes in {:?}, {} handlers begun, {} alive, {} false commits, \
         {} descriptors, {} MiB after the first quarter and {} MiB at the end",
        began.elapsed(),
        counted.begun,
        counted.alive,
        counted.committed,
        service.descriptors(),
        warm / MIB,
        after / MIB,
    );
    // How many depends on the machine: a client may be gone before its request is read.
    assert!(counted.begun > times / 10, "handlers have begun");
    assert_eq!(counted.committed, 0);
    assert!(
        after <= warm + warm / 10 + 16 * MIB,
        "{after} bytes, {warm} before"
    );
    small(&client).await.unwrap();
}
