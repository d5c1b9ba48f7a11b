//! What an upload must look like: checked before its first row is read, so that a client learns at once.

use flight_runtime::Error;
use flight_runtime::arrow::array::RecordBatch;
use flight_runtime::arrow::datatypes::{Schema, SchemaRef};

/// Columns that an upload must have, found by their names, in whatever order it has them.
pub(crate) struct Columns {
    schema: SchemaRef,
    indices: Vec<usize>,
}

impl Columns {
    /// Finds these columns in an upload; others may stand beside them.
    pub(crate) fn find(wanted: &SchemaRef, upload: &Schema) -> Result<Self, Error> {
        let mut indices = Vec::with_capacity(wanted.fields().len());
        for field in wanted.fields() {
            let (name, expected) = (field.name(), field.data_type());
            let Some((index, found)) = upload.column_with_name(name) else {
                return Err(Error::invalid_argument(format!(
                    "column `{name}` is missing: expected {expected}"
                )));
            };
            if found.data_type() != expected {
                return Err(Error::invalid_argument(format!(
                    "column `{name}` is {}: expected {expected}",
                    found.data_type()
                )));
            }
            indices.push(index);
        }
        Ok(Self {
            schema: wanted.clone(),
            indices,
        })
    }

    /// The same, and an upload that has others is refused.
    pub(crate) fn exactly(wanted: &SchemaRef, upload: &Schema) -> Result<Self, Error> {
        let columns = Self::find(wanted, upload)?;
        let other = upload
            .fields()
            .iter()
            .find(|field| wanted.column_with_name(field.name()).is_none());
        match other {
            None => Ok(columns),
            Some(field) => Err(Error::invalid_argument(format!(
                "column `{}` is not one of {}",
                field.name(),
                names(wanted)
            ))),
        }
    }

    /// These columns of a batch of the upload.
    pub(crate) fn of(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let columns = self
            .indices
            .iter()
            .map(|&index| batch.column(index).clone());
        Ok(RecordBatch::try_new(
            self.schema.clone(),
            columns.collect(),
        )?)
    }
}

fn names(schema: &Schema) -> String {
    let names: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| format!("`{}`", field.name()))
        .collect();
    names.join(", ")
}
