//! [`Fit`]: whether columns that came are the columns of a row type, and how they become it.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, GenericListArray, MapArray, OffsetSizeTrait,
    RecordBatch, StructArray, make_array,
};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::Error;
use crate::wire::error::{excerpt, shown};

/// How the columns of a stream become those that are expected.
pub(crate) struct Fit {
    expected: SchemaRef,
    /// Where each expected column is in what comes.
    columns: Vec<usize>,
    /// How many rows have come.
    rows: u64,
}

impl Fit {
    /// Compares two schemas: by name, in any order; the names inside lists and maps, nullability and metadata aside.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT with all that differs.
    pub(crate) fn new(expected: SchemaRef, found: &Schema) -> Result<Self, Error> {
        let mut differences = Vec::new();
        let columns = pairs("", expected.fields(), found.fields(), &mut differences);
        if differences.is_empty() {
            Ok(Self {
                expected,
                columns,
                rows: 0,
            })
        } else {
            Err(Error::invalid_argument(format!(
                "the columns are not those that are expected: {}",
                differences.join("; ")
            )))
        }
    }

    /// The batch in the order and under the schema that is expected.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for a null where none may be, naming column and row.
    pub(crate) fn apply(&mut self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for (field, &index) in self.expected.fields().iter().zip(&self.columns) {
            let Some(column) = batch.columns().get(index) else {
                return Err(Error::invalid_argument(format!(
                    "a batch has no column {index}, which its schema has"
                )));
            };
            if let Some((path, row)) = first_null(column, field, field.name(), &Some) {
                return Err(Error::invalid_argument(format!(
                    "column `{}` is null in row {} (the first row is 0): expected {}, not null",
                    shown(&path),
                    self.rows + row as u64,
                    at_path(field, &path),
                )));
            }
            columns.push(conform(column, field.data_type())?);
        }
        self.rows += batch.num_rows() as u64;
        RecordBatch::try_new(Arc::clone(&self.expected), columns)
            .map_err(|error| Error::invalid_argument(error.to_string()))
    }
}

/// Where each of `expected` is in `found`; what is in one of them alone, or of another type, is a difference.
fn pairs(
    within: &str,
    expected: &Fields,
    found: &Fields,
    differences: &mut Vec<String>,
) -> Vec<usize> {
    let path = |field: &Field| format!("{within}{}", field.name());
    let mut columns = Vec::with_capacity(expected.len());
    for field in expected {
        let mut named = found
            .iter()
            .enumerate()
            .filter(|(_, found)| found.name() == field.name());
        match (named.next(), named.next()) {
            (Some((index, found)), None) => {
                compare(
                    &path(field),
                    field.data_type(),
                    found.data_type(),
                    differences,
                );
                columns.push(index);
            }
            (Some(_), Some(_)) => {
                differences.push(format!("`{}` came twice", shown(&path(field))));
            }
            (None, _) => differences.push(format!(
                "`{}` is missing: expected {}",
                shown(&path(field)),
                words(field)
            )),
        }
    }
    for field in found {
        if !expected.iter().any(|known| known.name() == field.name()) {
            differences.push(format!(
                "`{}` is not expected: got {}",
                shown(&path(field)),
                words(field)
            ));
        }
    }
    columns
}

/// Notes what makes one type unreadable as the other.
fn compare(path: &str, expected: &DataType, found: &DataType, differences: &mut Vec<String>) {
    use DataType::*;
    match (expected, found) {
        (Struct(expected), Struct(found)) => {
            pairs(&format!("{path}."), expected, found, differences);
        }
        (List(expected), List(found)) | (LargeList(expected), LargeList(found)) => {
            item(path, expected, found, differences);
        }
        (FixedSizeList(expected, width), FixedSizeList(found, other)) if width == other => {
            item(path, expected, found, differences);
        }
        (Map(expected, sorted), Map(found, is_sorted)) if !sorted || *is_sorted => {
            // Its fields have other names in other implementations.
            match (expected.data_type(), found.data_type()) {
                (Struct(expected), Struct(found)) if expected.len() == found.len() => {
                    for (expected, found) in expected.iter().zip(found) {
                        let path = format!("{path}.{}", expected.name());
                        compare(&path, expected.data_type(), found.data_type(), differences);
                    }
                }
                (expected, found) => compare(path, expected, found, differences),
            }
        }
        _ if expected == found => {}
        _ => differences.push(format!(
            "`{}`: expected {}, got {}",
            shown(path),
            type_words(expected),
            type_words(found)
        )),
    }
}

fn item(path: &str, expected: &Field, found: &Field, differences: &mut Vec<String>) {
    let path = format!("{path}[]");
    compare(&path, expected.data_type(), found.data_type(), differences);
}

fn type_words(data_type: &DataType) -> String {
    excerpt(&data_type.to_string(), 100)
}

/// Type and nullability.
fn words(field: &Field) -> String {
    let null = if field.is_nullable() {
        ""
    } else {
        ", not null"
    };
    format!("{}{null}", type_words(field.data_type()))
}

/// The type of a column, or of what is at this path in it.
fn at_path(field: &Field, path: &str) -> String {
    if path == field.name() {
        type_words(field.data_type())
    } else {
        "a value".to_owned()
    }
}

/// The first null in what may not be null: its path, and its row.
///
/// `row` says in which row the value at an index is; none, when something around it is null.
fn first_null(
    array: &ArrayRef,
    expected: &Field,
    path: &str,
    row: &dyn Fn(usize) -> Option<usize>,
) -> Option<(String, usize)> {
    if !expected.is_nullable()
        && let Some(nulls) = array.logical_nulls().filter(|nulls| nulls.null_count() > 0)
        && let Some(row) = (0..array.len()).find_map(|at| nulls.is_null(at).then(|| row(at))?)
    {
        return Some((path.to_owned(), row));
    }
    let valid = |at: usize| array.is_valid(at).then(|| row(at))?;
    match expected.data_type() {
        DataType::Struct(fields) => {
            let array = array.as_struct_opt()?;
            fields.iter().find_map(|field| {
                let path = format!("{path}.{}", field.name());
                first_null(array.column_by_name(field.name())?, field, &path, &valid)
            })
        }
        DataType::List(field) => {
            let list = array.as_list_opt::<i32>()?;
            let row = |at| valid(entry(list.value_offsets(), at)?);
            first_null(list.values(), field, &format!("{path}[]"), &row)
        }
        DataType::LargeList(field) => {
            let list = array.as_list_opt::<i64>()?;
            let row = |at| valid(entry(list.value_offsets(), at)?);
            first_null(list.values(), field, &format!("{path}[]"), &row)
        }
        DataType::FixedSizeList(field, width) => {
            let list = array.as_fixed_size_list_opt()?;
            let width = usize::try_from(*width).ok().filter(|&width| width > 0)?;
            let row = |at| valid(at / width);
            first_null(list.values(), field, &format!("{path}[]"), &row)
        }
        DataType::Map(field, _) => {
            let map = array.as_map_opt()?;
            let DataType::Struct(fields) = field.data_type() else {
                return None;
            };
            let row = |at| valid(entry(map.value_offsets(), at)?);
            fields
                .iter()
                .zip(map.entries().columns())
                .find_map(|(field, column)| {
                    first_null(column, field, &format!("{path}.{}", field.name()), &row)
                })
        }
        _ => None,
    }
}

/// The list that an item is in.
fn entry<O: OffsetSizeTrait>(offsets: &[O], item: usize) -> Option<usize> {
    let begun = offsets.partition_point(|offset| offset.as_usize() <= item);
    (begun < offsets.len()).then(|| begun.checked_sub(1))?
}

/// The array as one of this type: fields in their order, and inner names as they are expected.
fn conform(array: &ArrayRef, expected: &DataType) -> Result<ArrayRef, ArrowError> {
    // A null that only the dictionary has is made one of the keys, where everybody looks.
    if let Some(dictionary) = array.as_any_dictionary_opt()
        && dictionary.values().null_count() > 0
    {
        let nulls = array.logical_nulls();
        return Ok(make_array(
            array.to_data().into_builder().nulls(nulls).build()?,
        ));
    }
    if array.data_type() == expected && !expected.is_nested() {
        return Ok(Arc::clone(array));
    }
    // Of a batch that is not of the schema of its own stream.
    let other = || {
        let found = array.data_type();
        ArrowError::SchemaError(format!("expected {expected}, got {found}"))
    };
    Ok(match expected {
        DataType::Struct(fields) => {
            let array = array.as_struct_opt().ok_or_else(other)?;
            let columns = fields.iter().map(|field| {
                let column = array.column_by_name(field.name()).ok_or_else(|| {
                    ArrowError::SchemaError(format!("`{}` is missing", field.name()))
                })?;
                conform(column, field.data_type())
            });
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            Arc::new(structs(fields, columns, array)?)
        }
        DataType::List(field) => list(array.as_list_opt::<i32>().ok_or_else(other)?, field)?,
        DataType::LargeList(field) => list(array.as_list_opt::<i64>().ok_or_else(other)?, field)?,
        DataType::FixedSizeList(field, width) => {
            let list = array.as_fixed_size_list_opt().ok_or_else(other)?;
            let values = conform(list.values(), field.data_type())?;
            Arc::new(FixedSizeListArray::try_new_with_length(
                Arc::clone(field),
                *width,
                values,
                list.nulls().cloned(),
                list.len(),
            )?)
        }
        DataType::Map(field, sorted) => {
            let map = array.as_map_opt().ok_or_else(other)?;
            let DataType::Struct(fields) = field.data_type() else {
                return Ok(Arc::clone(array));
            };
            let columns = fields.iter().zip(map.entries().columns());
            let columns = columns.map(|(field, column)| conform(column, field.data_type()));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let entries = structs(fields, columns, map.entries())?;
            Arc::new(MapArray::try_new(
                Arc::clone(field),
                map.offsets().clone(),
                entries,
                map.nulls().cloned(),
                *sorted,
            )?)
        }
        _ => Arc::clone(array),
    })
}

fn structs(
    fields: &Fields,
    columns: Vec<ArrayRef>,
    like: &StructArray,
) -> Result<StructArray, ArrowError> {
    let nulls = like.nulls().cloned();
    StructArray::try_new_with_length(fields.clone(), columns, nulls, like.len())
}

fn list<O: OffsetSizeTrait>(
    list: &GenericListArray<O>,
    field: &FieldRef,
) -> Result<ArrayRef, ArrowError> {
    let values = conform(list.values(), field.data_type())?;
    Ok(Arc::new(GenericListArray::try_new(
        Arc::clone(field),
        list.offsets().clone(),
        values,
        list.nulls().cloned(),
    )?))
}
