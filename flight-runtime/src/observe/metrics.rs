//! Metrics, through the facade of the crate `metrics`: what is written here goes wherever the program's recorder takes it.
//!
//! Labels are a method, the text of a route, a code or a direction. There are as many of each as the program has, whatever clients send.

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use super::{Ended, Total, code_name};

pub(crate) const CALLS: &str = "flight_server_calls_total";
pub(crate) const DURATION: &str = "flight_server_call_duration_seconds";
pub(crate) const FIRST_MESSAGE: &str = "flight_server_first_message_seconds";
pub(crate) const ROWS: &str = "flight_server_rows_total";
pub(crate) const BATCHES: &str = "flight_server_batches_total";
pub(crate) const BYTES: &str = "flight_server_bytes_total";
pub(crate) const RUNNING: &str = "flight_server_calls_running";
pub(crate) const CONNECTIONS: &str = "flight_server_connections_open";

/// Says to the recorder what each is, when a server starts.
pub(crate) fn describe() {
    describe_counter!(CALLS, Unit::Count, "Calls that have ended.");
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "From the head of a call to the end of its answer."
    );
    describe_histogram!(
        FIRST_MESSAGE,
        Unit::Seconds,
        "From the head of a call to its first message."
    );
    describe_counter!(ROWS, Unit::Count, "Rows of calls that have ended.");
    describe_counter!(
        BATCHES,
        Unit::Count,
        "Record batches of calls that have ended."
    );
    describe_counter!(
        BYTES,
        Unit::Bytes,
        "Messages of calls that have ended, as they travel."
    );
    describe_gauge!(RUNNING, Unit::Count, "Calls that have begun and not ended.");
    describe_gauge!(CONNECTIONS, Unit::Count, "Connections that are open.");
}

pub(super) fn began(method: &'static str) {
    gauge!(RUNNING, "method" => method).increment(1);
}

pub(super) fn ended(ended: &Ended) {
    let &Ended { method, route, .. } = ended;
    let code = code_name(ended.code);
    gauge!(RUNNING, "method" => method).decrement(1);
    counter!(CALLS, "method" => method, "route" => route, "code" => code).increment(1);
    histogram!(DURATION, "method" => method, "route" => route, "code" => code)
        .record(ended.duration);
    if let Some(first) = ended.first_message {
        histogram!(FIRST_MESSAGE, "method" => method, "route" => route, "code" => code)
            .record(first);
    }
    for (direction, total) in [("in", ended.received), ("out", ended.sent)] {
        let Total {
            rows,
            batches,
            bytes,
        } = total;
        for (name, count) in [(ROWS, rows), (BATCHES, batches), (BYTES, bytes)] {
            if count > 0 {
                counter!(name, "method" => method, "route" => route, "direction" => direction)
                    .increment(count);
            }
        }
    }
}

/// A connection, for as long as this lives.
pub(super) struct Open;

impl Open {
    pub(super) fn new() -> Self {
        gauge!(CONNECTIONS).increment(1);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        gauge!(CONNECTIONS).decrement(1);
    }
}
