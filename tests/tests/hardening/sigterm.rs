//! SIGTERM under load: whatever has begun and is shorter than the limit gets its answer, and the process ends in time, whoever holds on to it.

use std::fs::File;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use flight_runtime::FlightClient;
use flight_runtime::prelude::*;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::process::Service;
use crate::variable;

const GRACE: Duration = Duration::from_millis(1500);
const CLIENTS: usize = 16;

/// What clients saw.
#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    answered: AtomicU64,
    /// Calls that said that they had begun, and then nothing.
    lost: AtomicU64,
}

/// Calls until none is served.
async fn calls(client: FlightClient, seen: Arc<Seen>) {
    while !seen.stop.load(Ordering::Relaxed) {
        let slow = Action::new("counted-slow", "20");
        let Ok(mut results) = client.do_action(slow).await else {
            return;
        };
        match (results.try_next().await, results.try_next().await) {
            (Ok(Some(_)), Ok(Some(_))) if matches!(results.try_next().await, Ok(None)) => {
                seen.answered.fetch_add(1, Ordering::Relaxed);
            }
            (Ok(Some(_)), _) => {
                seen.lost.fetch_add(1, Ordering::Relaxed);
                return;
            }
            _ => return,
        }
    }
}

async fn once(round: u64) -> (u64, Duration) {
    let path = std::env::temp_dir().join(format!("flight-sigterm-{}-{round}", std::process::id()));
    let grace = GRACE.as_millis().to_string();
    let log = Stdio::from(File::create(&path).unwrap());
    let mut service = Service::start_with(&["--counted", "--grace", &grace], None, log).await;
    // Those who say nothing, and those who never end.
    let mut silent = Vec::new();
    for _ in 0..3 {
        let address = ("127.0.0.1", service.port);
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut endless = Vec::new();
    for _ in 0..2 {
        let client = service.client().await;
        let mut rows = client.do_get(Ticket::new("counted-endless")).await.unwrap();
        rows.try_next().await.unwrap();
        endless.push(rows);
    }
    let seen = Arc::<Seen>::default();
    let mut tasks = Vec::new();
    for _ in 0..CLIENTS {
        let client = service.client().await;
        tasks.push(tokio::spawn(calls(client, Arc::clone(&seen))));
    }
    // Not always in the same moment of the calls.
    sleep(Duration::from_millis(150 + round * 7 % 40)).await;
    let began = Instant::now();
    service.terminate().await;
    let ended = tokio::time::timeout(Duration::from_secs(30), service.child.wait()).await;
    let took = began.elapsed();
    assert!(ended.expect("it ends").unwrap().success());
    seen.stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let log = std::fs::read_to_string(&path).unwrap();
    let lines = log
        .lines()
        .filter(|line| line.contains("flight_runtime::access") && line.contains("counted-slow"));
    let (good, bad): (Vec<_>, Vec<_>) = lines.partition(|line| line.contains("code=\"OK\""));
    assert!(
        bad.is_empty(),
        "calls that had begun were cut, see {path:?}: {bad:?}"
    );
    assert_eq!(seen.lost.load(Ordering::Relaxed), 0);
    let answered = seen.answered.load(Ordering::Relaxed);
    // Each whose handler came to its end has reached its client.
    assert_eq!(good.len() as u64, answered);
    assert!(answered > 0);
    assert!(took <= GRACE + Duration::from_secs(1), "{took:?}");
    std::fs::remove_file(&path).unwrap();
    (answered, took)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_loses_no_call_that_has_begun() {
    let times = variable("FLIGHT_HARDENING_SIGTERM", 2);
    let (mut answered, mut longest) = (0, Duration::ZERO);
    for round in 0..times {
        let (calls, took) = once(round).await;
        answered += calls;
        longest = longest.max(took);
    }
    println!(
        "sigterm: {times} times, {answered} calls answered, 0 lost, exit within {longest:?} with a grace of {GRACE:?}"
    );
}
