//! What is told of a call to whoever runs the server: a span, a line in the access log, metrics.
//!
//! [`Observed`] is there once a call, inside its [`CallContext`](crate::CallContext). It counts while the call runs, which is an addition a
//! message, and tells at the end. Without a subscriber nothing of it allocates.

mod access_log;
mod call;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "prometheus")]
mod prometheus;
mod text;
mod trace_context;

use std::time::Duration;

use tonic::Code;
use tracing::Span;

pub(crate) use call::{Direction, Observed};
#[cfg(feature = "prometheus")]
pub use prometheus::Prometheus;
pub(crate) use text::Plain;
pub use trace_context::TraceContext;

/// How a call went.
pub(crate) struct Ended {
    /// The method's name in its proto.
    pub(crate) method: &'static str,
    /// Whether it is a call of Flight, not of a service beside it.
    pub(crate) is_flight: bool,
    /// `""` where nothing was found, and for lists.
    pub(crate) route: &'static str,
    pub(crate) code: Code,
    pub(crate) duration: Duration,
    /// `None` when no message was sent.
    pub(crate) first_message: Option<Duration>,
    pub(crate) received: Total,
    pub(crate) sent: Total,
}

/// What went one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) rows: u64,
    pub(crate) batches: u64,
    pub(crate) bytes: u64,
}

/// A server starts.
pub(crate) fn server_starts() {
    #[cfg(feature = "metrics")]
    metrics::describe();
}

/// A connection that is open for as long as this lives.
pub(crate) struct OpenConnection {
    #[cfg(feature = "metrics")]
    _open: metrics::Open,
}

impl OpenConnection {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(feature = "metrics")]
            _open: metrics::Open::new(),
        }
    }
}

/// Has what runs on another thread belong to the span of whoever sends it there.
pub(crate) fn carried<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let span = Span::current();
    move || span.in_scope(work)
}

/// The name of a code as gRPC writes it.
pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Milliseconds with three places.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    // The loss begins at 285 years.
    duration.as_micros() as f64 / 1000.0
}
