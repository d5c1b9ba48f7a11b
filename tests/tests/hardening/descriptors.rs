//! A process without file descriptors: it waits without work, turns connections away, and comes back.

use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::frames::{How, Raw};
use crate::process::Service;
use crate::{small, variable};

const FILES: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_descriptors_the_processor_rests_and_connections_are_turned_away() {
    let seconds = variable("FLIGHT_HARDENING_DESCRIPTORS", 3);
    let service = Service::start_with(&[], Some(FILES), Stdio::null()).await;
    let client = service.client().await;
    small(&client).await.unwrap();
    let mut held = Vec::new();
    while service.descriptors_below(FILES) < FILES {
        held.push(Raw::connect(service.port).await.unwrap());
        sleep(Duration::from_millis(2)).await;
        assert!(held.len() < FILES, "{} descriptors", service.descriptors());
    }
    // Some more wait all the time.
    let (began, before) = (Instant::now(), service.processor());
    let mut turned_away = 0;
    while began.elapsed() < Duration::from_secs(seconds) {
        let mut more = Raw::silent(service.port, &How::default()).await.unwrap();
        let closed = timeout(Duration::from_secs(2), more.closed()).await;
        turned_away += u64::from(closed.is_ok());
        sleep(Duration::from_millis(20)).await;
    }
    let share = (service.processor() - before).as_secs_f64() / began.elapsed().as_secs_f64();
    println!(
        "descriptors: {:.1} % of a processor, {turned_away} connections turned away in {seconds} s",
        share * 100.0
    );
    assert!(turned_away > 0, "those who wait are told");
    assert!(share <= 0.02, "{share}");
    // Those who were there are served, and who comes behind.
    small(&client).await.unwrap();
    drop(held);
    let limit = Instant::now() + Duration::from_secs(10);
    loop {
        let late = timeout(Duration::from_secs(5), async {
            TcpStream::connect(("127.0.0.1", service.port))
                .await
                .unwrap();
            let late = flight_runtime::FlightClient::connect(service.location.clone()).await?;
            small(&late).await
        });
        if matches!(late.await, Ok(Ok(()))) {
            break;
        }
        assert!(Instant::now() < limit, "it does not come back");
    }
}
