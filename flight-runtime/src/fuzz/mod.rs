//! What is done with bytes of others, one function for each kind of input: for fuzzers, and for tests of damaged input.
//!
//! None may panic, hang, or take memory beyond what the limits allow, whatever the bytes are; `tests/fuzz` and
//! `tests/tests/mutations.rs` call them. That a call ends with a status, and that what was accepted is valid, they check themselves.
//!
//! | file | whose bytes |
//! |---|---|
//! | `calls` | a client's, in one field of a call: ticket, descriptor, action, criteria, handshake, headers |
//! | `streams` | a client's, as they lie in a stream: frames, `FlightData`, IPC messages, a whole upload |
//! | `connections` | of a whole connection: a server's as our client reads it, and a client's as our server does |

mod calls;
mod connections;
mod streams;

pub use calls::{action, criteria, descriptor, handshake, headers, put, ticket};
pub use connections::{answer, connection};
pub use streams::{
    HeaderAndBody, decode, encode, flight_data, frame, frames, ipc, upload, validate,
};

/// A function over bytes, and its name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 13] = [
    ("action", action),
    ("answer", answer),
    ("connection", connection),
    ("criteria", criteria),
    ("descriptor", descriptor),
    ("flight_data", flight_data),
    ("frames", frames),
    ("handshake", handshake),
    ("headers", headers),
    ("ipc", ipc),
    ("put", put),
    ("ticket", ticket),
    ("upload", upload),
];

/// The first byte, as a choice among so many, and the rest.
fn choice(bytes: &[u8], among: u8) -> (u8, &[u8]) {
    match bytes.split_first() {
        Some((first, rest)) => (first % among, rest),
        None => (0, bytes),
    }
}

thread_local! {
    static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
}

/// Runs it in this thread.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}
