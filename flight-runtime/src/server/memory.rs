//! [`Memory`]: a server without a socket, for tests.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::FlightServerBuilder;
use super::admission::Connections;
use super::connection::{Shared, serve_stream};
use crate::Error;
use crate::caller::Peer;
use crate::handle::{Counters, ServerHandle, Signals};
use crate::location::Location;

/// What is under way in each direction, as in the buffers of a socket.
const BUFFER: usize = 256 << 10;

/// A server that is connected to in memory.
pub(crate) struct Memory {
    handle: ServerHandle,
    connections: TaskTracker,
    shared: Shared,
}

impl Memory {
    /// Location and TLS of the builder have no meaning here.
    pub(crate) fn start(builder: FlightServerBuilder) -> Result<Self, Error> {
        let http2 = builder.http2()?;
        let signals = Signals::default();
        let counters = Arc::<Counters>::default();
        let handle = ServerHandle::new(
            Location::from("grpc://memory:0"),
            0,
            signals.clone(),
            Arc::clone(&counters),
        );
        let limits = builder.limits_given().clone();
        let prepared = builder.prepare()?;
        let service = prepared.service(Some(handle.clone()), Arc::clone(&counters));
        let shared = Shared {
            tls: None,
            http2,
            service,
            signals: signals.clone(),
            connections: Connections::new(&limits, counters),
            limits: Arc::new(limits),
        };
        let connections = TaskTracker::new();
        let open = connections.clone();
        tokio::spawn(async move {
            signals.drain.cancelled().await;
            open.close();
            open.wait().await;
            signals.ended.cancel();
        });
        Ok(Self {
            handle,
            connections,
            shared,
        })
    }

    pub(crate) fn handle(&self) -> &ServerHandle {
        &self.handle
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> io::Result<DuplexStream> {
        let (here, there) = duplex(BUFFER);
        self.serve(there)?;
        Ok(here)
    }

    /// Has a task serve a connection; one that is refused is dropped.
    pub(crate) fn serve<S>(&self, stream: S) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if self.handle.is_shutting_down() {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let Some(place) = self.shared.connections.enter(Peer::Unknown) else {
            return Err(io::ErrorKind::ConnectionReset.into());
        };
        let shared = self.shared.clone();
        let speak_by = Instant::now() + shared.limits.time_to_speak;
        self.connections.spawn(async move {
            serve_stream(stream, Peer::Unknown.into(), speak_by, shared).await;
            drop(place);
        });
        Ok(())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.handle.abort();
    }
}
