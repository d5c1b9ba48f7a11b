//! The data plane: Arrow buffers to gRPC frames and back.
//!
//! Everything here works on bytes and Arrow arrays; nothing knows of handlers,
//! contexts or servers. The layers above turn a [`WireError`](error::WireError) into a gRPC code.
//!
//! | file | what it holds |
//! |---|---|
//! | `segments` | many `Bytes` seen as one `Buf`, so that one DATA frame spans many Arrow buffers |
//! | `grpc` | the length-prefixed message framing, both ways |
//! | `compression` | messages that clients have compressed |
//! | `cut` | a request body that knows a finished upload from a cut one |
//! | `flight_data` | incremental parser of `FlightData`, one copy of the body |
//! | `encode` | record batches to `FlightData`, sharing the arrays' memory |
//! | `ipc_stream`, `message` | Arrow's IPC stream taken apart, and framed as `FlightData` |
//! | `compact`, `size` | what of a slice is to be sent, and how much that is |
//! | `matching` | whether a batch fits the schema of its stream |
//! | `decode` | `FlightData` to record batches |
//! | `dictionaries` | those of a stream that is read, and what their deltas may cost |
//! | `guard` | what is checked before Arrow's decoder sees a message |
//! | `mend` | what valid messages are given before it can read them |
//! | `gather`, `frames` | what stands between h2 and a socket: frames written together, and cut to what the peer takes |
//! | `error` | what can go wrong, in words meant for the client |
//!
//! The rules come from three places: `Flight.proto` (the fields of `FlightData`),
//! the gRPC over HTTP/2 protocol (framing, end of stream), and the Arrow columnar
//! format (IPC messages and their buffers).

// Tests unwrap; the same code is linted without `cfg(test)` as well.
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(feature = "bench")]
pub(crate) mod bench;
mod compact;
pub(crate) mod compression;
pub(crate) mod cut;
pub(crate) mod decode;
mod dictionaries;
pub(crate) mod encode;
pub(crate) mod error;
pub(crate) mod flight_data;
pub(crate) mod frames;
pub(crate) mod gather;
pub(crate) mod grpc;
pub(crate) mod guard;
pub(crate) mod held;
mod ipc_stream;
pub(crate) mod matching;
mod mend;
pub(crate) mod message;
pub(crate) mod progress;
#[cfg(test)]
mod samples;
#[cfg(any(test, feature = "bench", feature = "fuzz"))]
pub(crate) mod script;
pub(crate) mod segments;
mod size;
#[cfg(test)]
mod tests;
pub(crate) mod upload;
