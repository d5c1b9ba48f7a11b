//! What honest writers send passes; what would break or bloat the decoder does not.

use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(all(feature = "lz4", feature = "zstd"))]
use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions};
use arrow_ipc::*;
use bytes::Bytes;
use flatbuffers::{FlatBufferBuilder, WIPOffset};

use super::*;
use crate::wire::decode::{BatchDecoder, Decoded, PANIC};
#[cfg(all(feature = "lz4", feature = "zstd"))]
use crate::wire::encode::{Compression, EncodeOptions};
use crate::wire::flight_data::Inbound;
#[cfg(all(feature = "lz4", feature = "zstd"))]
use crate::wire::samples::{decode_all, encode, joined, read_all};
use crate::wire::script::Script;

mod nulls;

fn schema_message(schema: &arrow::datatypes::Schema) -> Inbound {
    let encoded = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
        schema,
        &mut DictionaryTracker::new(false),
        &IpcWriteOptions::default(),
    );
    Inbound {
        header: encoded.ipc_message.into(),
        ..Inbound::default()
    }
}

/// A batch message as a client might make it up.
#[derive(Default)]
struct Forged {
    rows: i64,
    /// Length and nulls.
    nodes: Vec<(i64, i64)>,
    /// Offset and length.
    buffers: Vec<(i64, i64)>,
    variadic: Vec<i64>,
    codec: Option<CompressionType>,
    body: Vec<u8>,
    /// It is a dictionary, the first of its schema.
    dictionary: bool,
    delta: bool,
}

impl Forged {
    fn message(self) -> Inbound {
        let mut fbb = FlatBufferBuilder::new();
        let compression = self.codec.map(|codec| {
            let mut compression = BodyCompressionBuilder::new(&mut fbb);
            compression.add_codec(codec);
            compression.finish()
        });
        let nodes = self
            .nodes
            .iter()
            .map(|(len, nulls)| FieldNode::new(*len, *nulls));
        let nodes = fbb.create_vector(&nodes.collect::<Vec<_>>());
        let buffers = self
            .buffers
            .iter()
            .map(|(offset, len)| Buffer::new(*offset, *len));
        let buffers = fbb.create_vector(&buffers.collect::<Vec<_>>());
        let variadic = fbb.create_vector(&self.variadic);
        let mut batch = RecordBatchBuilder::new(&mut fbb);
        batch.add_length(self.rows);
        batch.add_nodes(nodes);
        batch.add_buffers(buffers);
        batch.add_variadicBufferCounts(variadic);
        if let Some(compression) = compression {
            batch.add_compression(compression);
        }
        let batch = batch.finish();
        let (kind, header) = if self.dictionary {
            let mut dictionary = DictionaryBatchBuilder::new(&mut fbb);
            dictionary.add_data(batch);
            dictionary.add_isDelta(self.delta);
            let header = dictionary.finish().as_union_value();
            (MessageHeader::DictionaryBatch, header)
        } else {
            (MessageHeader::RecordBatch, batch.as_union_value())
        };
        Inbound {
            header: finish(fbb, kind, header),
            body: arrow::buffer::Buffer::from_slice_ref(&self.body),
            ..Inbound::default()
        }
    }
}

fn finish(
    mut fbb: FlatBufferBuilder<'_>,
    kind: MessageHeader,
    header: WIPOffset<flatbuffers::UnionWIPOffset>,
) -> Bytes {
    let mut message = MessageBuilder::new(&mut fbb);
    message.add_version(MetadataVersion::V5);
    message.add_header_type(kind);
    message.add_header(header);
    let root = message.finish();
    fbb.finish(root, None);
    Bytes::copy_from_slice(fbb.finished_data())
}

fn decode(schema: Schema, message: Forged) -> Result<Decoded, WireError> {
    let mut decoder = BatchDecoder::new(GuardLimits::default());
    decoder.decode(&schema_message(&schema)).unwrap();
    decoder.decode(&message.message())
}

fn fault(schema: Schema, message: Forged) -> String {
    let text = decode(schema, message).unwrap_err().to_string();
    assert!(!text.contains(PANIC), "{text}");
    text
}

fn one(data_type: DataType) -> Schema {
    Schema::new(vec![Field::new("c", data_type, true)])
}

fn ints(nodes: Vec<(i64, i64)>, buffers: Vec<(i64, i64)>) -> Forged {
    Forged {
        rows: 4,
        nodes,
        buffers,
        body: vec![0; 64],
        ..Forged::default()
    }
}

#[test]
fn buffers_lie_inside_the_body_and_are_long_enough() {
    let text = |buffers| fault(one(DataType::Int32), ints(vec![(4, 0)], buffers));
    let good = ints(vec![(4, 0)], vec![(0, 0), (48, 16)]);
    assert!(decode(one(DataType::Int32), good).is_ok());
    assert_eq!(
        text(vec![(0, 0), (56, 16)]),
        "column `c` of the batch does not fit its schema: its values are 16 bytes at offset \
         56, outside of the body of 64 bytes"
    );
    assert!(text(vec![(0, 0), (-8, 16)]).contains("outside of the body"));
    assert!(text(vec![(0, 0), (0, -16)]).contains("outside of the body"));
    assert!(text(vec![(0, 0), (i64::MAX, i64::MAX)]).contains("outside of the body"));
    assert!(text(vec![(0, 0), (4, 16)]).contains("offset 4, expected a multiple of 8"));
    assert!(text(vec![(0, 0), (0, 12)]).contains("12 bytes, expected at least 16"));
    assert!(text(vec![(0, 0), (0, 18)]).contains("18 bytes, expected a multiple of 4"));
    assert!(text(vec![(0, 0)]).contains("too few buffers"));
    assert!(text(vec![(0, 0), (0, 16), (0, 0)]).contains("1 buffers more than its schema"));
}

#[test]
fn an_empty_buffer_of_a_union_is_in_its_place() {
    let member = Arc::new(Field::new("m", DataType::Null, true));
    let members = [(0, member)].into_iter().collect();
    let union = DataType::Union(members, arrow::datatypes::UnionMode::Dense);
    let at = |offset| Forged {
        nodes: vec![(0, 0), (0, 0)],
        buffers: vec![(0, 0), (offset, 0)],
        body: vec![0; 8],
        ..Forged::default()
    };
    assert!(decode(one(union.clone()), at(8)).is_ok());
    let text = fault(one(union), at(3));
    assert!(text.contains("its offsets are at offset 3"), "{text}");
}

#[test]
fn nodes_and_counts_are_those_of_the_schema() {
    let buffers = || vec![(0, 0), (0, 16)];
    let text = |nodes| fault(one(DataType::Int32), ints(nodes, buffers()));
    assert!(text(vec![]).contains("too few nodes"));
    assert!(text(vec![(4, 0), (4, 0)]).contains("1 nodes more than its schema"));
    assert!(text(vec![(3, 0)]).contains("3 rows in a batch of 4"));
    assert!(text(vec![(4, 5)]).contains("4 rows with 5 nulls"));
    assert!(text(vec![(4, -2)]).contains("4 rows with -2 nulls"));
    assert!(text(vec![(-4, 0)]).contains("-4 rows"));
    let views = |variadic: Vec<i64>| Forged {
        rows: 1,
        nodes: vec![(1, 0)],
        buffers: vec![(0, 0), (0, 16), (16, 8)],
        variadic,
        body: vec![0; 64],
        ..Forged::default()
    };
    assert!(decode(one(DataType::Utf8View), views(vec![1])).is_ok());
    let text = |variadic| fault(one(DataType::Utf8View), views(variadic));
    assert!(text(vec![]).contains("a view with no count buffers"));
    assert!(text(vec![2]).contains("a view with 2 buffers of values, 1 buffers are left"));
    assert!(text(vec![-1]).contains("a view with -1 buffers"));
    assert!(text(vec![0]).contains("1 buffers more than"));
    assert!(text(vec![1, 0]).contains("1 variadic counts more than"));
}

#[test]
fn rows_that_take_no_bytes_are_limited() {
    let nulls = |rows: i64| Forged {
        rows,
        nodes: vec![(rows, rows)],
        ..Forged::default()
    };
    assert!(decode(one(DataType::Null), nulls(1000)).is_ok());
    assert!(fault(one(DataType::Null), nulls(-1)).contains("expected 0 or more"));
    for rows in [1 << 31, 1 << 62, i64::MAX] {
        let error = decode(one(DataType::Null), nulls(rows)).unwrap_err();
        let expected = format!("the batch has {rows} rows: the limit is 2147483647");
        assert_eq!(error.to_string(), expected);
    }
    // Arrow looks for nulls in children that must not have any, bit by bit.
    let fields = (0..100).map(|i| Field::new(format!("n{i}"), DataType::Null, false));
    let forged = Forged {
        rows: 1 << 30,
        nodes: vec![(1 << 30, 0); 1]
            .into_iter()
            .chain(vec![(1 << 30, 1 << 30); 100])
            .collect(),
        buffers: vec![(0, 0)],
        ..Forged::default()
    };
    let result = decode(one(DataType::Struct(fields.collect())), forged);
    assert!(
        matches!(result, Err(WireError::TooLarge { .. })),
        "{result:?}"
    );
    // A list of 2³⁰ nulls in each of 8 rows.
    let item = Arc::new(Field::new("item", DataType::Null, false));
    let forged = Forged {
        rows: 8,
        nodes: vec![(8, 1), (1 << 33, 1 << 33)],
        buffers: vec![(0, 8)],
        body: vec![0; 8],
        ..Forged::default()
    };
    let text = fault(one(DataType::FixedSizeList(item, 1 << 30)), forged);
    assert!(text.contains("8589934592 rows"), "{text}");
}

#[test]
fn a_buffer_that_many_columns_name_counts_for_each() {
    let fields = (0..1000).map(|i| Field::new(format!("c{i}"), DataType::Utf8, true));
    let len = 1i64 << 20;
    let forged = Forged {
        rows: 1,
        nodes: vec![(1, 0); 1000],
        buffers: [(0, 0), (0, 8), (8, len)].repeat(1000),
        body: vec![0; len as usize + 8],
        ..Forged::default()
    };
    let result = decode(Schema::new(fields.collect::<Vec<_>>()), forged);
    assert!(
        matches!(result, Err(WireError::TooLarge { .. })),
        "{result:?}"
    );
}

fn compressed(codec: CompressionType, announced: i64, rest: &[u8]) -> Forged {
    let body = [&announced.to_le_bytes(), rest].concat();
    Forged {
        rows: 4,
        nodes: vec![(4, 0)],
        buffers: vec![(0, 0), (0, body.len() as i64)],
        codec: Some(codec),
        body,
        ..Forged::default()
    }
}

/// An LZ4 frame of 4 MiB blocks, each announced with the given length.
fn lz4_frame(blocks: usize, len: u32) -> Vec<u8> {
    let mut frame = vec![0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73];
    for _ in 0..blocks {
        frame.extend(len.to_le_bytes());
        frame.extend(vec![0; len as usize]);
    }
    frame.extend([0; 4]);
    frame
}

#[test]
#[cfg(feature = "lz4")]
fn an_lz4_length_is_refused_before_it_is_allocated() {
    for announced in [1 << 30, 1 << 40, i64::MAX & !63] {
        let forged = compressed(CompressionType::LZ4_FRAME, announced, &lz4_frame(1, 4));
        let result = decode(one(DataType::Int32), forged);
        assert!(
            matches!(result, Err(WireError::TooLarge { .. })),
            "{result:?}"
        );
    }
    let forged = |announced| compressed(CompressionType::LZ4_FRAME, announced, &lz4_frame(1, 4));
    assert!(fault(one(DataType::Int32), forged(-2)).contains("uncompressed length of -2"));
    assert!(fault(one(DataType::Int32), forged(8)).contains("8 bytes, expected at least 16"));
    let mut short = forged(16);
    short.body.truncate(7);
    short.buffers[1].1 = 7;
    assert!(fault(one(DataType::Int32), short).contains("7 bytes, expected at least 8"));
    let other = compressed(CompressionType::LZ4_FRAME, 16, b"not a frame");
    assert!(fault(one(DataType::Int32), other).contains("not an LZ4 frame"));
}

#[test]
#[cfg(feature = "lz4")]
fn an_lz4_frame_that_holds_more_than_it_announces_is_refused_before_it_is_decoded() {
    let frame = lz4_frame(80, 17 << 10);
    let forged = compressed(CompressionType::LZ4_FRAME, 16, &frame);
    let result = decode(one(DataType::Int32), forged);
    assert!(
        matches!(result, Err(WireError::TooLarge { .. })),
        "{result:?}"
    );
}

#[test]
#[cfg(feature = "zstd")]
fn a_zstd_length_is_refused_before_it_is_allocated() {
    let forged = compressed(CompressionType::ZSTD, i64::MAX & !63, &[0; 30]);
    let result = decode(one(DataType::Int32), forged);
    assert!(
        matches!(result, Err(WireError::TooLarge { .. })),
        "{result:?}"
    );
}

/// A batch of zeros, which become next to nothing: what it announces, and the error, if any, when it announces something else.
#[cfg(all(feature = "lz4", feature = "zstd"))]
fn zeros_that_announce(compression: Compression, announced: Option<i64>) -> Result<(), WireError> {
    let zeros: ArrayRef = Arc::new(Int64Array::from(vec![0; 1 << 20]));
    let batch = RecordBatch::try_from_iter([("c", zeros)]).unwrap();
    let options = EncodeOptions {
        compression: Some(compression),
        max_message_size: usize::MAX,
        ..EncodeOptions::default()
    };
    let wire = joined(encode(&batch.schema(), &[batch], options));
    let mut messages = read_all(Script::cut(&wire, &[1 << 14]), 1 << 20).unwrap();
    let body = &mut messages[1].body;
    assert!(body.len() < 40_000, "{}", body.len());
    if let Some(announced) = announced {
        let mut bytes = body.to_vec();
        assert_eq!(bytes[..8], (8i64 << 20).to_le_bytes());
        bytes[..8].copy_from_slice(&announced.to_le_bytes());
        *body = arrow::buffer::Buffer::from_slice_ref(&bytes);
    }
    decode_all(&messages).map(|_| ())
}

#[test]
#[cfg(all(feature = "lz4", feature = "zstd"))]
fn a_length_that_no_frame_of_that_size_can_become_is_refused_before_it_is_allocated() {
    for compression in [
        Compression::Lz4,
        Compression::Zstd(None),
        Compression::Zstd(Some(19)),
    ] {
        zeros_that_announce(compression, None).unwrap();
        let error = zeros_that_announce(compression, Some(128 << 20)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("announce an uncompressed length of 134217728"),
            "{text}"
        );
    }
}

#[test]
fn unknown_codecs_are_named() {
    let forged = compressed(CompressionType(7), 16, &[]);
    assert!(fault(one(DataType::Int32), forged).contains("the codec 7 of the batch"));
}

#[test]
fn dictionaries_that_are_kept_are_limited() {
    let schema = one(DataType::Dictionary(
        DataType::Int8.into(),
        DataType::Utf8.into(),
    ));
    let limits = GuardLimits {
        dictionaries: 10_000,
        ..GuardLimits::default()
    };
    let mut decoder = BatchDecoder::new(limits);
    decoder.decode(&schema_message(&schema)).unwrap();
    let mut dictionary = |id: i64, delta: bool| {
        let mut fbb = FlatBufferBuilder::new();
        let nodes = fbb.create_vector(&[FieldNode::new(1, 0)]);
        let buffers = [Buffer::new(0, 0), Buffer::new(0, 8), Buffer::new(8, 0)];
        let buffers = fbb.create_vector(&buffers);
        let mut batch = RecordBatchBuilder::new(&mut fbb);
        batch.add_length(1);
        batch.add_nodes(nodes);
        batch.add_buffers(buffers);
        let batch = batch.finish();
        let mut dictionary = DictionaryBatchBuilder::new(&mut fbb);
        dictionary.add_id(id);
        dictionary.add_data(batch);
        dictionary.add_isDelta(delta);
        let header = dictionary.finish().as_union_value();
        decoder.decode(&Inbound {
            header: finish(fbb, MessageHeader::DictionaryBatch, header),
            body: arrow::buffer::Buffer::from_slice_ref([0u8; 4000]),
            ..Inbound::default()
        })
    };
    assert!(
        dictionary(9, false)
            .unwrap_err()
            .to_string()
            .contains("no dictionary with the id 9")
    );
    for _ in 0..5 {
        assert!(dictionary(0, false).is_ok(), "replaced, not added");
    }
    assert!(dictionary(0, true).is_ok());
    let result = dictionary(0, true);
    assert!(
        matches!(result, Err(WireError::TooLarge { size: 12_000.., .. })),
        "{result:?}"
    );
}

fn schema_result(message: &Inbound) -> Result<Decoded, WireError> {
    BatchDecoder::new(GuardLimits::default()).decode(message)
}

#[test]
fn wide_deep_and_talkative_schemas_pass_up_to_the_limits() {
    let dictionary = DataType::Dictionary(DataType::Int8.into(), DataType::Utf8.into());
    let wide = |count: usize| {
        let fields = (0..count).map(|i| {
            Field::new(format!("column number {i}"), dictionary.clone(), true)
                .with_metadata([("PARQUET:field_id".to_owned(), i.to_string())].into())
        });
        let metadata = [("pandas".to_owned(), "x".repeat(1 << 20))].into();
        Schema::new(fields.collect::<Vec<_>>()).with_metadata(metadata)
    };
    assert!(schema_result(&schema_message(&wide(10_000))).is_ok());
    let text = schema_result(&schema_message(&wide(10_001)))
        .unwrap_err()
        .to_string();
    assert!(text.contains("more than 10000 fields"), "{text}");
    let deep = |depth: usize| {
        one((1..depth).fold(DataType::Int8, |item, _| DataType::new_list(item, true)))
    };
    assert!(schema_result(&schema_message(&deep(64))).is_ok());
    let text = schema_result(&schema_message(&deep(65)))
        .unwrap_err()
        .to_string();
    assert!(text.contains("nested more than 64 deep"), "{text}");
    assert!(schema_result(&schema_message(&deep(80))).is_err());
    assert!(schema_result(&schema_message(&one(DataType::Null))).is_ok());
    assert!(schema_result(&schema_message(&Schema::empty())).is_ok());
}

/// A schema message of hand-made fields.
fn forged_schema<'f>(
    make: impl FnOnce(&mut FlatBufferBuilder<'f>) -> Vec<WIPOffset<arrow_ipc::Field<'f>>>,
    endianness: Endianness,
) -> Inbound {
    let mut fbb = FlatBufferBuilder::new();
    let fields = make(&mut fbb);
    let fields = fbb.create_vector(&fields);
    let mut schema = SchemaBuilder::new(&mut fbb);
    schema.add_endianness(endianness);
    schema.add_fields(fields);
    let header = schema.finish().as_union_value();
    Inbound {
        header: finish(fbb, MessageHeader::Schema, header),
        ..Inbound::default()
    }
}

#[test]
fn a_schema_whose_parts_are_shared_does_not_unfold() {
    let message = forged_schema(
        |fbb| {
            let kind = Struct_Builder::new(fbb).finish().as_union_value();
            let mut children = None;
            for _ in 0..20 {
                let mut field = FieldBuilder::new(fbb);
                field.add_type_type(Type::Struct_);
                field.add_type_(kind);
                if let Some(children) = children {
                    field.add_children(children);
                }
                let field = field.finish();
                children = Some(fbb.create_vector(&[field; 30]));
            }
            let mut field = FieldBuilder::new(fbb);
            field.add_type_type(Type::Struct_);
            field.add_type_(kind);
            children
                .into_iter()
                .for_each(|children| field.add_children(children));
            vec![field.finish()]
        },
        Endianness::Little,
    );
    let started = Instant::now();
    assert!(schema_result(&message).is_err());
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn types_without_their_parameters_are_named() {
    let all = [
        Type::NONE,
        Type::Int,
        Type::FloatingPoint,
        Type::Decimal,
        Type::Date,
        Type::Time,
        Type::Timestamp,
        Type::Interval,
        Type::Duration,
        Type::FixedSizeBinary,
        Type::FixedSizeList,
        Type::List,
        Type::ListView,
        Type::Map,
        Type::Union,
        Type::RunEndEncoded,
        Type(77),
    ];
    for kind in all {
        let message = forged_schema(
            |fbb| {
                let name = fbb.create_string("odd\nname");
                let mut field = FieldBuilder::new(fbb);
                field.add_name(name);
                field.add_type_type(kind);
                vec![field.finish()]
            },
            Endianness::Little,
        );
        let text = schema_result(&message).unwrap_err().to_string();
        let named = text.starts_with("field `odd\\nname` of the schema: ")
            // The verifier knows which unions must have a value.
            || text.starts_with("data_header is not an Arrow IPC message");
        assert!(named && !text.contains(PANIC), "{kind:?}: {text}");
    }
}

#[test]
fn big_endian_is_refused() {
    let text = schema_result(&forged_schema(|_| Vec::new(), Endianness::Big));
    assert!(text.unwrap_err().to_string().contains("big-endian"));
}

#[test]
fn headers_that_are_none_are_refused() {
    for header in [
        &b"x"[..],
        &[0; 64],
        &[0xff; 64],
        b"a string that is not a flatbuffer",
    ] {
        let message = Inbound {
            header: Bytes::copy_from_slice(header),
            ..Inbound::default()
        };
        let text = schema_result(&message).unwrap_err().to_string();
        // Zeros are a flatbuffer of nothing but defaults.
        let named = text.starts_with("data_header is not an Arrow IPC message")
            || text == "the Arrow metadata version is V1, expected V4 or V5";
        assert!(named, "{text}");
    }
}
