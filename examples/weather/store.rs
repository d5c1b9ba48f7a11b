//! Daily observations by station, kept in memory.
//!
//! A station is a list of record batches, oldest first, and grows at its end only: so a reader takes its slices in
//! no time, without copying a row, and goes on reading what it took while others write.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chrono::NaiveDate;
use flight_runtime::arrow::array::AsArray;
use flight_runtime::arrow::compute::concat_batches;
use flight_runtime::arrow::csv::ReaderBuilder;
use flight_runtime::arrow::datatypes::Date32Type;
use flight_runtime::prelude::*;
use flight_runtime::rows::Date;

/// What was observed on a day: °C, mm, m/s.
#[derive(Row)]
pub(crate) struct Observation {
    pub(crate) date: Date,
    pub(crate) precipitation: Option<f64>,
    pub(crate) temp_max: Option<f64>,
    pub(crate) temp_min: Option<f64>,
    pub(crate) wind: Option<f64>,
    pub(crate) weather: Option<String>,
}

/// A station, and how many days it has, from when to when.
#[derive(Row)]
pub(crate) struct Station {
    pub(crate) station: String,
    pub(crate) days: u64,
    pub(crate) first: Option<Date>,
    pub(crate) last: Option<Date>,
}

const SEATTLE: &[u8] = include_bytes!("data/seattle-weather.csv");

type Stations = BTreeMap<String, Vec<RecordBatch>>;

pub(crate) struct Store {
    stations: RwLock<Stations>,
}

impl Store {
    /// The store with the observations that come with this example.
    pub(crate) fn open() -> Result<Self, Error> {
        let seattle = ReaderBuilder::new(Observation::schema())
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
            for &day in days(batch) {
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
        let merged = concat_batches(&Observation::schema(), batches)?;
        stations.insert(station.to_owned(), vec![merged]);
        Ok(before)
    }

    /// The stations, each with its days.
    pub(crate) fn overview(&self) -> Vec<Station> {
        let date = |day: i32| Date32Type::to_naive_date_opt(day).map(Date);
        let stations = self.read();
        let station = |(name, batches): (&String, &Vec<RecordBatch>)| Station {
            station: name.clone(),
            days: batches.iter().map(|batch| batch.num_rows() as u64).sum(),
            first: first_day(batches).and_then(date),
            last: last_day(batches).and_then(date),
        };
        stations.iter().map(station).collect()
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
