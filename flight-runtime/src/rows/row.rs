//! [`Row`]: a struct whose fields are columns.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use typed_arrow::error::ViewAccessError;
use typed_arrow::schema::{BuildRows, FromRecordBatch, IntoRecordBatch, RowBuilder, SchemaMeta};

use super::fit::Fit;
use crate::Error;

/// A struct whose fields are the columns of a table: `#[derive(Row)]`.
///
/// Fields are columns by their names, in their order. `Option<T>` is a nullable column, everything else is not null. A field
/// may be of any type in the table of [`rows`](crate::rows), or a struct that derives `Row` itself, which nests.
///
/// ```
/// use flight_runtime::prelude::*;
/// use flight_runtime::rows::{Date, List};
///
/// #[derive(Row)]
/// struct Observation {
///     date: Date,
///     #[record(name = "temp_max")]
///     warmest: f64,
///     weather: Option<String>,
///     gusts: List<f64>,
/// }
///
/// let schema = Observation::schema();
/// assert_eq!(schema.field(1).name(), "temp_max");
/// assert!(schema.field(2).is_nullable());
/// ```
///
/// # What the derive needs
///
/// It is [`typed_arrow::Record`](derive@typed_arrow::Record) under another name, and writes paths that begin with `typed_arrow`. The
/// [`prelude`](crate::prelude) brings that name; without the prelude, `use flight_runtime::typed_arrow;` does. It makes four
/// more types beside the struct, named after it: `ObservationBuilders`, `ObservationArrays`, `ObservationView` and `ObservationViews`.
///
/// | attribute | of | |
/// |---|---|---|
/// | `#[record(name = "temp_max")]` | a field | the column's name, where it is not the field's |
/// | `#[metadata(k = "unit", v = "°C")]` | a field | metadata of the column; ignored when an upload is compared |
/// | `#[schema_metadata(k = "owner", v = "data")]` | the struct | metadata of the schema |
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row type",
    label = "not a struct that derives `Row`",
    note = "annotate the struct with `#[derive(Row)]`; its fields are the columns",
    note = "a field may be a number, `bool`, `String`, `Vec<u8>`, another row type, or one of the types in `flight_runtime::rows`, such as `Date` or `List<T>`; in an `Option` where the column is nullable"
)]
pub trait Row: Sized + Send + 'static {
    /// The columns.
    fn schema() -> SchemaRef;

    /// These rows as a batch.
    ///
    /// # Panics
    ///
    /// When a column does not hold them: over 2 GiB of text, or more different values than a
    /// [`Dictionary`](super::Dictionary)'s keys can count.
    fn to_batch(rows: impl IntoIterator<Item = Self>) -> RecordBatch;

    /// The rows of a batch, whose columns may be in another order.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT as [`Rows`](super::Rows) says.
    fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, Error> {
        let mut fit = Fit::new(Self::schema(), batch.schema_ref())?;
        Self::read(&fit.apply(batch)?, 0)
    }

    /// The rows of a batch that is of this schema; `before` it came so many.
    #[doc(hidden)]
    fn read(batch: &RecordBatch, before: u64) -> Result<Vec<Self>, Error>;
}

#[diagnostic::do_not_recommend]
impl<T> Row for T
where
    T: BuildRows + SchemaMeta + FromRecordBatch + Send + 'static,
    for<'a> T: TryFrom<<T as FromRecordBatch>::View<'a>, Error = ViewAccessError>,
{
    fn schema() -> SchemaRef {
        <T as SchemaMeta>::schema()
    }

    fn to_batch(rows: impl IntoIterator<Item = Self>) -> RecordBatch {
        let rows = rows.into_iter();
        let mut builders = T::new_builders(rows.size_hint().0);
        builders.append_rows(rows);
        builders.finish().into_record_batch()
    }

    fn read(batch: &RecordBatch, before: u64) -> Result<Vec<Self>, Error> {
        let views = T::from_record_batch(batch).map_err(|error| unreadable(error.to_string()))?;
        let mut rows = Vec::with_capacity(batch.num_rows());
        for view in views {
            match view.and_then(T::try_from) {
                Ok(row) => rows.push(row),
                Err(error) => {
                    let at = before + rows.len() as u64;
                    return Err(unreadable(match error {
                        // In a column that is declared nullable, such as the values of every map.
                        ViewAccessError::UnexpectedNull { .. } => {
                            format!("row {at}: a null where the row type has none")
                        }
                        ViewAccessError::Custom(error) => format!("row {at}: {error}"),
                        error => format!("row {at}: {error}"),
                    }));
                }
            }
        }
        Ok(rows)
    }
}

fn unreadable(message: String) -> Error {
    Error::invalid_argument(message)
}

/// The same batch under a schema that others share: comparing the two later costs nothing then.
pub(super) fn shared(batch: RecordBatch, schema: &SchemaRef) -> RecordBatch {
    batch
        .clone()
        .with_schema(Arc::clone(schema))
        .unwrap_or(batch)
}
