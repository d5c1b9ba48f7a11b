//! [`RunningServer`] and [`ServerHandle`]: a server at work, and how it ends.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::location::Location;
use super::until_signalled;
use crate::Error;

/// What a server tells its connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    /// Begin nothing new, end what runs.
    pub(super) drain: CancellationToken,
    /// End at once.
    pub(super) cut: CancellationToken,
    /// Everything has ended.
    pub(super) ended: CancellationToken,
}

/// A server at work, from anywhere: cheap to clone, also a handler has one ([`CallContext::server`](crate::CallContext::server)).
#[derive(Clone)]
pub struct ServerHandle(Arc<Inner>);

struct Inner {
    location: Location,
    port: u16,
    signals: Signals,
}

impl ServerHandle {
    pub(super) fn new(location: Location, port: u16, signals: Signals) -> Self {
        Self(Arc::new(Inner {
            location,
            port,
            signals,
        }))
    }

    /// The TCP port that it listens on, the one that was taken when 0 was asked for; 0 on a Unix domain socket.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Where it listens, with the port that was taken: what a client on this machine connects to.
    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// Begins the end: no new connections or calls, calls that run may end, however long they take.
    ///
    /// Returns at once, so that a handler may call it; [`wait`](Self::wait) waits for the end. A second call does nothing.
    pub fn shutdown(&self) {
        self.0.signals.drain.cancel();
    }

    /// The same with a limit: calls that still run after it are cut off.
    pub fn shutdown_within(&self, limit: Duration) {
        self.shutdown();
        let signals = self.0.signals.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(limit) => signals.cut.cancel(),
                () = signals.ended.cancelled() => {}
            }
        });
    }

    /// Ends everything now: calls that run are cut off.
    pub fn abort(&self) {
        self.0.signals.drain.cancel();
        self.0.signals.cut.cancel();
    }

    /// Whether the end has begun: what a readiness probe asks.
    pub fn is_shutting_down(&self) -> bool {
        self.0.signals.drain.is_cancelled()
    }

    /// Waits until the server has ended, its sockets are closed and its calls are done.
    ///
    /// Not from a handler: its own call would wait for itself.
    pub async fn wait(&self) {
        self.0.signals.ended.cancelled().await;
    }
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandle")
            .field("location", &self.0.location)
            .finish_non_exhaustive()
    }
}

/// A server that was started. It derefs to its [`ServerHandle`].
///
/// Dropped, it ends everything at once; to let calls end, [`shutdown`](ServerHandle::shutdown) and [`wait`](ServerHandle::wait) before.
///
/// ```
/// use flight_runtime::prelude::*;
///
/// struct Hello;
///
/// #[flight_server]
/// impl Hello {
///     #[action("hello")]
///     fn hello(&self) -> &'static str {
///         "world"
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let server = FlightServer::builder(Hello).start().await?;
/// assert_ne!(server.port(), 0);
/// server.shutdown();
/// server.wait().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RunningServer {
    handle: ServerHandle,
    shutdown_grace: Duration,
}

impl RunningServer {
    pub(super) fn new(handle: ServerHandle, shutdown_grace: Duration) -> Self {
        Self {
            handle,
            shutdown_grace,
        }
    }

    /// Waits for the end: SIGINT, SIGTERM or [`shutdown`](ServerHandle::shutdown). What
    /// [`FlightServerBuilder::serve`](crate::FlightServerBuilder::serve) does, for programs that first say where they listen.
    ///
    /// After the first signal calls may go on for [`shutdown_grace`](crate::FlightServerBuilder::shutdown_grace); a second
    /// one ends at once.
    ///
    /// # Errors
    ///
    /// INTERNAL when the process cannot be told of signals.
    pub async fn serve(self) -> Result<(), Error> {
        until_signalled(&self.handle, self.shutdown_grace).await
    }

    /// A handle that does not end the server when it is dropped.
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }
}

impl Deref for RunningServer {
    type Target = ServerHandle;

    fn deref(&self) -> &ServerHandle {
        &self.handle
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.handle.abort();
    }
}
