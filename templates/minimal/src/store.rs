//! Where measurements are: in memory. Put a database or files here.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use flight_runtime::prelude::*;
use flight_runtime::rows::DateTime;

/// A row: its fields are the columns that clients see.
#[derive(Clone, Debug, PartialEq, Row)]
pub(crate) struct Measurement {
    pub(crate) at: DateTime,
    pub(crate) value: f64,
    pub(crate) note: Option<String>,
}

type Sensors = BTreeMap<String, Vec<Measurement>>;

#[derive(Default)]
pub(crate) struct Store(RwLock<Sensors>);

impl Store {
    pub(crate) fn sensors(&self) -> Vec<String> {
        self.sensors_read().keys().cloned().collect()
    }

    pub(crate) fn read(
        &self,
        sensor: &str,
        limit: Option<usize>,
    ) -> Result<Vec<Measurement>, Error> {
        let sensors = self.sensors_read();
        let measurements = sensors.get(sensor).ok_or_else(|| unknown(sensor))?;
        let limit = limit.unwrap_or(usize::MAX);
        Ok(measurements.iter().take(limit).cloned().collect())
    }

    pub(crate) fn add(&self, sensor: String, new: Vec<Measurement>) {
        let mut sensors = self.sensors_write();
        let measurements = sensors.entry(sensor).or_default();
        measurements.extend(new);
        measurements.sort_by_key(|measurement| measurement.at);
    }

    pub(crate) fn forget(&self, sensor: &str) -> Result<usize, Error> {
        let forgotten = self.sensors_write().remove(sensor);
        Ok(forgotten.ok_or_else(|| unknown(sensor))?.len())
    }

    // No method leaves a map behind that is half changed, so a lock that somebody panicked under is as good as any.
    fn sensors_read(&self) -> RwLockReadGuard<'_, Sensors> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn sensors_write(&self) -> RwLockWriteGuard<'_, Sensors> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(sensor: &str) -> Error {
    Error::not_found(format!("no sensor `{sensor}`"))
}
