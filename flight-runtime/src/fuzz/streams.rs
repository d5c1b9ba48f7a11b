//! Frames, messages and batches by themselves, without a call around them.

use std::collections::VecDeque;

use arrow::array::{Array, RecordBatch};
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use bytes::{BufMut, Bytes};
use futures::FutureExt;
use prost::encoding::{WireType, encode_key, encode_varint};

use super::choice;
use crate::batches::{Compression, StreamOptions};
use crate::error::BoxError;
use crate::reply::encode_options;
use crate::wire::compression::Encoding;
use crate::wire::decode::{BatchDecoder, Decoded};
use crate::wire::encode::{BatchEncoder, DEFAULT_MAX_MESSAGE_SIZE};
use crate::wire::flight_data::{FlightDataReader, Inbound, Limits};
use crate::wire::grpc::{MessageReader, PREFIX_LEN, put_prefix};
use crate::wire::guard::GuardLimits;
use crate::wire::script::Script;

/// The largest message, so that a length alone cannot ask for much.
const MAX_MESSAGE: usize = 16 << 20;

/// Rows above which an accepted column is not looked at again.
const MOST_ROWS: usize = 1000;

/// A request that comes in one piece.
fn whole(bytes: &[u8]) -> Script {
    Script([Bytes::copy_from_slice(bytes)].into())
}

/// How a request's first bytes say that it comes: in pieces of which size, and in which encoding.
fn arriving(bytes: &[u8]) -> (Script, Encoding) {
    let (how, bytes) = choice(bytes, 8);
    let encoding = match how % 2 {
        0 => Encoding::Identity,
        _ => Encoding::Gzip,
    };
    let size = match how / 2 {
        0 => bytes.len(),
        1 => 1,
        2 => 7,
        _ => 4096,
    };
    let bytes = Bytes::copy_from_slice(bytes);
    (Script::cut(&bytes, &[size]), encoding)
}

/// Messages of gRPC. The first byte says how they arrive.
pub fn frames(bytes: &[u8]) {
    let (body, encoding) = arriving(bytes);
    let mut reader = MessageReader::new(body, encoding, MAX_MESSAGE);
    let mut next = || step(|| reader.next().now_or_never());
    while let Ok(Some(_)) = next() {}
}

/// Messages of a DoPut, up to their Arrow data. The first byte says how they arrive.
pub fn flight_data(bytes: &[u8]) {
    let (body, encoding) = arriving(bytes);
    let limits = Limits {
        message: MAX_MESSAGE,
    };
    let mut reader = FlightDataReader::new(body, encoding, limits);
    let mut next = || step(|| reader.next().now_or_never());
    while let Ok(Some(_)) = next() {}
}

/// Asks until there is an answer: decompression pauses for the thread's other tasks.
fn step<T>(mut next: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(next) = next() {
            return next;
        }
    }
}

/// An upload as it travels, without compression by gRPC: what its batches are.
///
/// # Errors
///
/// What is wrong with it.
pub fn decode(bytes: &[u8]) -> Result<Vec<RecordBatch>, BoxError> {
    let limits = Limits {
        message: MAX_MESSAGE,
    };
    let mut reader = FlightDataReader::new(whole(bytes), Encoding::Identity, limits);
    let mut decoder = BatchDecoder::new(GuardLimits::default());
    let mut batches = Vec::new();
    while let Some(inbound) = step(|| reader.next().now_or_never())? {
        if let Decoded::Batch(batch) = decoder.decode(&inbound)? {
            batches.push(batch);
        }
    }
    Ok(batches)
}

/// The flatbuffer of a message, and its body.
pub type HeaderAndBody = (Vec<u8>, Vec<u8>);

/// What a stream of these batches is made of, message by message, to be damaged and [put together](frame) again.
///
/// # Errors
///
/// Whatever the encoder says.
pub fn encode(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    compression: Compression,
    deltas: bool,
) -> Result<Vec<HeaderAndBody>, BoxError> {
    let options = StreamOptions {
        compression,
        dictionary_deltas: deltas,
        ..StreamOptions::default()
    };
    let options = encode_options(&options, DEFAULT_MAX_MESSAGE_SIZE);
    let mut encoder = BatchEncoder::new(schema, options)?;
    let mut frames = VecDeque::from([encoder.schema(None)?]);
    for batch in batches {
        encoder.batch(batch, None, &mut frames)?;
    }
    let mut wire = Vec::new();
    for frame in frames {
        wire.put(frame);
    }
    let limits = Limits {
        message: usize::MAX,
    };
    let mut reader = FlightDataReader::new(whole(&wire), Encoding::Identity, limits);
    let mut messages = Vec::new();
    while let Some(inbound) = step(|| reader.next().now_or_never())? {
        messages.push((inbound.header.to_vec(), inbound.body.to_vec()));
    }
    Ok(messages)
}

/// Adds a message as it travels: gRPC's prefix, and a `FlightData` of these two fields.
pub fn frame(wire: &mut Vec<u8>, header: &[u8], body: &[u8]) {
    let start = wire.len();
    wire.put_slice(&[0; PREFIX_LEN]);
    encode_key(2, WireType::LengthDelimited, wire);
    encode_varint(header.len() as u64, wire);
    wire.put_slice(header);
    if !body.is_empty() {
        encode_key(1000, WireType::LengthDelimited, wire);
        encode_varint(body.len() as u64, wire);
        wire.put_slice(body);
    }
    let len = wire.len() - start - PREFIX_LEN;
    if let Some(mut prefix) = wire.get_mut(start..start + PREFIX_LEN) {
        // Messages here are far from 4 GiB.
        let _ = put_prefix(&mut prefix, len);
    }
}

/// An upload as it travels: gRPC's frames, `FlightData`, Arrow's decoder behind its guard.
pub fn upload(bytes: &[u8]) {
    if let Ok(batches) = decode(bytes) {
        validate(&batches);
    }
}

/// An Arrow IPC stream, as it lies in a file.
pub fn ipc(bytes: &[u8]) {
    let mut decoder = BatchDecoder::new(GuardLimits::default());
    for inbound in messages(Bytes::copy_from_slice(bytes)) {
        match decoder.decode(&inbound) {
            Ok(Decoded::Batch(batch)) => validate(&[batch]),
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

/// The messages of an IPC stream, up to the first that cannot be found ("Encapsulated message format").
fn messages(mut stream: Bytes) -> impl Iterator<Item = Inbound> {
    std::iter::from_fn(move || {
        let mut len = word(&mut stream)?;
        if len == u32::MAX {
            len = word(&mut stream)?;
        }
        let len = usize::try_from(len).ok().filter(|len| *len > 0)?;
        if len > stream.len() {
            return None;
        }
        let header = stream.split_to(len);
        // A wrong length is judged by the decoder.
        let body = arrow_ipc::root_as_message(&header).map_or(0, |message| message.bodyLength());
        let body = usize::try_from(body).map_or(0, |body| body.min(stream.len()));
        Some(Inbound {
            header,
            body: Buffer::from_slice_ref(stream.split_to(body)),
            ..Inbound::default()
        })
    })
}

fn word(stream: &mut Bytes) -> Option<u32> {
    let (word, _) = stream.split_first_chunk()?;
    let word = u32::from_le_bytes(*word);
    let _ = stream.split_to(4);
    Some(word)
}

/// Sees that batches that were accepted are what their types promise.
///
/// # Panics
///
/// When they are not.
pub fn validate(batches: &[RecordBatch]) {
    for batch in batches {
        for column in batch.columns() {
            if column.len() < MOST_ROWS {
                let valid = column.to_data().validate_full();
                assert!(valid.is_ok(), "accepted, but {valid:?}");
            }
        }
    }
}
