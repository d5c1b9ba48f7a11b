//! Whether what came is what was sent, value by value.
//!
//! Arrow's own `==` takes part in neither way: a comparison that goes by buffers and offsets could be wrong where a writer that
//! goes by them is.

use flight_runtime::Message;
use flight_runtime::arrow::array::types::*;
use flight_runtime::arrow::array::*;
use flight_runtime::arrow::datatypes::{DataType, SchemaRef, ToByteSlice, UnionMode};
use flight_runtime::arrow::downcast_primitive_array;

/// Says what is different. A batch may have come in slices, of which the first has its metadata.
pub(crate) fn same_messages(
    schema: &SchemaRef,
    expected: &[Message],
    found: &[Message],
) -> Result<(), String> {
    let mut found = found.iter();
    for (index, expected) in expected.iter().enumerate() {
        let mut first = true;
        let mut row = 0;
        loop {
            let Some(found) = found.next() else {
                return Err(format!("message {index} is missing at row {row}"));
            };
            let metadata = if first {
                expected.app_metadata.as_ref()
            } else {
                None
            };
            if metadata != found.app_metadata.as_ref() {
                return Err(format!(
                    "metadata of message {index} at row {row}: sent {metadata:?}, found {:?}",
                    found.app_metadata
                ));
            }
            match (&expected.batch, &found.batch) {
                (None, None) => break,
                (Some(expected), Some(found)) => {
                    if found.schema() != *schema {
                        return Err(format!("batch {index} has the schema {}", found.schema()));
                    }
                    same_rows(expected, row, found)
                        .map_err(|error| format!("message {index}: {error}"))?;
                    row += found.num_rows();
                    if row == expected.num_rows() {
                        break;
                    }
                }
                (expected, found) => {
                    let (expected, found) = (expected.is_some(), found.is_some());
                    return Err(format!(
                        "message {index} has rows: sent {expected}, found {found}"
                    ));
                }
            }
            first = false;
        }
    }
    match found.count() {
        0 => Ok(()),
        more => Err(format!("{more} messages came that nobody sent")),
    }
}

/// All rows of `found` are those of `expected` from `start` on.
fn same_rows(expected: &RecordBatch, start: usize, found: &RecordBatch) -> Result<(), String> {
    if start + found.num_rows() > expected.num_rows() {
        return Err(format!(
            "{} rows from {start} on, of {}",
            found.num_rows(),
            expected.num_rows()
        ));
    }
    for (index, field) in expected.schema().fields().iter().enumerate() {
        let (expected, found) = (expected.column(index), found.column(index));
        let invalid = |error| format!("{field} is invalid: {error}");
        found.to_data().validate_full().map_err(invalid)?;
        for row in 0..found.len() {
            if !same(expected, start + row, found, row) {
                return Err(format!(
                    "row {} of {field}: sent {}, found {}",
                    start + row,
                    shown(expected, start + row),
                    shown(found, row)
                ));
            }
        }
    }
    Ok(())
}

/// The beginning of one value.
fn shown(array: &ArrayRef, row: usize) -> String {
    let text = format!("{:?}", array.slice(row, 1));
    let words: Vec<&str> = text.split_whitespace().take(60).collect();
    words.join(" ")
}

/// Whether a value of `a` is that of `b`, an array of the same type.
fn same(a: &dyn Array, i: usize, b: &dyn Array, j: usize) -> bool {
    if a.is_null(i) || b.is_null(j) {
        return a.is_null(i) == b.is_null(j);
    }
    downcast_primitive_array!(
        // By bits: a NaN is what it was.
        (a, b) => a.value(i).to_byte_slice() == b.value(j).to_byte_slice(),
        _ => same_otherwise(a, i, b, j)
    )
}

/// The same for what is not primitive.
fn same_otherwise(a: &dyn Array, i: usize, b: &dyn Array, j: usize) -> bool {
    use DataType::*;
    macro_rules! is {
        ($array:ident) => {
            a.$array().value(i) == b.$array().value(j)
        };
        ($array:ident::<$offset:ty>) => {
            a.$array::<$offset>().value(i) == b.$array::<$offset>().value(j)
        };
    }
    macro_rules! items {
        ($array:ident) => {
            all(&a.$array().value(i), &b.$array().value(j))
        };
        ($array:ident::<$offset:ty>) => {
            all(
                &a.$array::<$offset>().value(i),
                &b.$array::<$offset>().value(j),
            )
        };
    }
    match a.data_type() {
        Null => true,
        Boolean => is!(as_boolean),
        Utf8 => is!(as_string::<i32>),
        LargeUtf8 => is!(as_string::<i64>),
        Utf8View => is!(as_string_view),
        Binary => is!(as_binary::<i32>),
        LargeBinary => is!(as_binary::<i64>),
        BinaryView => is!(as_binary_view),
        FixedSizeBinary(_) => is!(as_fixed_size_binary),
        List(_) => items!(as_list::<i32>),
        LargeList(_) => items!(as_list::<i64>),
        ListView(_) => items!(as_list_view::<i32>),
        LargeListView(_) => items!(as_list_view::<i64>),
        FixedSizeList(..) => items!(as_fixed_size_list),
        Map(..) => items!(as_map),
        Struct(_) => {
            let mut columns = a.as_struct().columns().iter().zip(b.as_struct().columns());
            columns.all(|(a, b)| same(a, i, b, j))
        }
        Union(_, mode) => {
            let (a, b) = (a.as_union(), b.as_union());
            let id = a.type_id(i);
            if id != b.type_id(j) {
                return false;
            }
            let (i, j) = match mode {
                UnionMode::Sparse => (i, j),
                UnionMode::Dense => (a.value_offset(i), b.value_offset(j)),
            };
            same(a.child(id), i, b.child(id), j)
        }
        Dictionary(key, _) => match key.as_ref() {
            Int8 => same_key::<Int8Type>(a, i, b, j),
            Int16 => same_key::<Int16Type>(a, i, b, j),
            Int32 => same_key::<Int32Type>(a, i, b, j),
            Int64 => same_key::<Int64Type>(a, i, b, j),
            UInt8 => same_key::<UInt8Type>(a, i, b, j),
            UInt16 => same_key::<UInt16Type>(a, i, b, j),
            UInt32 => same_key::<UInt32Type>(a, i, b, j),
            _ => same_key::<UInt64Type>(a, i, b, j),
        },
        RunEndEncoded(ends, _) => match ends.data_type() {
            Int16 => same_run::<Int16Type>(a, i, b, j),
            Int32 => same_run::<Int32Type>(a, i, b, j),
            _ => same_run::<Int64Type>(a, i, b, j),
        },
        other => panic!("{other} is not compared"),
    }
}

fn all(a: &dyn Array, b: &dyn Array) -> bool {
    a.len() == b.len() && (0..a.len()).all(|row| same(a, row, b, row))
}

fn same_key<K: ArrowDictionaryKeyType>(a: &dyn Array, i: usize, b: &dyn Array, j: usize) -> bool {
    let (a, b) = (a.as_dictionary::<K>(), b.as_dictionary::<K>());
    match (a.key(i), b.key(j)) {
        (Some(i), Some(j)) => same(a.values(), i, b.values(), j),
        _ => false,
    }
}

fn same_run<R: RunEndIndexType>(a: &dyn Array, i: usize, b: &dyn Array, j: usize) -> bool {
    let (a, b) = (a.as_run::<R>(), b.as_run::<R>());
    let (i, j) = (a.get_physical_index(i), b.get_physical_index(j));
    same(a.values(), i, b.values(), j)
}
