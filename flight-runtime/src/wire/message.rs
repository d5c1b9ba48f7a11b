//! An IPC message as a framed `FlightData`.
//!
//! `Flight.proto` has the flatbuffer in `data_header` = 2 and the body in `data_body` =
//! 1000, "coming last in the definition to help with sidecar patterns". The prefix of
//! gRPC, the header and whatever is small are written into one buffer; large buffers
//! follow by reference.

use arrow::buffer::Buffer;
use arrow::error::ArrowError;
use arrow_flight::FlightDescriptor;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use super::error::WireError;
use super::grpc::{PREFIX_LEN, put_prefix};
use super::segments::Segments;

/// `FlightData.flight_descriptor`.
const FLIGHT_DESCRIPTOR: u32 = 1;
/// `FlightData.data_header`.
const DATA_HEADER: u32 = 2;
/// `FlightData.app_metadata`.
pub(super) const APP_METADATA: u32 = 3;
/// `FlightData.data_body`.
const DATA_BODY: u32 = 1000;

/// The largest message of all: C++ counts in `int32_t` and refuses to send more.
pub(super) const HARD_MAX_MESSAGE_SIZE: usize = i32::MAX as usize;

/// Buffers below this size are copied into their neighbours. A segment costs an
/// allocation, an entry in the `writev` and cache misses, about what a copy of 2 KiB
/// costs.
const MERGE_BELOW: usize = 2048;

/// One IPC message without its prefix.
pub(super) struct Message {
    /// The flatbuffer `Message`; what goes into `data_header`.
    pub(super) header: Bytes,
    /// The length of the body.
    pub(super) body_len: usize,
    /// Together `body_len` bytes.
    pub(super) body: Vec<Buffer>,
}

impl Message {
    /// No IPC message at all, for metadata alone.
    pub(super) const EMPTY: Self = Self {
        header: Bytes::new(),
        body_len: 0,
        body: Vec::new(),
    };

    /// The length of this as a `FlightData`, without the gRPC prefix.
    pub(super) fn size(&self, app_metadata: Option<&Bytes>, has_body: bool) -> usize {
        let header = match self.header.len() {
            0 => 0,
            len => field_len(DATA_HEADER, len),
        };
        let metadata = app_metadata.map_or(0, |bytes| field_len(APP_METADATA, bytes.len()));
        let body = if has_body {
            field_len(DATA_BODY, self.body_len)
        } else {
            0
        };
        header + metadata + body
    }

    /// The part of the size that does not depend on the number of rows: the header, and
    /// what each buffer may be padded by.
    pub(super) fn overhead(&self) -> usize {
        self.header.len() + 32 + 64 * self.body.len()
    }

    /// This as a framed `FlightData`.
    ///
    /// `has_body` writes `data_body` although it may be empty, as C++ does for batches
    /// and dictionaries: a reader that asks whether the field is there gets its answer.
    pub(super) fn frame(
        self,
        app_metadata: Option<Bytes>,
        has_body: bool,
    ) -> Result<Segments, WireError> {
        let size = self.size(app_metadata.as_ref(), has_body);
        if size > HARD_MAX_MESSAGE_SIZE {
            return Err(ArrowError::InvalidArgumentError(format!(
                "a single row, a dictionary or its metadata takes {size} bytes; \
                 a Flight message holds at most {HARD_MAX_MESSAGE_SIZE}"
            ))
            .into());
        }
        let small = self.header.len() + 64 + self.body_len.min(MERGE_BELOW);
        let mut writer = Writer {
            segments: Segments::new(),
            small: BytesMut::with_capacity(PREFIX_LEN + small),
        };
        put_prefix(&mut writer.small, size)?;
        if !self.header.is_empty() {
            put_key(&mut writer.small, DATA_HEADER, self.header.len());
            writer.bytes(self.header);
        }
        if let Some(metadata) = app_metadata {
            put_key(&mut writer.small, APP_METADATA, metadata.len());
            writer.bytes(metadata);
        }
        if has_body {
            put_key(&mut writer.small, DATA_BODY, self.body_len);
            for buffer in self.body {
                writer.buffer(buffer);
            }
        }
        let segments = writer.finish();
        debug_assert_eq!(segments.len(), PREFIX_LEN + size);
        Ok(segments)
    }
}

/// A framed message without a field.
pub(crate) fn empty_frame() -> Result<Segments, WireError> {
    Message::EMPTY.frame(None, false)
}

/// The framed message with a descriptor in it: what a client's first message of an upload has.
///
/// Fields of protobuf may come in any order, so the descriptor goes in front and nothing else moves.
pub(crate) fn with_descriptor(
    mut frame: Segments,
    descriptor: &FlightDescriptor,
) -> Result<Segments, WireError> {
    let descriptor = descriptor.encode_to_vec();
    frame.advance(PREFIX_LEN.min(frame.len()));
    let mut head = BytesMut::with_capacity(PREFIX_LEN + descriptor.len() + 16);
    put_prefix(
        &mut head,
        field_len(FLIGHT_DESCRIPTOR, descriptor.len()) + frame.len(),
    )?;
    put_key(&mut head, FLIGHT_DESCRIPTOR, descriptor.len());
    head.extend_from_slice(&descriptor);
    let mut whole = Segments::from(head.freeze());
    whole.append(frame);
    Ok(whole)
}

/// The length of a length-delimited field with its key.
pub(super) fn field_len(field: u32, len: usize) -> usize {
    key_len(field) + encoded_len_varint(len as u64) + len
}

/// The key and length of a length-delimited field.
fn put_key(to: &mut BytesMut, field: u32, len: usize) {
    encode_key(field, WireType::LengthDelimited, to);
    encode_varint(len as u64, to);
}

/// Collects segments; small ones are copied together.
struct Writer {
    segments: Segments,
    small: BytesMut,
}

impl Writer {
    fn bytes(&mut self, bytes: Bytes) {
        if bytes.len() < MERGE_BELOW {
            self.small.put_slice(&bytes);
        } else {
            self.flush();
            self.segments.push(bytes);
        }
    }

    fn buffer(&mut self, buffer: Buffer) {
        if buffer.len() < MERGE_BELOW {
            self.small.put_slice(&buffer);
        } else {
            self.flush();
            self.segments.push(share(buffer));
        }
    }

    fn flush(&mut self) {
        self.segments.push(self.small.split().freeze());
    }

    fn finish(mut self) -> Segments {
        self.flush();
        self.segments
    }
}

/// The memory of `buffer` as `Bytes`.
fn share(buffer: Buffer) -> Bytes {
    struct Owner(Buffer);
    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            self.0.as_slice()
        }
    }
    Bytes::from_owner(Owner(buffer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_two_gib_is_an_error_that_says_so() {
        let message = Message {
            header: Bytes::from_static(b"header"),
            body_len: HARD_MAX_MESSAGE_SIZE,
            body: Vec::new(),
        };
        let text = message.frame(None, true).unwrap_err().to_string();
        assert!(text.contains("holds at most 2147483647"), "{text}");
    }

    #[test]
    fn sizes_are_exact() {
        let body = Buffer::from_vec(vec![1u8; 5000]);
        let metadata = Bytes::from(vec![2; 300]);
        let message = Message {
            header: Bytes::from_static(b"header"),
            body_len: 5000,
            body: vec![body.slice_with_length(0, 10), body.slice(10)],
        };
        let size = message.size(Some(&metadata), true);
        let framed = message.frame(Some(metadata), true).unwrap();
        assert_eq!(framed.len(), PREFIX_LEN + size);
        assert_eq!(framed.segments(), 2);
    }
}
