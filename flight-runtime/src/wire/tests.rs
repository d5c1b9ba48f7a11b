//! From batches to bytes and back, against ourselves and against Arrow's own readers.

use std::collections::VecDeque;
use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::SchemaRef;
use arrow_flight::FlightData;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::DictionaryHandling;
use bytes::{Buf, Bytes};
use futures::{FutureExt, StreamExt, TryStreamExt};
use prost::Message as _;

use super::encode::{BatchEncoder, Compression, EncodeOptions};
use super::samples::*;
use super::segments::Segments;

const SLICES: &[(usize, usize)] = &[
    (0, 200),
    (1, 199),
    (7, 13),
    (8, 64),
    (64, 128),
    (100, 1),
    (199, 1),
    (0, 0),
    (5, 0),
    (200, 0),
    (63, 66),
];

/// The `FlightData` messages of a stream, as every other implementation reads them.
fn flight_data(mut wire: Bytes) -> Vec<FlightData> {
    let mut messages = Vec::new();
    while wire.has_remaining() {
        assert_eq!(wire.get_u8(), 0);
        let len = wire.get_u32() as usize;
        messages.push(FlightData::decode(wire.split_to(len)).unwrap());
    }
    messages
}

/// What the decoder of arrow-flight makes of a stream.
fn by_arrow_flight(wire: Bytes) -> Vec<RecordBatch> {
    let messages = flight_data(wire).into_iter().map(Ok);
    FlightRecordBatchStream::new_from_flight_data(futures::stream::iter(messages))
        .try_collect::<Vec<_>>()
        .now_or_never()
        .expect("an iterator never waits")
        .unwrap()
}

/// What the IPC reader of Arrow makes of a stream.
fn by_stream_reader(wire: Bytes) -> Vec<RecordBatch> {
    let mut ipc = Vec::new();
    for message in flight_data(wire) {
        let padded = message.data_header.len().next_multiple_of(8);
        ipc.extend_from_slice(&[0xff; 4]);
        ipc.extend_from_slice(&(padded as u32).to_le_bytes());
        ipc.extend_from_slice(&message.data_header);
        ipc.resize(ipc.len() + padded - message.data_header.len(), 0);
        ipc.extend_from_slice(&message.data_body);
    }
    let reader = StreamReader::try_new(Cursor::new(ipc), None).unwrap();
    reader.collect::<Result<_, _>>().unwrap()
}

fn joined_rows(schema: &SchemaRef, batches: &[RecordBatch]) -> RecordBatch {
    arrow::compute::concat_batches(schema, batches).unwrap()
}

fn check(batches: &[RecordBatch], options: &EncodeOptions, what: &str) {
    let schema = batches[0].schema();
    let wire = joined(encode(&schema, batches, options.clone()));
    let inbound = read_all(Script::cut(&wire, &[1 << 14]), 1 << 30).unwrap();
    let decoded = decode_all(&inbound).unwrap();
    assert_eq!(decoded.len(), batches.len(), "{what}");
    for (index, (expected, found)) in batches.iter().zip(&decoded).enumerate() {
        same(expected, found, &format!("{what}, batch {index}"));
    }
    for (found, expected) in by_arrow_flight(wire.clone()).iter().zip(batches) {
        same(expected, found, &format!("{what}, arrow-flight"));
    }
    for (found, expected) in by_stream_reader(wire).iter().zip(batches) {
        same(expected, found, &format!("{what}, StreamReader"));
    }
}

/// Column by column, so that a failure has a name.
fn same(expected: &RecordBatch, found: &RecordBatch, what: &str) {
    assert_eq!(expected.schema(), found.schema(), "{what}");
    assert_eq!(expected.num_rows(), found.num_rows(), "{what}");
    for (index, field) in expected.schema().fields().iter().enumerate() {
        let (expected, found) = (expected.column(index), found.column(index));
        assert_eq!(expected, found, "{what}, column {}", field.name());
        found.to_data().validate_full().unwrap();
    }
}

fn all_slices() -> Vec<RecordBatch> {
    let batch = every_type(200);
    let slices = SLICES
        .iter()
        .map(|(offset, len)| batch.slice(*offset, *len));
    slices.collect()
}

#[test]
fn every_type_in_every_slice_arrives() {
    check(&all_slices(), &EncodeOptions::default(), "plain");
    check(&[every_type(0)], &EncodeOptions::default(), "empty");
    check(&[every_type(1)], &EncodeOptions::default(), "one row");
}

#[test]
#[cfg(feature = "lz4")]
fn every_type_arrives_with_lz4() {
    let options = EncodeOptions {
        compression: Some(Compression::Lz4),
        ..EncodeOptions::default()
    };
    check(&all_slices(), &options, "lz4");
}

#[test]
#[cfg(feature = "zstd")]
fn every_type_arrives_with_zstd() {
    for level in [None, Some(9)] {
        let options = EncodeOptions {
            compression: Some(Compression::Zstd(level)),
            ..EncodeOptions::default()
        };
        check(&all_slices(), &options, "zstd");
    }
}
