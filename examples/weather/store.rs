//! Daily observations by station, kept in memory.
//!
//! A station is a list of record batches, oldest first, and grows at its end only: so a reader takes its slices in
//! no time, without copying a row, and goes on reading what it took while others write.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chrono::NaiveDate;
use flight_runtime::Error;
use flight_runtime::arrow::array::{
    Array, AsArray, Date32Array, RecordBatch, StringArray, UInt64Array,
};
use flight_runtime::arrow::compute::concat_batches;
use flight_runtime::arrow::csv::ReaderBuilder;
use flight_runtime::arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef};

/// The columns of an observation.
pub(crate) static OBSERVATION: LazyLock<SchemaRef> = LazyLock::new(|| {
    let number = |name| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        Field::new("date", DataType::Date32, true),
        number("precipitation"),
        number("temp_max"),
        number("temp_min"),
        number("wind"),
        Field::new("weather", DataType::Utf8, true),
    ]))
});

const SEATTLE: &[u8] = include_bytes!("data/seattle-weather.csv");

type Stations = BTreeMap<String, Vec<RecordBatch>>;

pub(crate) struct Store {
    stations: RwLock<Stations>,
}

impl Store {
    /// The store with the observations that come with this example.
    pub(crate) fn open() -> Result<Self, Error> {
        let seattle = ReaderBuilder::new(OBSERVATION.clone())
            .with_header(true)
            .with_batch_size(512)
            .build(SEATTLE)?
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            stations: RwLock::new(BTreeMap::from([("seattle".to_owned(), seattle)])),
        })
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.read().keys().cloned().collect()
    }

    /// The observations of a station from `since` to `until`, both included, oldest first, at most `limit` of them.
    pub(crate) fn scan(
        &self,
        station: &str,
        since: Option<NaiveDate>,
        until: Option<NaiveDate>,
        limit: Option<usize>,
    ) -> Result<Vec<RecordBatch>, Error> {
        let since = since.map(Date32Type::from_naive_date);
        let until = until.map(Date32Type::from_naive_date);
        let mut left = limit.unwrap_or(usize::MAX);
        let mut found = Vec::new();
        for batch in existing(&self.read(), station)? {
            let days = days(batch);
            let from = since.map_or(0, |since| days.partition_point(|&day| day < since));
            let to = until.map_or(days.len(), |until| {
                days.partition_point(|&day| day <= until)
            });
            let rows = to.saturating_sub(from).min(left);
            if rows > 0 {
                found.push(batch.slice(from, rows));
                left -= rows;
            }
        }
        Ok(found)
    }

    /// Adds observations to the end of a station, all of them or none. A station that is not there yet is made.
    pub(crate) fn append(&self, station: &str, batches: Vec<RecordBatch>) -> Result<(), Error> {
        let mut stations = self.write();
        let mut last = stations.get(station).and_then(|batches| last_day(batches));
        for batch in &batches {
            let date = batch.column(0).as_primitive::<Date32Type>();
            if date.null_count() > 0 {
                return Err(Error::invalid_argument(format!(
                    "column `date` has {} nulls: every observation has its day",
                    date.null_count()
                )));
            }
            for &day in date.values() {
                if let Some(last) = last
                    && day <= last
                {
                    return Err(Error::failed_precondition(format!(
                        "`{station}` has observations up to {}: {} is not after it",
                        Day(last),
                        Day(day)
                    )));
                }
                last = Some(day);
            }
        }
        let batches = batches.into_iter().filter(|batch| batch.num_rows() > 0);
        stations
            .entry(station.to_owned())
            .or_default()
            .extend(batches);
        Ok(())
    }

    /// Makes one batch of the many that a station has grown by; says how many there were.
    pub(crate) fn compact(&self, station: &str) -> Result<usize, Error> {
        let mut stations = self.write();
        let batches = existing(&stations, station)?;
        let before = batches.len();
        let merged = concat_batches(&OBSERVATION, batches)?;
        stations.insert(station.to_owned(), vec![merged]);
        Ok(before)
    }

    /// A row for each station: its name, and how many days it has, from when to when.
    pub(crate) fn overview(&self) -> Result<RecordBatch, Error> {
        let stations = self.read();
        let name = StringArray::from_iter_values(stations.keys());
        let rows = |batches: &Vec<RecordBatch>| -> usize {
            batches.iter().map(RecordBatch::num_rows).sum()
        };
        let count = UInt64Array::from_iter_values(stations.values().map(|b| rows(b) as u64));
        let first = Date32Array::from_iter(stations.values().map(|b| first_day(b)));
        let last = Date32Array::from_iter(stations.values().map(|b| last_day(b)));
        Ok(RecordBatch::try_from_iter([
            ("station", Arc::new(name) as _),
            ("days", Arc::new(count) as _),
            ("first", Arc::new(first) as _),
            ("last", Arc::new(last) as _),
        ])?)
    }

    // Every write leaves the map whole, so a panic elsewhere while it is locked spoils nothing.
    fn read(&self) -> RwLockReadGuard<'_, Stations> {
        self.stations.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Stations> {
        self.stations
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn existing<'a>(stations: &'a Stations, station: &str) -> Result<&'a Vec<RecordBatch>, Error> {
    stations.get(station).ok_or_else(|| {
        let names: Vec<String> = stations.keys().map(|name| format!("`{name}`")).collect();
        Error::not_found(format!(
            "no station `{station}`; known are {}",
            names.join(", ")
        ))
    })
}

fn days(batch: &RecordBatch) -> &[i32] {
    batch.column(0).as_primitive::<Date32Type>().values()
}

fn first_day(batches: &[RecordBatch]) -> Option<i32> {
    batches
        .iter()
        .find_map(|batch| days(batch).first().copied())
}

fn last_day(batches: &[RecordBatch]) -> Option<i32> {
    batches
        .iter()
        .rev()
        .find_map(|batch| days(batch).last().copied())
}

/// A day as Arrow counts it, printed as people write it.
struct Day(i32);

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match Date32Type::to_naive_date_opt(self.0) {
            Some(date) => date.fmt(f),
            None => write!(f, "day {}", self.0),
        }
    }
}
