//! Batches of every Arrow type, and ways to drive the readers; for tests.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::builder::{
    FixedSizeListBuilder, Int32Builder, LargeListBuilder, ListBuilder, MapBuilder, StringBuilder,
    StringDictionaryBuilder,
};
use arrow::array::types::*;
use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{ArrowNativeType, DataType, Field, Schema, SchemaRef, UnionFields, i256};
use bytes::Bytes;
use futures::FutureExt;

use super::compression::Encoding;
use super::decode::{BatchDecoder, Decoded};
use super::encode::{BatchEncoder, EncodeOptions};
use super::error::WireError;
use super::flight_data::{FlightDataReader, Inbound, Limits};
use super::guard::GuardLimits;
use super::script::Script;
use super::segments::Segments;

/// Pseudo-random numbers that are the same in every run (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// All frames of a stream of `batches`.
pub(crate) fn encode(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    options: EncodeOptions,
) -> VecDeque<Segments> {
    let mut encoder = BatchEncoder::new(schema, options).unwrap();
    let mut out = VecDeque::from([encoder.schema(None).unwrap()]);
    for batch in batches {
        encoder.batch(batch, None, &mut out).unwrap();
    }
    out
}

/// Frames as the bytes on the wire.
pub(crate) fn joined(frames: VecDeque<Segments>) -> Bytes {
    let mut all = Vec::new();
    for frame in frames {
        all.extend_from_slice(&frame.into_bytes());
    }
    all.into()
}

/// Everything that a reader makes of a body.
pub(crate) fn read_all(body: Script, message: usize) -> Result<Vec<Inbound>, WireError> {
    let mut reader = FlightDataReader::new(body, Encoding::Identity, Limits { message });
    let mut all = Vec::new();
    while let Some(inbound) = reader.next().now_or_never().expect("scripts never wait")? {
        all.push(inbound);
    }
    Ok(all)
}

/// The batches of a stream.
pub(crate) fn decode_all(messages: &[Inbound]) -> Result<Vec<RecordBatch>, WireError> {
    let mut decoder = BatchDecoder::new(GuardLimits::default());
    let mut batches = Vec::new();
    for message in messages {
        if let Decoded::Batch(batch) = decoder.decode(message)? {
            batches.push(batch);
        }
    }
    Ok(batches)
}

/// Every third value is null.
fn some(index: usize) -> bool {
    index % 3 != 1
}

fn opt<T>(rows: usize, make: impl Fn(usize) -> T) -> impl Iterator<Item = Option<T>> {
    (0..rows).map(move |index| some(index).then(|| make(index)))
}

fn text(index: usize) -> String {
    match index % 4 {
        0 => String::new(),
        1 => format!("s{index}"),
        _ => format!("a string of more than twelve bytes, number {index}"),
    }
}

fn nulls(rows: usize) -> NullBuffer {
    (0..rows).map(some).collect()
}

macro_rules! primitives {
    ($rows:ident; $($name:literal: $array:ty = $make:expr),* $(,)?) => {
        vec![$(($name, Arc::new(opt($rows, $make).collect::<$array>()) as ArrayRef)),*]
    };
}

/// One column of every primitive type.
fn primitive_columns(rows: usize) -> Vec<(&'static str, ArrayRef)> {
    let mut columns = primitives!(rows;
        "i8": Int8Array = |i| i as i8,
        "i16": Int16Array = |i| i as i16,
        "i32": Int32Array = |i| i as i32,
        "i64": Int64Array = |i| i as i64,
        "u8": UInt8Array = |i| i as u8,
        "u16": UInt16Array = |i| i as u16,
        "u32": UInt32Array = |i| i as u32,
        "u64": UInt64Array = |i| i as u64,
        "f32": Float32Array = |i| i as f32 / 3.0,
        "f64": Float64Array = |i| i as f64 / 3.0,
        "bool": BooleanArray = |i| i % 5 < 2,
        "date32": Date32Array = |i| i as i32,
        "date64": Date64Array = |i| i as i64 * 86_400_000,
        "time32s": Time32SecondArray = |i| i as i32,
        "time32ms": Time32MillisecondArray = |i| i as i32,
        "time64us": Time64MicrosecondArray = |i| i as i64,
        "time64ns": Time64NanosecondArray = |i| i as i64,
        "ts_s": TimestampSecondArray = |i| i as i64,
        "ts_ms": TimestampMillisecondArray = |i| i as i64,
        "ts_us": TimestampMicrosecondArray = |i| i as i64,
        "ts_ns": TimestampNanosecondArray = |i| i as i64,
        "dur_s": DurationSecondArray = |i| i as i64,
        "dur_ms": DurationMillisecondArray = |i| i as i64,
        "dur_us": DurationMicrosecondArray = |i| i as i64,
        "dur_ns": DurationNanosecondArray = |i| i as i64,
        "ym": IntervalYearMonthArray = |i| i as i32,
        "dt": IntervalDayTimeArray = |i| IntervalDayTime::new(i as i32, 7),
        "mdn": IntervalMonthDayNanoArray = |i| IntervalMonthDayNano::new(1, i as i32, 9),
        "dec128": Decimal128Array = |i| i as i128 * 1_000_000_007,
        "utf8": StringArray = text,
        "large_utf8": LargeStringArray = text,
        "utf8_view": StringViewArray = text,
        "binary": BinaryArray = |i| text(i).into_bytes(),
        "large_binary": LargeBinaryArray = |i| text(i).into_bytes(),
        "binary_view": BinaryViewArray = |i| text(i).into_bytes(),
    );
    let tz = TimestampMicrosecondArray::from_iter(opt(rows, |i| i as i64)).with_timezone("UTC");
    columns.push(("ts_tz", Arc::new(tz)));
    let f16 = opt(rows, |i| {
        <Float16Type as ArrowPrimitiveType>::Native::from_f32(i as f32)
    });
    columns.push(("f16", Arc::new(f16.collect::<Float16Array>())));
    let dec32 = opt(rows, |i| i as i32).collect::<Decimal32Array>();
    columns.push(("dec32", Arc::new(dec32)));
    let dec64 = opt(rows, |i| i as i64).collect::<Decimal64Array>();
    columns.push(("dec64", Arc::new(dec64)));
    let dec256 = opt(rows, |i| i256::from_i128(i as i128)).collect::<Decimal256Array>();
    columns.push(("dec256", Arc::new(dec256)));
    let fixed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(
        opt(rows, |i| [i as u8, 1, 2, 3, 4]),
        5,
    );
    columns.push(("fixed", Arc::new(fixed.unwrap())));
    columns.push(("null", Arc::new(NullArray::new(rows))));
    columns
}

fn list_column(rows: usize) -> ArrayRef {
    let mut builder = ListBuilder::new(Int32Builder::new());
    for index in 0..rows {
        for item in 0..index % 4 {
            builder
                .values()
                .append_option((item != 1).then_some(index as i32));
        }
        builder.append(some(index));
    }
    Arc::new(builder.finish())
}

fn large_list_column(rows: usize) -> ArrayRef {
    let mut builder = LargeListBuilder::new(StringBuilder::new());
    for index in 0..rows {
        for item in 0..index % 3 {
            builder.values().append_value(text(index + item));
        }
        builder.append(some(index));
    }
    Arc::new(builder.finish())
}

fn fixed_size_list_column(rows: usize) -> ArrayRef {
    let mut builder = FixedSizeListBuilder::new(Int32Builder::new(), 3);
    for index in 0..rows {
        for item in 0..3 {
            builder.values().append_value((index * 3 + item) as i32);
        }
        builder.append(some(index));
    }
    Arc::new(builder.finish())
}

/// List views whose ranges overlap and go backwards.
fn list_view_column<O: OffsetSizeTrait>(rows: usize, values: ArrayRef) -> ArrayRef {
    let len = values.len();
    let sizes = (0..rows).map(|index| if len > 4 { index % 4 } else { 0 });
    let sizes: ScalarBuffer<O> = sizes.map(O::usize_as).collect();
    let offset = |index: usize| len.saturating_sub(4 + index) % len.max(1);
    let offsets = (0..rows).map(|index| {
        if len > 4 {
            offset(index).min(len - 4)
        } else {
            0
        }
    });
    let offsets: ScalarBuffer<O> = offsets.map(O::usize_as).collect();
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let list = GenericListViewArray::try_new(item, offsets, sizes, values, Some(nulls(rows)));
    Arc::new(list.unwrap())
}

fn map_column(rows: usize) -> ArrayRef {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for index in 0..rows {
        for item in 0..index % 3 {
            builder.keys().append_value(format!("k{item}"));
            builder
                .values()
                .append_option(some(item).then_some(index as i32));
        }
        builder.append(some(index)).unwrap();
    }
    Arc::new(builder.finish())
}

fn struct_column(columns: Vec<(&str, ArrayRef)>, rows: usize) -> ArrayRef {
    let (fields, arrays): (Vec<_>, Vec<_>) = columns
        .into_iter()
        .map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array))
        .unzip();
    Arc::new(StructArray::new(fields.into(), arrays, Some(nulls(rows))))
}

fn union_fields() -> UnionFields {
    let fields = [
        Field::new("n", DataType::Int32, true),
        Field::new("s", DataType::Utf8View, true),
    ];
    UnionFields::try_new([3, 9], fields).unwrap()
}

fn sparse_union_column(rows: usize) -> ArrayRef {
    let ids = (0..rows).map(|index| if index % 3 == 0 { 9i8 } else { 3 });
    let numbers: ArrayRef = Arc::new(opt(rows, |i| i as i32).collect::<Int32Array>());
    let texts: ArrayRef = Arc::new(opt(rows, text).collect::<StringViewArray>());
    let children = vec![numbers, texts];
    Arc::new(UnionArray::try_new(union_fields(), ids.collect(), None, children).unwrap())
}

fn dense_union_column(rows: usize) -> ArrayRef {
    let ids: Vec<i8> = (0..rows)
        .map(|index| if index % 3 == 0 { 9 } else { 3 })
        .collect();
    let mut seen = [0i32; 10];
    let offsets = ids.iter().map(|id| {
        seen[*id as usize] += 1;
        seen[*id as usize] - 1
    });
    let offsets: ScalarBuffer<i32> = offsets.collect();
    let numbers: ArrayRef = Arc::new(opt(seen[3] as usize, |i| i as i32).collect::<Int32Array>());
    let texts: ArrayRef = Arc::new(opt(seen[9] as usize, text).collect::<StringViewArray>());
    let children = vec![numbers, texts];
    Arc::new(UnionArray::try_new(union_fields(), ids.into(), Some(offsets), children).unwrap())
}

fn run_column<R: RunEndIndexType>(rows: usize, values: impl Fn(usize) -> ArrayRef) -> ArrayRef {
    let ends: Vec<usize> = (1..=rows)
        .filter(|end| end % 5 == 0 || *end == rows)
        .collect();
    let values = values(ends.len());
    let ends = PrimitiveArray::<R>::from_iter_values(
        ends.into_iter()
            .map(|end| R::Native::from_usize(end).unwrap()),
    );
    Arc::new(RunArray::<R>::try_new(&ends, values.as_ref()).unwrap())
}

/// Strings of a dictionary whose values depend on `salt`.
pub(crate) fn dictionary_column(rows: usize, salt: usize) -> ArrayRef {
    let mut builder = StringDictionaryBuilder::<Int16Type>::new();
    for index in 0..rows {
        builder.append_option(some(index).then(|| text(index % 17 + salt)));
    }
    Arc::new(builder.finish())
}

fn list_of(rows: usize, values: impl Fn(usize) -> ArrayRef) -> ArrayRef {
    let lens: Vec<usize> = (0..rows).map(|index| index % 4).collect();
    let values = values(lens.iter().sum());
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let offsets = OffsetBuffer::<i32>::from_lengths(lens);
    Arc::new(ListArray::new(item, offsets, values, Some(nulls(rows))))
}

fn fixed_list_of(rows: usize, values: impl Fn(usize) -> ArrayRef) -> ArrayRef {
    let values = values(rows * 2);
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Arc::new(FixedSizeListArray::new(item, 2, values, Some(nulls(rows))))
}

fn view_column(rows: usize) -> ArrayRef {
    Arc::new(opt(rows, text).collect::<StringViewArray>())
}

/// One column of every nested type, and of those that writers get wrong inside others.
fn nested_columns(rows: usize) -> Vec<(&'static str, ArrayRef)> {
    let ints = |rows| Arc::new(opt(rows, |i| i as i32).collect::<Int32Array>()) as ArrayRef;
    vec![
        ("list", list_column(rows)),
        ("large_list", large_list_column(rows)),
        ("fixed_size_list", fixed_size_list_column(rows)),
        ("list_view", list_view_column::<i32>(rows, ints(rows * 2))),
        (
            "large_list_view",
            list_view_column::<i64>(rows, view_column(rows)),
        ),
        ("map", map_column(rows)),
        (
            "struct",
            struct_column(
                vec![("l", list_column(rows)), ("v", view_column(rows))],
                rows,
            ),
        ),
        ("sparse", sparse_union_column(rows)),
        ("dense", dense_union_column(rows)),
        ("run16", run_column::<Int16Type>(rows, ints)),
        ("run32", run_column::<Int32Type>(rows, view_column)),
        (
            "run64",
            run_column::<Int64Type>(rows, |rows| dictionary_column(rows, 2)),
        ),
        ("dict", dictionary_column(rows, 0)),
        (
            "dict_in_struct",
            struct_column(vec![("d", dictionary_column(rows, 3))], rows),
        ),
        (
            "dict_in_list",
            list_of(rows, |rows| dictionary_column(rows, 5)),
        ),
        (
            "dict_in_map_like",
            list_of(rows, |rows| {
                struct_column(vec![("d", dictionary_column(rows, 7))], rows)
            }),
        ),
        ("views_in_list", list_of(rows, view_column)),
        ("views_in_fixed", fixed_list_of(rows, view_column)),
        ("sparse_in_list", list_of(rows, sparse_union_column)),
        ("dense_in_list", list_of(rows, dense_union_column)),
        ("dense_in_fixed", fixed_list_of(rows, dense_union_column)),
        (
            "runs_in_list",
            list_of(rows, |rows| run_column::<Int32Type>(rows, ints)),
        ),
        (
            "bools_in_list",
            list_of(rows, |rows| {
                Arc::new(opt(rows, |i| i % 2 == 0).collect::<BooleanArray>())
            }),
        ),
        (
            "list_views_in_list",
            list_of(rows, |rows| list_view_column::<i32>(rows, ints(rows * 2))),
        ),
        ("lists_in_list", list_of(rows, list_column)),
        (
            "nulls_in_list",
            list_of(rows, |rows| Arc::new(NullArray::new(rows))),
        ),
        (
            "empty_struct",
            Arc::new(StructArray::new_empty_fields(rows, Some(nulls(rows)))),
        ),
    ]
}

/// A batch with a column of every type.
pub(crate) fn every_type(rows: usize) -> RecordBatch {
    let mut columns = primitive_columns(rows);
    columns.extend(nested_columns(rows));
    let (fields, arrays): (Vec<_>, Vec<_>) = columns
        .into_iter()
        .map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array))
        .unzip();
    let metadata = [("origin".to_owned(), "samples".to_owned())].into();
    let schema = Schema::new(fields).with_metadata(metadata);
    RecordBatch::try_new(Arc::new(schema), arrays).unwrap()
}
