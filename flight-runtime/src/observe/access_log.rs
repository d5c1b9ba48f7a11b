//! The access log: one event at the end of each call.

use super::{Ended, Plain, Total, TraceContext, code_name, milliseconds};
use crate::context::CallContext;

/// One line, which belongs to no span: it says all that the call's span says.
///
/// Calls of the services beside Flight, such as health checks every few seconds, are told at DEBUG.
pub(super) fn write(ended: &Ended, context: &CallContext) {
    macro_rules! line {
        ($level:expr) => {
            if tracing::event_enabled!(target: "flight_runtime::access", $level) {
                let trace = context.trace_context();
                let Total { rows: rows_in, batches: batches_in, bytes: bytes_in } = ended.received;
                let Total { rows: rows_out, batches: batches_out, bytes: bytes_out } = ended.sent;
                tracing::event!(
                    target: "flight_runtime::access",
                    parent: None,
                    $level,
                    method = ended.method,
                    route = ended.route,
                    peer = %context.peer(),
                    identity = Plain::new(context.peer_identity()).as_str(),
                    code = code_name(ended.code),
                    duration_ms = milliseconds(ended.duration),
                    first_message_ms = ended.first_message.map(milliseconds),
                    rows_in,
                    batches_in,
                    bytes_in,
                    rows_out,
                    batches_out,
                    bytes_out,
                    trace_id = trace.map(TraceContext::trace_id),
                    span_id = trace.map(TraceContext::span_id),
                    "call ended"
                );
            }
        };
    }
    match ended.is_flight {
        true => line!(tracing::Level::INFO),
        false => line!(tracing::Level::DEBUG),
    }
}
