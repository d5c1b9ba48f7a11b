//! [`Observed`]: what is noted of a call while it runs, and told at its end.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use http::HeaderMap;
use tonic::Code;
use tracing::Span;
use tracing::field::Empty;

use super::{Ended, Plain, Total, TraceContext, access_log, code_name, milliseconds};
use crate::Error;
use crate::caller::Peer;
use crate::context::{CallContext, now};

/// Which way something goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    Received,
    Sent,
}

/// What is noted of a call.
pub(crate) struct Observed {
    /// The method's name in its proto, or the whole path of a service beside Flight.
    method: &'static str,
    is_flight: bool,
    began: Instant,
    /// Nanoseconds after that; 0 until there is one.
    first_message: AtomicU64,
    received: Counts,
    sent: Counts,
    /// Unset until somebody asks.
    trace: OnceLock<Option<TraceContext>>,
    span: Span,
}

#[derive(Default)]
struct Counts {
    rows: AtomicU64,
    batches: AtomicU64,
    bytes: AtomicU64,
}

impl Counts {
    fn total(&self) -> Total {
        Total {
            rows: self.rows.load(Ordering::Relaxed),
            batches: self.batches.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

impl Observed {
    pub(crate) fn new(
        method: &'static str,
        is_flight: bool,
        peer: Peer,
        headers: &HeaderMap,
    ) -> Self {
        // A child of what a tower layer around the service is in; a connection's task is in nothing.
        let span = tracing::info_span!(
            target: "flight_runtime::call",
            "flight.call",
            method,
            %peer,
            // OpenTelemetry's own words, which its layer takes out of the fields; it wants the kind before the span begins.
            otel.kind = "server",
            otel.status_code = Empty,
            route = Empty,
            identity = Empty,
            trace_id = Empty,
            parent_id = Empty,
            span_id = Empty,
            code = Empty,
            duration_ms = Empty,
            first_message_ms = Empty,
            rows_in = Empty,
            batches_in = Empty,
            bytes_in = Empty,
            rows_out = Empty,
            batches_out = Empty,
            bytes_out = Empty,
        );
        #[cfg(feature = "metrics")]
        super::metrics::began(method);
        let observed = Self {
            method,
            is_flight,
            began: now(),
            first_message: AtomicU64::new(0),
            received: Counts::default(),
            sent: Counts::default(),
            trace: OnceLock::new(),
            span,
        };
        if !observed.span.is_disabled()
            && let Some(trace) = observed.trace(headers)
        {
            let span = &observed.span;
            span.record("trace_id", trace.trace_id());
            span.record("parent_id", trace.parent_id());
            span.record("span_id", trace.span_id());
        }
        observed
    }

    /// What the call is called in logs.
    pub(crate) fn method(&self) -> &'static str {
        self.method
    }

    /// What its headers say.
    pub(crate) fn trace(&self, headers: &HeaderMap) -> Option<&TraceContext> {
        let trace = self.trace.get_or_init(|| TraceContext::of_headers(headers));
        trace.as_ref()
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// What is called is known.
    pub(crate) fn found(&self, route: &'static str) {
        self.span.record("route", route);
    }

    /// Who calls is known.
    pub(crate) fn identified(&self, identity: &str) {
        if !self.span.is_disabled() {
            self.span.record("identity", Plain::new(identity).as_str());
        }
    }

    /// Bytes of HTTP/2's DATA.
    pub(crate) fn bytes(&self, direction: Direction, bytes: usize) {
        let counts = self.counts(direction);
        counts.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        if matches!(direction, Direction::Sent) && self.first_message.load(Ordering::Relaxed) == 0 {
            let after = u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.first_message.store(after.max(1), Ordering::Relaxed);
        }
    }

    pub(crate) fn batch(&self, direction: Direction, batch: &RecordBatch) {
        let counts = self.counts(direction);
        let rows = batch.num_rows() as u64;
        counts.rows.fetch_add(rows, Ordering::Relaxed);
        counts.batches.fetch_add(1, Ordering::Relaxed);
    }

    fn elapsed(&self) -> Duration {
        now().saturating_duration_since(self.began)
    }

    fn counts(&self, direction: Direction) -> &Counts {
        match direction {
            Direction::Received => &self.received,
            Direction::Sent => &self.sent,
        }
    }

    /// Tells how the call ended. Who calls this sees to it that it is once.
    pub(crate) fn end(&self, context: &CallContext, result: Result<(), &Error>) {
        let first_message = match self.first_message.load(Ordering::Relaxed) {
            0 => None,
            after => Some(Duration::from_nanos(after)),
        };
        let ended = Ended {
            method: self.method,
            is_flight: self.is_flight,
            route: context.route().unwrap_or_default(),
            code: result.err().map_or(Code::Ok, Error::code),
            duration: self.elapsed(),
            first_message,
            received: self.received.total(),
            sent: self.sent.total(),
        };
        self.record(&ended);
        access_log::write(&ended, context);
        #[cfg(feature = "metrics")]
        super::metrics::ended(&ended);
    }

    fn record(&self, ended: &Ended) {
        if self.span.is_disabled() {
            return;
        }
        let span = &self.span;
        if is_fault(ended.code) {
            span.record("otel.status_code", "ERROR");
        }
        span.record("code", code_name(ended.code));
        span.record("duration_ms", milliseconds(ended.duration));
        if let Some(first) = ended.first_message {
            span.record("first_message_ms", milliseconds(first));
        }
        let Total {
            rows,
            batches,
            bytes,
        } = ended.received;
        span.record("rows_in", rows);
        span.record("batches_in", batches);
        span.record("bytes_in", bytes);
        let Total {
            rows,
            batches,
            bytes,
        } = ended.sent;
        span.record("rows_out", rows);
        span.record("batches_out", batches);
        span.record("bytes_out", bytes);
    }
}

/// Codes that are an error of a server's span in OpenTelemetry's conventions for gRPC; the others are the client's own.
fn is_fault(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}
