//! Whether a batch fits the schema that its stream has announced.
//!
//! The reader builds its arrays by the schema message alone, so a batch of another
//! schema would be read as garbage, or worse, as plausible values. Metadata and the
//! names of list items do not reach the reader's arrays and may differ.

use std::fmt;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Fields, Schema};

use super::error::{excerpt, shown};

/// Says which column of `batch` is the first that does not fit `schema`, what was
/// expected and what came. `None` when all fit.
pub(crate) fn first_difference(schema: &Schema, batch: &RecordBatch) -> Option<String> {
    let found = batch.schema_ref();
    if std::ptr::eq(schema, found.as_ref()) {
        return None;
    }
    let columns = schema.fields().iter().zip(found.fields()).enumerate();
    for (index, (expected, found)) in columns {
        let same = expected.name() == found.name()
            && fits(expected.data_type(), found.data_type())
            && (expected.is_nullable()
                || !found.is_nullable()
                // A plan often says "nullable" for lack of knowledge. What counts
                // is whether there are nulls, and that is known without a scan.
                || batch.column(index).null_count() == 0);
        if !same {
            return Some(format!(
                "column {index} of the batch does not fit the schema of the stream: \
                 expected {}, found {}",
                Shown(expected),
                Shown(found)
            ));
        }
    }
    let (expected, found) = (schema.fields().len(), found.fields().len());
    (expected != found).then(|| {
        let columns = if expected > found {
            schema.fields()
        } else {
            batch.schema_ref().fields()
        };
        let index = expected.min(found);
        let first = columns
            .get(index)
            .map_or_else(String::new, |field| Shown(field).to_string());
        let fault = if expected > found {
            "is missing from the batch"
        } else {
            "of the batch is not in the schema of the stream"
        };
        format!(
            "column {index} ({first}) {fault}: \
             expected {expected} columns, found {found}"
        )
    })
}

/// Whether `found` has the columns of `expected`: their names and types, whatever is said of nulls.
pub(crate) fn same_columns(expected: &Schema, found: &Schema) -> bool {
    let (expected, found) = (expected.fields(), found.fields());
    let mut columns = expected.iter().zip(found);
    expected.len() == found.len()
        && columns.all(|(a, b)| a.name() == b.name() && fits(a.data_type(), b.data_type()))
}

/// A field as a reader of the message knows it.
struct Shown<'a>(&'a Field);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let null = if self.0.is_nullable() {
            ""
        } else {
            " not null"
        };
        let data_type = excerpt(&self.0.data_type().to_string(), 200);
        write!(f, "`{}` {data_type}{null}", shown(self.0.name()))
    }
}

/// Whether an array of type `found` reads as `expected`.
///
/// Not [`DataType::equals_datatype`], which ignores the names of struct fields.
fn fits(expected: &DataType, found: &DataType) -> bool {
    use DataType::*;
    match (expected, found) {
        (List(a), List(b))
        | (LargeList(a), LargeList(b))
        | (ListView(a), ListView(b))
        | (LargeListView(a), LargeListView(b)) => item_fits(a, b),
        (FixedSizeList(a, n), FixedSizeList(b, m)) => n == m && item_fits(a, b),
        (Map(a, sorted), Map(b, sorted_too)) => {
            // A sorted map is a map.
            (!sorted || *sorted_too)
                && match (a.data_type(), b.data_type()) {
                    (Struct(a), Struct(b)) => {
                        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| item_fits(a, b))
                    }
                    _ => false,
                }
        }
        (Struct(a), Struct(b)) => fields_fit(a, b),
        (Union(a, mode), Union(b, mode_too)) => {
            mode == mode_too
                && a.len() == b.len()
                && a.iter()
                    .zip(b.iter())
                    .all(|((i, a), (j, b))| i == j && a.name() == b.name() && item_fits(a, b))
        }
        (Dictionary(k, v), Dictionary(l, w)) => k == l && fits(v, w),
        (RunEndEncoded(r, v), RunEndEncoded(s, w)) => {
            fits(r.data_type(), s.data_type()) && item_fits(v, w)
        }
        _ => expected == found,
    }
}

fn fields_fit(expected: &Fields, found: &Fields) -> bool {
    expected.len() == found.len()
        && expected
            .iter()
            .zip(found)
            .all(|(a, b)| a.name() == b.name() && item_fits(a, b))
}

/// Type and nullability. Deeper down there is no cheap way to know whether a nullable
/// child has nulls where its parent has none, so the declaration decides.
fn item_fits(expected: &Field, found: &Field) -> bool {
    (expected.is_nullable() || !found.is_nullable())
        && fits(expected.data_type(), found.data_type())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, StringArray};

    use super::*;

    fn batch(fields: Vec<Field>, columns: Vec<ArrayRef>) -> RecordBatch {
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    }

    fn ints(values: Vec<Option<i32>>) -> ArrayRef {
        Arc::new(Int32Array::from(values))
    }

    #[test]
    fn names_the_first_column_that_differs() {
        let schema = Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("name", DataType::Utf8, true),
        ]);
        let found = batch(
            vec![
                Field::new("id", DataType::Int32, false),
                Field::new("name", DataType::Utf8, true),
            ],
            vec![
                ints(vec![Some(1)]),
                Arc::new(StringArray::from(vec!["a"])) as ArrayRef,
            ],
        );
        assert_eq!(
            first_difference(&schema, &found).unwrap(),
            "column 0 of the batch does not fit the schema of the stream: \
             expected `id` Int64 not null, found `id` Int32 not null"
        );
    }

    #[test]
    fn names_the_column_that_is_missing_or_too_many() {
        let one = vec![Field::new("a", DataType::Int32, true)];
        let two = vec![
            Field::new("a", DataType::Int32, true),
            Field::new("b", DataType::Int32, true),
        ];
        let short = batch(one.clone(), vec![ints(vec![])]);
        let text = first_difference(&Schema::new(two.clone()), &short).unwrap();
        assert_eq!(
            text,
            "column 1 (`b` Int32) is missing from the batch: expected 2 columns, found 1"
        );
        let long = batch(two, vec![ints(vec![]), ints(vec![])]);
        let text = first_difference(&Schema::new(one), &long).unwrap();
        assert!(text.starts_with("column 1 (`b` Int32) of the batch is not in"));
    }

    #[test]
    fn nulls_decide_and_not_the_declaration() {
        let strict = Schema::new(vec![Field::new("a", DataType::Int32, false)]);
        let loose = vec![Field::new("a", DataType::Int32, true)];
        let full = batch(loose.clone(), vec![ints(vec![Some(1)])]);
        assert_eq!(first_difference(&strict, &full), None);
        let holed = batch(loose, vec![ints(vec![None])]);
        assert!(first_difference(&strict, &holed).is_some());
    }

    #[test]
    fn metadata_and_item_names_do_not_count() {
        let a = DataType::new_list(DataType::Int8, true);
        let b = DataType::List(Arc::new(
            Field::new("element", DataType::Int8, true)
                .with_metadata([("k".to_owned(), "v".to_owned())].into()),
        ));
        assert!(fits(&a, &b));
        let x = DataType::Struct(vec![Field::new("x", DataType::Int8, true)].into());
        let y = DataType::Struct(vec![Field::new("y", DataType::Int8, true)].into());
        assert!(!fits(&x, &y), "names of struct fields do");
    }
}
