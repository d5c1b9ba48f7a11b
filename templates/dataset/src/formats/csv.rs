//! CSV with a header line: the types of its columns are guessed from its first rows, and hold for the rest of them.

use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;

use flight_runtime::arrow::array::{RecordBatch, RecordBatchReader};
use flight_runtime::arrow::csv::reader::Format as Dialect;
use flight_runtime::arrow::csv::{ReaderBuilder, WriterBuilder};
use flight_runtime::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};

use super::{Facts, Failure, Rows, Source};
use crate::scan::Scan;

pub(super) fn inspect(file: &File, delimiter: u8, infer_rows: usize) -> Result<Facts, Failure> {
    let (schema, _) = dialect(delimiter).infer_schema(BufReader::new(file), Some(infer_rows))?;
    if schema.fields().is_empty() {
        return Err("it is empty: expected a header line with the names of the columns".into());
    }
    // A column that is empty so far is text: as nothing at all it would swallow what comes later.
    let fields = schema
        .fields()
        .iter()
        .map(|field: &FieldRef| match field.data_type() {
            DataType::Null => Arc::new(Field::new(field.name(), DataType::Utf8, true)),
            _ => field.clone(),
        });
    Ok(Facts {
        schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        rows: None,
        source: Source::Csv(delimiter),
    })
}

pub(super) fn read(
    file: File,
    delimiter: u8,
    schema: SchemaRef,
    scan: &Scan,
) -> Result<Rows, Failure> {
    let mut builder = ReaderBuilder::new(schema)
        .with_format(dialect(delimiter))
        .with_batch_size(scan.batch_rows());
    if let Some(columns) = scan.projection() {
        builder = builder.with_projection(columns);
    }
    if let Some(limit) = scan.limit {
        builder = builder.with_bounds(0, limit);
    }
    Ok(Box::new(builder.build(file)?))
}

pub(super) fn write(
    file: File,
    delimiter: u8,
    rows: impl RecordBatchReader,
) -> Result<u64, Failure> {
    let mut writer = WriterBuilder::new().with_delimiter(delimiter).build(file);
    // The header comes with the first batch, also where there is none.
    writer.write(&RecordBatch::new_empty(rows.schema()))?;
    let mut total = 0;
    for batch in rows {
        let batch = batch?;
        writer.write(&batch)?;
        total += batch.num_rows() as u64;
    }
    Ok(total)
}

fn dialect(delimiter: u8) -> Dialect {
    Dialect::default()
        .with_header(true)
        .with_delimiter(delimiter)
}
