//! A server on the internet: what clients that abuse HTTP/2 get, and what those beside them still get.
//!
//! The attackers write frames by hand. Each test says how the server answers, and has good clients work all the while, of which no call may fail.
//! The short form runs with all tests; `FLIGHT_ATTACKS=20` makes each attack twenty times as long:
//!
//! ```text
//! FLIGHT_ATTACKS=20 cargo test -p flight-tests --test attacks -- --nocapture
//! ```
//!
//! `tests/hardening/run` has all of them at once on a server of its own, and measures it.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "attacks/age.rs"]
mod age;
#[path = "attacks/floods.rs"]
mod floods;
mod frames;
#[path = "attacks/good.rs"]
mod good;
#[path = "attacks/headers.rs"]
mod headers;
#[path = "attacks/hoards.rs"]
mod hoards;
mod limited;
#[path = "attacks/resets.rs"]
mod resets;
#[path = "attacks/silent.rs"]
mod silent;
#[path = "attacks/windows.rs"]
mod windows;

use std::sync::Arc;
use std::time::Duration;

use flight_runtime::{Limits, RunningServer};
use futures::FutureExt;
use good::{Call, Good};
use limited::{Alive, batches, download, eventually, hello, serve, upload};

/// How long an attack goes on.
fn long(millis: u64) -> Duration {
    let times = std::env::var("FLIGHT_ATTACKS").ok();
    let times = times.map_or(1, |times| times.parse().expect("a number"));
    Duration::from_millis(millis * times)
}

/// What good clients do: a small call, a download and an upload.
fn calls() -> Call {
    Arc::new(|client| {
        async move {
            hello(&client).await?;
            assert_eq!(download(&client, "think/0").await?, 2);
            let uploaded = upload(&client, batches([100, 200])).await?;
            assert_eq!(uploaded, "300");
            Ok(())
        }
        .boxed()
    })
}

/// An attack on a server with these limits, beside good clients.
async fn attack<F: Future<Output = ()>>(
    what: &str,
    limits: Limits,
    attack: impl FnOnce(u16) -> F,
) -> (RunningServer, Alive) {
    let (server, alive) = serve(limits).await;
    let good = Good::begin(server.location(), 3, &calls());
    tokio::time::timeout(long(60_000), attack(server.port()))
        .await
        .expect("the attack ends");
    // Those who came last had no time yet.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let got = good.end().await;
    println!("{what}: {got:?}");
    assert!(got.calls >= 3, "good clients were held up: {got:?}");
    assert!(
        got.longest < long(10_000),
        "good clients were held up: {got:?}"
    );
    // The attackers are gone, and with them all that they began.
    eventually(|| server.running_calls() == 0).await;
    assert_eq!(alive.count(), 0);
    (server, alive)
}
