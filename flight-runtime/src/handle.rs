//! [`ServerHandle`]: a server at work, from anywhere, a handler's context included.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::location::Location;

/// What a server tells its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signals {
    /// Begin nothing new, end what runs.
    pub(crate) drain: CancellationToken,
    /// Calls that run end now; what there is to say to clients is said.
    pub(crate) stop: CancellationToken,
    /// End at once.
    pub(crate) cut: CancellationToken,
    /// Everything has ended.
    pub(crate) ended: CancellationToken,
}

/// How long the ends of calls may be on their way before their connections are closed.
pub(crate) const LAST_WORDS: Duration = Duration::from_millis(500);

/// What a server counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    calls: AtomicUsize,
    refused_connections: AtomicU64,
}

impl Counters {
    /// How many calls run now, this one included.
    pub(crate) fn call_began(&self) -> usize {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn call_ended(&self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn refused_connection(&self) {
        self.refused_connections.fetch_add(1, Ordering::Relaxed);
    }
}

/// A server at work, from anywhere: cheap to clone, also a handler has one ([`CallContext::server`](crate::CallContext::server)).
#[derive(Clone)]
pub struct ServerHandle(Arc<Inner>);

struct Inner {
    location: Location,
    port: u16,
    signals: Signals,
    /// What [`ServerHandle::set_serving`] has said.
    serving: watch::Sender<bool>,
    counters: Arc<Counters>,
    /// That of the server: a handle may be anywhere.
    runtime: Handle,
}

impl ServerHandle {
    pub(crate) fn new(
        location: Location,
        port: u16,
        signals: Signals,
        counters: Arc<Counters>,
    ) -> Self {
        Self(Arc::new(Inner {
            location,
            port,
            signals,
            serving: watch::Sender::new(true),
            counters,
            runtime: Handle::current(),
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

    /// How many calls run: what [`Limits::max_calls`](crate::Limits::max_calls) counts.
    pub fn running_calls(&self) -> usize {
        self.0.counters.calls.load(Ordering::Relaxed)
    }

    /// How many connections were refused since the start, because
    /// [`max_connections`](crate::Limits::max_connections) or [`max_connections_per_address`](crate::Limits::max_connections_per_address) was
    /// reached, or the process had no more file descriptors.
    pub fn refused_connections(&self) -> u64 {
        self.0.counters.refused_connections.load(Ordering::Relaxed)
    }

    /// Begins the end: no new connections or calls, calls that run may end, however long they take.
    ///
    /// Returns at once, so that a handler may call it; [`wait`](Self::wait) waits for the end. A second call does nothing.
    pub fn shutdown(&self) {
        self.0.signals.drain.cancel();
    }

    /// The same with a limit: calls that still run after it end with UNAVAILABLE, "the server is stopping". Half a second later everything is
    /// closed, for clients that do not listen.
    pub fn shutdown_within(&self, limit: Duration) {
        self.shutdown();
        let signals = self.0.signals.clone();
        self.0.runtime.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(limit) => signals.stop.cancel(),
                () = signals.ended.cancelled() => return,
            }
            tokio::select! {
                () = tokio::time::sleep(LAST_WORDS) => signals.cut.cancel(),
                () = signals.ended.cancelled() => {}
            }
        });
    }

    /// Ends everything now: calls that run are cut off.
    pub fn abort(&self) {
        // In this order, so that no connection looks at what has come in between.
        self.0.signals.cut.cancel();
        self.0.signals.drain.cancel();
    }

    /// Whether the end has begun: what a readiness probe asks.
    pub fn is_shutting_down(&self) -> bool {
        self.0.signals.drain.is_cancelled()
    }

    /// Says to [health checks](crate::FlightServerBuilder::health) whether clients should come here. Calls are served all the same. Default: yes.
    ///
    /// For a dependency that is gone, or for the time in which load balancers turn to other servers before [`shutdown`](Self::shutdown).
    pub fn set_serving(&self, serving: bool) {
        self.0.serving.send_replace(serving);
    }

    /// What health checks are told: what [`set_serving`](Self::set_serving) has said, and no from the beginning of the end.
    pub fn is_serving(&self) -> bool {
        *self.0.serving.borrow() && !self.is_shutting_down()
    }

    /// Completes when that may have changed since this was called.
    pub(crate) fn serving_changed(&self) -> impl Future<Output = ()> + use<> {
        let mut serving = self.0.serving.subscribe();
        let drain = self.0.signals.drain.clone();
        async move {
            tokio::select! {
                _ = serving.changed() => {}
                () = drain.cancelled() => {}
            }
        }
    }

    /// Whether calls that still run are cut off.
    pub(crate) fn is_cut(&self) -> bool {
        self.0.signals.cut.is_cancelled()
    }

    /// Waits until the server has ended: its sockets are closed and nothing begins any more. Calls have ended before, but for what [`abort`](Self::abort) has
    /// cut off, which ends at its next `await`, and plain `fn` handlers on their blocking threads.
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
