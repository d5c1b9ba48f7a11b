//! What is checked on every IPC message before Arrow's decoder sees it.
//!
//! The decoder of arrow-ipc 59 trusts its input in ways that cost the process (measured
//! with mutated streams): a buffer outside of the body is a panic, a type without its
//! parameters is a panic, and the uncompressed length in front of an LZ4 buffer is
//! allocated as it is announced, which aborts where nothing can be caught. arrow-rs
//! treats such input as the caller's business, so it is ours.
//!
//! The checks follow the Arrow columnar format, "Serialization and Interprocess
//! Communication", and reject only what C++'s reader rejects as well, or what would
//! break Arrow's. What concerns the content of buffers (offsets, UTF-8, dictionary
//! keys) is left to the decoder, which validates it.
//!
//! | file | what it checks |
//! |---|---|
//! | `schema` | types and their parameters, number and nesting of fields |
//! | `batch` | nodes and buffers against the schema, sizes against the body |
//! | `lz4`, `zstd` | how much a compressed frame can become |

mod batch;
#[cfg(test)]
mod corpus;
mod lz4;
mod nulls;
mod schema;
#[cfg(test)]
mod tests;
mod zstd;

use arrow_ipc::{Message, MessageHeader, MetadataVersion};

use super::error::WireError;

pub(crate) use batch::{Checked, check_batch, check_rows};
pub(crate) use schema::check_schema;

/// How much a message may ask for. All of it holds for one stream or one message; what
/// the server as a whole may hold is for the layers above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GuardLimits {
    /// Fields of a schema, nested ones included. Default 10,000: wide tables have a few
    /// thousand, and each field becomes several allocations.
    pub(crate) fields: usize,
    /// How deep fields nest. Default 64, the depth that C++'s reader permits; every
    /// layer above recurses that deep.
    pub(crate) nesting: usize,
    /// Rows of a batch, and of any array in it. Default 2³¹ − 1, above which the format
    /// leaves support to each implementation. Arrays of nulls and of runs take no bytes
    /// for their rows, so the size of the message does not bound them.
    pub(crate) rows: u64,
    /// Bytes that the buffers of one message may be in memory, in all: uncompressed
    /// lengths as announced, checked before the first is allocated. A buffer that is
    /// named twice counts twice, because it is decoded and validated twice, and rows
    /// that take no bytes count a bit each. Default 256 MiB; a body that is larger by
    /// itself may be as large as it is.
    pub(crate) decompressed: u64,
    /// Bytes of the dictionaries that a stream may keep. Default 256 MiB.
    pub(crate) dictionaries: u64,
}

impl Default for GuardLimits {
    fn default() -> Self {
        Self {
            fields: 10_000,
            nesting: 64,
            rows: i32::MAX as u64,
            decompressed: 256 << 20,
            dictionaries: 256 << 20,
        }
    }
}

/// Parses the flatbuffer of a message, with limits on what its verification may cost
/// and on what it may expand to: flatbuffers may share their parts, so that a few bytes
/// can stand for any number of fields.
pub(crate) fn parse_header<'a>(
    header: &'a [u8],
    limits: &GuardLimits,
) -> Result<Message<'a>, WireError> {
    let options = flatbuffers::VerifierOptions {
        // Message, schema, and under each field its type, or its dictionary and the
        // type of that.
        max_depth: limits.nesting.saturating_add(6),
        // Honest messages make a table of at least eight bytes of every field, type,
        // dictionary and entry of metadata.
        max_tables: (header.len() / 8)
            .min(limits.fields.saturating_mul(8))
            .max(64),
        // Their parts are not shared, except vtables, so that the apparent size is
        // within twice the real one.
        max_apparent_size: header.len().saturating_mul(4).max(4096),
        ignore_missing_null_terminator: true,
    };
    let message = arrow_ipc::root_as_message_with_opts(&options, header).map_err(|error| {
        if matches!(error, flatbuffers::InvalidFlatbuffer::DepthLimitReached) {
            return schema::too_deep(limits);
        }
        WireError::invalid(format!(
            "data_header is not an Arrow IPC message: {}",
            // The trace of the verifier takes many lines.
            error.to_string().lines().next().unwrap_or_default()
        ))
    })?;
    if !matches!(message.version(), MetadataVersion::V4 | MetadataVersion::V5) {
        return Err(WireError::invalid(format!(
            "the Arrow metadata version is {}, expected V4 or V5",
            message
                .version()
                .variant_name()
                .map_or_else(|| message.version().0.to_string(), str::to_owned)
        )));
    }
    if message.bodyLength() < 0 {
        return Err(WireError::invalid(format!(
            "the IPC message declares a body of {} bytes",
            message.bodyLength()
        )));
    }
    Ok(message)
}

/// The name of a kind of message, for errors.
pub(crate) fn kind(header: MessageHeader) -> String {
    header
        .variant_name()
        .map_or_else(|| format!("kind {}", header.0), str::to_owned)
}
