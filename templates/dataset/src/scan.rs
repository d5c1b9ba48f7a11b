//! What a call wants of a file: which columns, in which order, and how many rows.

use std::collections::HashSet;
use std::sync::Arc;

use flight_runtime::Error;
use flight_runtime::arrow::array::{RecordBatch, RecordBatchReader};
use flight_runtime::arrow::datatypes::{Schema, SchemaRef};
use flight_runtime::arrow::error::ArrowError;

use crate::formats::{Rows, caught};

/// How many columns an error lists.
const LISTED: usize = 20;

pub(crate) struct Scan {
    /// In the order in which they are wanted; `None` for all of them.
    columns: Option<Vec<usize>>,
    /// Of these columns.
    schema: SchemaRef,
    pub(crate) limit: Option<usize>,
    batch_rows: usize,
}

impl Scan {
    /// # Errors
    ///
    /// INVALID_ARGUMENT for a column that the file does not have, and for one that is named twice.
    pub(crate) fn new(
        schema: &SchemaRef,
        columns: &[String],
        limit: Option<usize>,
        batch_rows: usize,
    ) -> Result<Self, Error> {
        if columns.is_empty() {
            return Ok(Self {
                columns: None,
                schema: schema.clone(),
                limit,
                batch_rows,
            });
        }
        let mut seen = HashSet::new();
        let indices = columns.iter().map(|name| {
            if !seen.insert(name) {
                return Err(Error::invalid_argument(format!(
                    "column `{name}` is named twice"
                )));
            }
            schema.index_of(name).map_err(|_| no_column(name, schema))
        });
        let indices = indices.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            schema: Arc::new(schema.project(&indices)?),
            columns: Some(indices),
            limit,
            batch_rows,
        })
    }

    /// The columns in the order of the file, which is that in which readers give them.
    pub(crate) fn projection(&self) -> Option<Vec<usize>> {
        let mut columns = self.columns.clone()?;
        columns.sort_unstable();
        Some(columns)
    }

    /// How many rows to decode at once.
    pub(crate) fn batch_rows(&self) -> usize {
        self.limit
            .map_or(self.batch_rows, |limit| limit.clamp(1, self.batch_rows))
    }

    /// How many rows there will be of this many.
    pub(crate) fn rows(&self, rows: u64) -> u64 {
        self.limit.map_or(rows, |limit| rows.min(limit as u64))
    }

    /// What a reader gives of this projection, in the order and the number that are wanted. Its errors become those that `broken` makes of their text.
    pub(crate) fn select<F>(self, rows: Rows, broken: F) -> Selected<F>
    where
        F: Fn(String) -> Error,
    {
        let read = self.projection();
        // Each is among those that are read: they are the same columns.
        let place = |column: &usize| read.as_ref()?.binary_search(column).ok();
        let order = self
            .columns
            .as_ref()
            .map(|columns| columns.iter().filter_map(place).collect());
        Selected {
            rows,
            schema: self.schema,
            order,
            left: self.limit.unwrap_or(usize::MAX),
            broken,
        }
    }
}

fn no_column(name: &str, schema: &Schema) -> Error {
    let names = schema
        .fields()
        .iter()
        .take(LISTED)
        .map(|field| format!("`{}`", field.name()));
    let names = names.collect::<Vec<_>>().join(", ");
    let more = match schema.fields().len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Error::invalid_argument(format!("no column `{name}`; there are {names}{more}"))
}

/// Rows of a file, as a call wants them.
pub(crate) struct Selected<F> {
    rows: Rows,
    schema: SchemaRef,
    order: Option<Vec<usize>>,
    left: usize,
    broken: F,
}

impl<F: Fn(String) -> Error> Selected<F> {
    fn put_in_order(&self, batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
        match &self.order {
            Some(order) => batch.project(order),
            None => Ok(batch),
        }
    }
}

impl<F: Fn(String) -> Error> Iterator for Selected<F> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let read = caught(|| self.rows.next()).map_err(ArrowError::ExternalError);
        let batch = read.transpose()?.flatten();
        Some(match batch.and_then(|batch| self.put_in_order(batch)) {
            Ok(batch) => {
                let rows = batch.num_rows().min(self.left);
                self.left -= rows;
                Ok(batch.slice(0, rows))
            }
            Err(error) => {
                self.left = 0;
                let reason = match error {
                    ArrowError::ExternalError(inner) => inner.to_string(),
                    error => error.to_string(),
                };
                Err(ArrowError::ExternalError((self.broken)(reason).into()))
            }
        })
    }
}

impl<F: Fn(String) -> Error> RecordBatchReader for Selected<F> {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}
