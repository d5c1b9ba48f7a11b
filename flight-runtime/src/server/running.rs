//! [`RunningServer`]: a server that was started, and ends with its owner.

use std::ops::Deref;
use std::time::Duration;

use super::StopSignals;
use crate::Error;
use crate::handle::ServerHandle;

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
        self.serve_until(StopSignals::listen()?).await;
        Ok(())
    }

    pub(super) async fn serve_until(self, signals: StopSignals) {
        signals.serve(&self.handle, self.shutdown_grace).await;
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
