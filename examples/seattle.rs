//! What most examples serve: four years of Seattle's weather.

use std::sync::Arc;

use flight_runtime::Error;
use flight_runtime::arrow::array::RecordBatch;
use flight_runtime::arrow::csv::ReaderBuilder;
use flight_runtime::arrow::csv::reader::Format;

const SEATTLE: &[u8] = include_bytes!("weather/data/seattle-weather.csv");

/// A row for each day of 2012 to 2015, oldest first: `date`; `precipitation` in mm; `temp_max` and `temp_min` in °C; `wind` in m/s; `weather`.
pub fn seattle() -> Result<RecordBatch, Error> {
    let format = Format::default().with_header(true);
    let (schema, rows) = format.infer_schema(SEATTLE, None)?;
    let mut reader = ReaderBuilder::new(Arc::new(schema))
        .with_format(format)
        .with_batch_size(rows)
        .build(SEATTLE)?;
    let all = reader.next();
    Ok(all.ok_or_else(|| Error::data_loss("there are no observations"))??)
}
