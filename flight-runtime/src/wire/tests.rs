//! From batches to bytes and back, against ourselves and against Arrow's own readers.

use std::collections::VecDeque;
use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, ArrayRef, AsArray, DictionaryArray, Int32Array, Int64Array, RecordBatch,
    RecordBatchOptions, StringArray, StringViewArray, make_array,
};
use arrow::datatypes::{DataType, Field, Schema};
use arrow_flight::FlightData;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_ipc::MetadataVersion;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::{
    DictionaryHandling, DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions,
};
use bytes::{Buf, Bytes};
use futures::{FutureExt, TryStreamExt};
use prost::Message as _;

use super::compression::Encoding;
use super::cut::{Ending, RequestBody};
use super::decode::{BatchDecoder, Decoded};
use super::encode::{BatchEncoder, Compression, EncodeOptions};
use super::error::WireError;
use super::flight_data::{FlightDataReader, Inbound, Limits};
use super::guard::GuardLimits;
use super::samples::*;
use super::script::Script;
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

fn check(batches: &[RecordBatch], options: &EncodeOptions, what: &str) {
    let schema = batches[0].schema();
    let wire = joined(encode(&schema, batches, options.clone()));
    let inbound = read_all(Script::cut(&wire, &[1 << 14]), 1 << 30).unwrap();
    let decoded = decode_all(&inbound).unwrap();
    assert_eq!(decoded.len(), batches.len(), "{what}");
    for (index, (expected, found)) in batches.iter().zip(&decoded).enumerate() {
        same(expected, found, &format!("{what}, batch {index}"));
    }
    let others = [
        ("arrow-flight", by_arrow_flight(wire.clone())),
        ("StreamReader", by_stream_reader(wire)),
    ];
    for (reader, found) in others {
        assert_eq!(found.len(), batches.len(), "{what}, {reader}");
        for (expected, found) in batches.iter().zip(&found) {
            same(expected, found, &format!("{what}, {reader}"));
        }
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

/// Those that this build has.
fn codecs() -> [Option<Compression>; 3] {
    [
        None,
        cfg!(feature = "lz4").then_some(Compression::Lz4),
        cfg!(feature = "zstd").then_some(Compression::Zstd(None)),
    ]
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

#[test]
fn primitives_are_shared_and_not_copied() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10_000));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..10_000).map(|i| i.to_string()),
    ));
    let batch = RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap();
    let batch = batch.slice(64, 9000);
    let mut encoder = BatchEncoder::new(&batch.schema(), EncodeOptions::default()).unwrap();
    let mut out = VecDeque::new();
    encoder.batch(&batch, None, &mut out).unwrap();
    let mut frame = out.pop_front().unwrap();
    let mut addresses = Vec::new();
    while frame.has_remaining() {
        addresses.push(frame.chunk().as_ptr());
        frame.advance(frame.chunk().len());
    }
    let numbers = batch
        .column(0)
        .as_primitive::<arrow::datatypes::Int64Type>();
    assert!(addresses.contains(&numbers.values().as_ptr().cast()));
    let texts = batch.column(1).as_string::<i32>();
    let first = texts.value_offsets()[0] as usize;
    assert!(addresses.contains(&texts.values()[first..].as_ptr()));
}

#[test]
fn received_arrays_share_the_body() {
    let batch = every_type(300);
    let wire = joined(encode(&batch.schema(), &[batch], EncodeOptions::default()));
    let inbound = read_all(Script::cut(&wire, &[1 << 14]), 1 << 30).unwrap();
    let body = inbound.last().unwrap().body.clone();
    let batch = decode_all(&inbound).unwrap().remove(0);
    for name in ["i64", "dec256", "utf8", "utf8_view", "mdn", "bool"] {
        let data = batch.column_by_name(name).unwrap().to_data();
        for buffer in data.buffers() {
            assert_eq!(buffer.data_ptr(), body.data_ptr(), "{name}");
        }
    }
}

#[test]
#[cfg(feature = "lz4")]
fn only_large_compressed_bodies_are_work_for_a_blocking_thread() {
    let numbers = |rows: i64| {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows).map(|n| n * n)));
        RecordBatch::try_from_iter([("n", column)]).unwrap()
    };
    for (rows, compression, light) in [
        (100_000, None, true),
        (100, Some(Compression::Lz4), true),
        (100_000, Some(Compression::Lz4), false),
    ] {
        let options = EncodeOptions {
            compression,
            ..EncodeOptions::default()
        };
        let batch = numbers(rows);
        let mut decoder = BatchDecoder::new(GuardLimits::default());
        let wire = joined(encode(
            &batch.schema(),
            std::slice::from_ref(&batch),
            options,
        ));
        for inbound in read_all(Script::cut(&wire, &[1 << 14]), 1 << 30).unwrap() {
            match decoder.decode_if_light(&inbound).unwrap() {
                Some(Decoded::Batch(found)) => {
                    assert!(light, "{rows} {compression:?}");
                    assert_eq!(found, batch);
                }
                Some(_) => {}
                None => {
                    assert!(!light, "{rows} {compression:?}");
                    let Decoded::Batch(found) = decoder.decode(&inbound).unwrap() else {
                        panic!("a batch");
                    };
                    assert_eq!(found, batch);
                }
            }
        }
    }
}

#[test]
fn batches_are_cut_to_the_size_and_arrive_whole() {
    let batch = every_type(3000);
    let schema = batch.schema();
    for compression in codecs() {
        for max_message_size in [60_000, 200_000, 1 << 20] {
            let options = EncodeOptions {
                compression,
                max_message_size,
                ..EncodeOptions::default()
            };
            let frames = encode(&schema, std::slice::from_ref(&batch), options);
            let sizes: Vec<_> = frames.iter().map(Segments::len).collect();
            assert!(
                sizes.iter().all(|size| *size <= 5 + max_message_size),
                "{sizes:?}"
            );
            let wire = joined(frames);
            // Neither too few nor, which would be a wrong estimate, too many.
            let least = wire.len() / max_message_size;
            let most = if compression.is_some() {
                150
            } else {
                least * 3 + 20
            };
            assert!(
                (least..most).contains(&sizes.len()),
                "{} of {least}",
                sizes.len()
            );
            let inbound = read_all(Script::cut(&wire, &[1 << 14]), 1 << 30).unwrap();
            let decoded = decode_all(&inbound).unwrap();
            let rows = decoded.iter().map(RecordBatch::num_rows).sum::<usize>();
            assert_eq!(rows, 3000);
            let mut start = 0;
            for piece in &decoded {
                same(&batch.slice(start, piece.num_rows()), piece, "slice");
                start += piece.num_rows();
            }
        }
    }
}

#[test]
fn slices_of_views_unions_and_list_views_carry_only_what_they_use() {
    let rows = 20_000;
    let batch = every_type(rows);
    for name in [
        "utf8_view",
        "binary_view",
        "list_view",
        "large_list_view",
        "struct",
        "dense",
        "sparse",
        "run32",
        "views_in_list",
        "views_in_fixed",
        "dense_in_list",
        "dense_in_fixed",
        "list_views_in_list",
    ] {
        let index = batch.schema().index_of(name).unwrap();
        let column = batch.project(&[index]).unwrap();
        let bytes = |batch: &RecordBatch, max_message_size: usize| -> usize {
            let options = EncodeOptions {
                max_message_size,
                ..EncodeOptions::default()
            };
            let frames = encode(&batch.schema(), std::slice::from_ref(batch), options);
            frames.iter().skip(1).map(Segments::len).sum()
        };
        let whole = bytes(&column, 1 << 30);
        let slice = bytes(&column.slice(rows / 3, 20), 1 << 30);
        assert!(slice < whole / 50, "{name}: {slice} of {whole}");
        let cut = bytes(&column, whole / 20);
        assert!(cut < whole + whole / 3, "{name}: {cut} of {whole}");
    }
}

#[test]
fn runs_that_are_rewritten_keep_the_metadata_of_their_values() {
    let words = StringViewArray::from_iter_values((0..100).map(|n| format!("{n:0>100}")));
    // One of a hundred is used.
    let words: ArrayRef = Arc::new(words.slice(7, 1));
    let metadata = [("unit".to_owned(), "word".to_owned())].into();
    let field = Field::new("values", DataType::Utf8View, true).with_metadata(metadata);
    let ends: ArrayRef = Arc::new(Int32Array::from(vec![3]));
    let ends_field = Field::new("run_ends", DataType::Int32, false);
    let runs = ArrayData::builder(DataType::RunEndEncoded(ends_field.into(), field.into()))
        .len(3)
        .add_child_data(ends.to_data())
        .add_child_data(words.to_data());
    let runs = make_array(runs.build().unwrap());
    let batch = RecordBatch::try_from_iter([("runs", runs)]).unwrap();
    check(&[batch], &EncodeOptions::default(), "runs");
}

#[test]
fn a_column_of_views_that_is_used_in_full_is_shared() {
    let views = StringViewArray::from_iter_values(
        (0..5000).map(|i| format!("a string that is longer than a view, {i}")),
    );
    let buffer = views.data_buffers()[0].clone();
    let batch = RecordBatch::try_from_iter([("v", Arc::new(views) as ArrayRef)]).unwrap();
    let mut frames = encode(
        &batch.schema(),
        std::slice::from_ref(&batch),
        EncodeOptions::default(),
    );
    let mut frame = frames.pop_back().unwrap();
    let mut found = false;
    while frame.has_remaining() {
        found |= frame.chunk().as_ptr() == buffer.as_ptr();
        frame.advance(frame.chunk().len());
    }
    assert!(found);
}

/// The kinds of the messages of a stream, by their headers.
fn kinds(wire: &Bytes) -> Vec<&'static str> {
    let kind = |message: FlightData| {
        let header = arrow_ipc::root_as_message(&message.data_header).unwrap();
        match header.header_as_dictionary_batch() {
            Some(dictionary) if dictionary.isDelta() => "delta",
            Some(_) => "dictionary",
            None if header.header_as_schema().is_some() => "schema",
            None => "batch",
        }
    };
    flight_data(wire.clone()).into_iter().map(kind).collect()
}

fn dictionaries(values: &[&[&str]]) -> Vec<RecordBatch> {
    let batch = |values: &&[&str]| {
        let keys = Int32Array::from_iter_values(0..values.len() as i32);
        let values = Arc::new(StringArray::from(values.to_vec()));
        let column = DictionaryArray::new(keys, values);
        RecordBatch::try_from_iter([("d", Arc::new(column) as ArrayRef)]).unwrap()
    };
    values.iter().map(batch).collect()
}

#[test]
fn dictionaries_are_kept_replaced_and_extended() {
    let batches = dictionaries(&[&["a", "b"], &["a", "b"], &["a", "b", "c"], &["x"], &["x"]]);
    let schema = batches[0].schema();
    let wire = joined(encode(&schema, &batches, EncodeOptions::default()));
    assert_eq!(
        kinds(&wire).join(" "),
        "schema dictionary batch batch dictionary batch dictionary batch batch"
    );
    check(&batches, &EncodeOptions::default(), "resend");
    let options = EncodeOptions {
        dictionaries: DictionaryHandling::Delta,
        ..EncodeOptions::default()
    };
    let wire = joined(encode(&schema, &batches, options.clone()));
    assert_eq!(
        kinds(&wire).join(" "),
        "schema dictionary batch batch delta batch dictionary batch batch"
    );
    check(&batches, &options, "delta");
}

#[test]
fn slices_of_one_batch_send_its_dictionary_once() {
    let column = dictionary_column(10_000, 0);
    let batch = RecordBatch::try_from_iter([("d", column)]).unwrap();
    let options = EncodeOptions {
        max_message_size: 4096,
        ..EncodeOptions::default()
    };
    let wire = joined(encode(
        &batch.schema(),
        std::slice::from_ref(&batch),
        options,
    ));
    let kinds = kinds(&wire);
    assert_eq!(
        kinds.iter().filter(|kind| **kind == "dictionary").count(),
        1
    );
    assert!(kinds.len() > 5);
    let inbound = read_all(Script::cut(&wire, &[100]), 1 << 20).unwrap();
    let decoded = decode_all(&inbound).unwrap();
    let mut start = 0;
    for piece in decoded {
        same(&batch.slice(start, piece.num_rows()), &piece, "slice");
        start += piece.num_rows();
    }
}

#[test]
fn metadata_v4_is_read() {
    let batch = every_type(100);
    // Runs are younger than V4: Arrow's writer gives them a bitmap there, and its reader
    // does not expect one.
    let schema = batch.schema();
    let known = (0..batch.num_columns()).filter(|index| {
        !schema
            .field(*index)
            .data_type()
            .to_string()
            .contains("RunEnd")
    });
    let batch = batch.project(&known.collect::<Vec<_>>()).unwrap();
    let options = IpcWriteOptions::try_new(8, false, MetadataVersion::V4).unwrap();
    let generator = IpcDataGenerator::default();
    let mut tracker = DictionaryTracker::new(false);
    let schema =
        generator.schema_to_bytes_with_dictionary_tracker(&batch.schema(), &mut tracker, &options);
    let (dictionaries, rows) = generator
        .encode(
            &batch,
            &mut tracker,
            &options,
            &mut IpcWriteContext::default(),
        )
        .unwrap();
    let mut decoder = BatchDecoder::new(GuardLimits::default());
    let mut last = Decoded::None;
    for encoded in [schema].into_iter().chain(dictionaries).chain([rows]) {
        let inbound = Inbound {
            header: encoded.ipc_message.into(),
            body: encoded.arrow_data.into(),
            ..Inbound::default()
        };
        last = decoder.decode(&inbound).unwrap();
    }
    let Decoded::Batch(found) = last else {
        panic!("expected a batch, got {last:?}");
    };
    same(&batch, &found, "V4");
}

#[test]
fn the_order_of_messages_is_checked() {
    let batches = dictionaries(&[&["a"]]);
    let wire = joined(encode(
        &batches[0].schema(),
        &batches,
        EncodeOptions::default(),
    ));
    let inbound = read_all(Script::cut(&wire, &[100]), 1 << 20).unwrap();
    let [schema, dictionary, batch] = &inbound[..] else {
        panic!("three messages");
    };
    for first in [dictionary, batch] {
        let mut decoder = BatchDecoder::new(GuardLimits::default());
        let text = decoder.decode(first).unwrap_err().to_string();
        assert_eq!(text, "the stream does not start with a schema message");
    }
    let mut decoder = BatchDecoder::new(GuardLimits::default());
    assert!(matches!(
        decoder.decode(&Inbound::default()),
        Ok(Decoded::None)
    ));
    assert!(matches!(decoder.decode(schema), Ok(Decoded::Schema(_))));
    let text = decoder.decode(schema).unwrap_err().to_string();
    assert_eq!(text, "the stream has a second schema message");
    // A dictionary that did not come is empty, which these keys do not fit.
    assert!(decoder.decode(batch).is_err());
    assert!(matches!(
        decoder.decode(dictionary),
        Ok(Decoded::Dictionary)
    ));
    assert!(matches!(decoder.decode(batch), Ok(Decoded::Batch(_))));
}

#[test]
fn a_batch_without_columns_has_rows() {
    let schema = Arc::new(Schema::empty());
    let options = RecordBatchOptions::new().with_row_count(Some(7));
    let batch = RecordBatch::try_new_with_options(schema, vec![], &options).unwrap();
    check(&[batch], &EncodeOptions::default(), "no columns");
}

#[test]
#[cfg(not(feature = "lz4"))]
fn a_codec_that_is_not_built_in_is_named() {
    let options = EncodeOptions {
        compression: Some(Compression::Lz4),
        ..EncodeOptions::default()
    };
    let schema = Arc::new(Schema::empty());
    let text = BatchEncoder::new(&schema, options)
        .err()
        .unwrap()
        .to_string();
    assert!(
        text.contains("needs the feature `lz4` of flight-runtime"),
        "{text}"
    );
}

#[test]
fn a_request_that_ends_inside_a_message_is_truncated_and_one_that_is_reset_is_cut() {
    let batch = every_type(10);
    let wire = joined(encode(&batch.schema(), &[batch], EncodeOptions::default()));
    let limits = Limits { message: 1 << 20 };
    let read = |mut reader: FlightDataReader<RequestBody>| {
        let mut results = std::iter::from_fn(move || {
            let result = reader.next().now_or_never().expect("never waits");
            Some((result, reader.body().ending()))
        });
        results
            .find(|(result, _)| !matches!(result, Ok(Some(_))))
            .unwrap()
    };
    let whole = RequestBody::new(Script::cut(&wire, &[100]), None);
    let (end, ending) = read(FlightDataReader::new(whole, Encoding::Identity, limits));
    assert!(matches!((end, ending), (Ok(None), Some(Ending::Complete))));
    let half = wire.slice(..wire.len() - 7);
    let cut = RequestBody::new(Script::cut(&half, &[100]), None);
    let (end, ending) = read(FlightDataReader::new(cut, Encoding::Identity, limits));
    assert!(matches!(end, Err(WireError::Truncated)), "{end:?}");
    assert_eq!(ending, Some(Ending::Complete));
    // A stream never says that it has ended, as a reset one does not.
    let chunks = Script::cut(&half, &[100]).0.into_iter();
    let frames = chunks.map(|chunk| Ok::<_, WireError>(http_body::Frame::data(chunk)));
    let reset = http_body_util::StreamBody::new(futures::stream::iter(frames));
    let (end, ending) = read(FlightDataReader::new(
        RequestBody::new(reset, None),
        Encoding::Identity,
        limits,
    ));
    assert!(matches!(end, Err(WireError::Cut)), "{end:?}");
    assert_eq!(ending, Some(Ending::Cut));
}
