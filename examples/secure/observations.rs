//! Daily observations in memory, which know nothing of Flight but its `Error`.

use std::sync::{PoisonError, RwLock};

use chrono::NaiveDate;
use examples::seattle;
use flight_runtime::Error;
use flight_runtime::arrow::array::{AsArray, RecordBatch};
use flight_runtime::arrow::datatypes::Date32Type;

/// The observations of one station, oldest first.
pub(crate) struct Observations(RwLock<RecordBatch>);

impl Observations {
    pub(crate) fn open() -> Result<Self, Error> {
        Ok(Self(RwLock::new(seattle()?)))
    }

    /// Those from this day on, or all.
    pub(crate) fn since(&self, day: Option<NaiveDate>) -> RecordBatch {
        from(&self.0.read().unwrap_or_else(PoisonError::into_inner), day)
    }

    /// Forgets those before this day; says how many they were.
    pub(crate) fn forget(&self, before: NaiveDate) -> usize {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let kept = from(&all, Some(before));
        let forgotten = all.num_rows() - kept.num_rows();
        *all = kept;
        forgotten
    }
}

/// A slice, without copying a row.
fn from(all: &RecordBatch, day: Option<NaiveDate>) -> RecordBatch {
    let days = all.column(0).as_primitive::<Date32Type>().values();
    let day = day.map_or(i32::MIN, Date32Type::from_naive_date);
    let first = days.partition_point(|&other| other < day);
    all.slice(first, days.len() - first)
}
