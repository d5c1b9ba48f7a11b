//! How good a day is to be outdoors, from 0 to 100. The formula is nobody's but this example's.

use std::sync::{Arc, LazyLock};

use flight_runtime::Error;
use flight_runtime::arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch};
use flight_runtime::arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};

use crate::columns::Columns;
use crate::store::OBSERVATION;

/// What is looked at: precipitation, highest temperature and wind.
static LOOKED_AT: LazyLock<SchemaRef> = LazyLock::new(|| {
    let is = |name: &str| ["precipitation", "temp_max", "wind"].contains(&name);
    let fields = OBSERVATION.fields().iter().filter(|f| is(f.name()));
    Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
});

/// Adds a column `score` to batches of one schema.
pub(crate) struct Scorer {
    columns: Columns,
    schema: SchemaRef,
}

impl Scorer {
    pub(crate) fn new(upload: &Schema) -> Result<Self, Error> {
        let columns = Columns::find(&LOOKED_AT, upload)?;
        let score = Arc::new(Field::new("score", DataType::Float64, true));
        let fields = upload.fields().iter().cloned().chain([score]);
        Ok(Self {
            columns,
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        })
    }

    /// The upload's columns and the score.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    pub(crate) fn score(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let looked_at = self.columns.of(batch)?;
        let [rain, temp, wind] =
            [0, 1, 2].map(|at| looked_at.column(at).as_primitive::<Float64Type>());
        let scores: Float64Array = rain
            .iter()
            .zip(temp.iter())
            .zip(wind.iter())
            .map(|((rain, temp), wind)| Some(score(rain?, temp?, wind?)))
            .collect();
        let score = Arc::new(scores) as ArrayRef;
        let columns = batch.columns().iter().cloned().chain([score]);
        Ok(RecordBatch::try_new(self.schema(), columns.collect())?)
    }
}

/// Dry, 22 °C and calm is 100; every millimetre, degree and metre per second away from it costs.
fn score(rain: f64, temp: f64, wind: f64) -> f64 {
    (100.0 - 5.0 * rain - 3.0 * (temp - 22.0).abs() - 2.0 * wind).max(0.0)
}
