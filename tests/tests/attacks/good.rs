//! Clients that behave, beside those that do not: what they get is measured.
#![allow(dead_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flight_runtime::prelude::*;
use flight_runtime::{FlightClient, Location};
use tokio::task::JoinHandle;

/// One call, and whether its answer was the right one.
pub(crate) type Call = Arc<
    dyn Fn(FlightClient) -> futures::future::BoxFuture<'static, Result<(), Error>> + Send + Sync,
>;

/// Clients at work.
pub(crate) struct Good {
    stop: Arc<AtomicBool>,
    began: Instant,
    tasks: Vec<JoinHandle<Vec<Duration>>>,
}

/// What they got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) calls: usize,
    pub(crate) per_second: f64,
    pub(crate) p99: Duration,
    pub(crate) longest: Duration,
}

impl Good {
    /// So many clients, each with a connection of its own, that call one after another.
    pub(crate) fn begin(location: &Location, clients: usize, call: &Call) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let one = |_| {
            let (location, call, stop) = (location.clone(), Arc::clone(call), Arc::clone(&stop));
            tokio::spawn(async move {
                let client = FlightClient::connect(location).await.expect("a connection");
                let mut took = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    let answer =
                        tokio::time::timeout(Duration::from_secs(30), call(client.clone()));
                    let answer = answer.await.expect("a good client gets its answer");
                    answer.expect("a good client gets the right answer");
                    took.push(began.elapsed());
                }
                took
            })
        };
        Self {
            tasks: (0..clients).map(one).collect(),
            began: Instant::now(),
            stop,
        }
    }

    /// Lets them end; one that did not get what it should fails the test here.
    pub(crate) async fn end(self) -> Got {
        let (tasks, seconds) = (self.tasks, self.began.elapsed().as_secs_f64());
        self.stop.store(true, Ordering::Relaxed);
        let mut took = Vec::new();
        for task in tasks {
            took.extend(task.await.expect("a good client is let alone"));
        }
        took.sort_unstable();
        let at = |share: usize| took.get(took.len() * share / 1000).or(took.last());
        Got {
            calls: took.len(),
            per_second: took.len() as f64 / seconds,
            p99: at(990).copied().unwrap_or_default(),
            longest: took.last().copied().unwrap_or_default(),
        }
    }
}
