//! The server: locations, listeners, connections, and its end.

mod admission;
mod age;
mod authority;
mod builder;
mod calls;
mod clock;
mod connection;
mod debt;
mod events;
mod http2;
mod listener;
mod memory;
mod overheard;
mod paced;
mod reserve;
mod running;
mod sending;
mod tls;
mod wakes;
mod watch;

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::task::TaskTracker;

use crate::Error;
use crate::handle::ServerHandle;
use crate::service::FlightService;

pub use builder::FlightServerBuilder;
pub(crate) use memory::Memory;
pub use running::RunningServer;

use connection::Shared;
use listener::{Bound, Listener};
use reserve::Reserve;

/// A Flight server: [`FlightServer::builder`] is where every program begins.
///
/// ```no_run
/// use flight_runtime::prelude::*;
///
/// struct Hello;
///
/// #[flight_server]
/// impl Hello {
///     /// Says hello.
///     #[action("hello")]
///     async fn hello(&self, name: String) -> String {
///         format!("hello {name}")
///     }
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), Error> {
///     FlightServer::builder(Hello).location("grpc://0.0.0.0:8815").serve().await
/// }
/// ```
#[derive(Debug)]
pub struct FlightServer(());

impl FlightServer {
    /// A server of this service; more are added with [`add_service`](FlightServerBuilder::add_service).
    pub fn builder<S: FlightService>(service: S) -> FlightServerBuilder {
        FlightServerBuilder::new().add_service(service)
    }
}

/// Accepts connections until the drain begins, and waits for the last of them.
fn run(bound: Bound, shared: Shared) {
    let Bound {
        listeners, file, ..
    } = bound;
    let connections = TaskTracker::new();
    let signals = shared.signals.clone();
    for listener in listeners {
        connections.spawn(accept(listener, connections.clone(), shared.clone()));
    }
    connections.close();
    tokio::spawn(async move {
        connections.wait().await;
        // The file goes before anybody is told, so that the next server finds its place free.
        drop(file);
        signals.ended.cancel();
    });
}

async fn accept(listener: Listener, connections: TaskTracker, shared: Shared) {
    let mut reserve = Reserve::new();
    loop {
        let (socket, peer) = tokio::select! {
            accepted = listener.accept(&mut reserve, &shared.connections) => accepted,
            () = shared.signals.drain.cancelled() => return,
        };
        // Before TLS, which costs the server more than the client. There is nobody yet to be told why.
        let Some(place) = shared.connections.enter(peer) else {
            continue;
        };
        let shared = shared.clone();
        connections.spawn(async move {
            connection::serve(socket, peer, shared).await;
            drop(place);
        });
    }
}

/// SIGINT and SIGTERM, which from now on end nothing by themselves.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn listen() -> Result<Self, Error> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Shuts the server down at the first signal, and at once at the second.
    async fn serve(mut self, server: &ServerHandle, grace: Duration) {
        let mut told = false;
        loop {
            let name = tokio::select! {
                () = server.wait() => return,
                _ = self.interrupt.recv() => "SIGINT",
                _ = self.terminate.recv() => "SIGTERM",
            };
            if told {
                tracing::warn!("{name} again: ending at once");
                server.abort();
            } else {
                tracing::info!(?grace, "{name}: calls that run may end");
                server.shutdown_within(grace);
                told = true;
            }
        }
    }
}
