//! A server in this process, a client of it, and a limit on everything.
#![allow(clippy::unwrap_used, dead_code)]

pub(crate) mod observed;

use std::time::Duration;

use flight_runtime::arrow_flight::FlightClient;
use flight_runtime::tonic::transport::{Channel, Endpoint};
use flight_runtime::{FlightServerBuilder, RunningServer};
use flight_tests::{Options, builder};

/// Ends a test that hangs.
pub(crate) async fn within<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), test)
        .await
        .expect("the test ends within thirty seconds")
}

/// A server on a free port, ended when it is dropped.
pub(crate) struct Running(pub(crate) RunningServer);

impl Running {
    /// The whole service under test.
    pub(crate) async fn everything() -> Self {
        Self::of(builder(&Options::default())).await
    }

    pub(crate) async fn of(builder: FlightServerBuilder) -> Self {
        Self(builder.start().await.expect("the server starts"))
    }

    pub(crate) async fn channel(&self) -> Channel {
        let uri = format!("http://127.0.0.1:{}", self.0.port());
        let endpoint = Endpoint::from_shared(uri).expect("a URI");
        endpoint.connect().await.expect("the server listens")
    }
}

pub(crate) async fn client(running: &Running) -> FlightClient {
    FlightClient::new(running.channel().await)
}
