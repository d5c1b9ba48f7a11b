//! Connections on which nothing happens: how much they take, and what those beside them feel.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::frames::{How, Raw};
use crate::good::{Call, Good, Got};
use crate::process::Service;
use crate::{MIB, small, variable};

/// Connections of the others: four, and one of the test itself.
const OTHERS: u64 = 5;

async fn others(service: &Service, millis: u64) -> Got {
    let call: Call = std::sync::Arc::new(|client| Box::pin(async move { small(&client).await }));
    let good = Good::begin(&service.location, OTHERS as usize - 1, &call);
    sleep(Duration::from_millis(millis)).await;
    good.end().await
}

/// A connection, as soon as the server has seen that others are gone.
async fn one_more(port: u16) -> Raw {
    let connected = async {
        loop {
            let connection = async { Raw::connect(port).await?.settled().await };
            match connection.await {
                Ok(connection) => return connection,
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    };
    timeout(Duration::from_secs(10), connected)
        .await
        .expect("there is room")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_take_little_and_the_next_is_refused() {
    let most = variable("FLIGHT_HARDENING_IDLE", 400);
    let seconds = variable("FLIGHT_HARDENING_IDLE_SECONDS", 1);
    let limit = format!("max_connections={most}");
    let service = Service::start(&["--counted", "--limit", &limit]).await;
    let client = service.client().await;
    small(&client).await.unwrap();
    let without = others(&service, 1000 * seconds).await;
    let before = service.resident();

    let mut idle = JoinSet::new();
    for connection in 0..most - OTHERS {
        let mut raw = Raw::with(service.port, &How::default(), &[]).await.unwrap();
        // It answers the server's settings and pings, and says nothing else.
        idle.spawn(async move { raw.goodbye().await });
        // No faster than the server accepts: the queue of its socket is shorter.
        if connection % 64 == 63 {
            small(&client).await.unwrap();
        }
    }
    let with = others(&service, 1000 * seconds).await;
    sleep(Duration::from_secs(seconds - 1)).await;
    assert!(
        idle.try_join_next().is_none(),
        "an idle connection was closed"
    );
    let taken = service.resident().saturating_sub(before);

    // As many as there may be, and one more.
    let mut held = Vec::new();
    for _ in 0..OTHERS - 1 {
        held.push(one_more(service.port).await);
    }
    let mut next = Raw::silent(service.port, &How::default()).await.unwrap();
    let refused = timeout(Duration::from_secs(5), next.closed()).await;
    println!(
        "idle: {} MiB for {} connections ({} bytes each); others {:?} without, {:?} with them",
        taken / MIB,
        most - OTHERS,
        taken / (most - OTHERS),
        without,
        with,
    );
    refused.expect("one too many is closed at once");
    small(&client).await.unwrap();
    // 20 KiB each, and what a process takes anyway.
    assert!(taken <= most * 20_971 + 8 * MIB, "{taken} bytes");
    let bearable = (without.p99 * 3).max(Duration::from_millis(20));
    assert!(with.p99 <= bearable, "{with:?}, {without:?} before");
    idle.abort_all();
    drop(held);
}
