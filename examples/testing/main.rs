//! A service and its tests: in memory and with a clock that stands still in `tests.rs`, from Python in `test_board.py`.
//!
//! Run with `examples/run testing`, or `cargo test -p examples --bin testing` and `pytest examples/testing`.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use flight_runtime::cli::{ServerArgs, clap::Parser};
use flight_runtime::prelude::*;
// tokio's, not the standard library's: it stands still in a test that says so.
use tokio::time::Instant;

const FRESH: Duration = Duration::from_secs(3600);

/// What a thermometer shows.
#[derive(Row, Clone, Debug, PartialEq)]
struct Reading {
    celsius: f64,
}

/// The last readings of each station.
#[derive(Default)]
struct Board {
    stations: Mutex<BTreeMap<String, (Instant, Vec<Reading>)>>,
}

/// Readings of the last hour.
#[flight_server(client = BoardClient)]
impl Board {
    /// Show these readings, in place of those before.
    #[do_put("stations/{station}")]
    async fn report(&self, station: String, mut readings: Rows<Reading>) -> Result<String, Error> {
        let readings = readings.read_all().await?;
        if let Some(cold) = readings.iter().find(|reading| reading.celsius < -273.15) {
            let cold = cold.celsius;
            return Err(Error::out_of_range(format!(
                "{cold} °C is below absolute zero"
            )));
        }
        let said = format!("{} readings", readings.len());
        let mut stations = self.stations.lock().unwrap_or_else(PoisonError::into_inner);
        stations.insert(station, (Instant::now(), readings));
        Ok(said)
    }

    /// The readings of a station, as long as they are fresh.
    #[do_get("stations/{station}")]
    async fn latest(&self, station: String) -> Result<Rows<Reading>, Error> {
        let stations = self.stations.lock().unwrap_or_else(PoisonError::into_inner);
        match stations.get(&station) {
            Some((reported, readings)) if reported.elapsed() < FRESH => Ok(readings.clone().into()),
            Some(_) => Err(Error::not_found(format!(
                "`{station}` is silent for an hour"
            ))),
            None => Err(Error::not_found(format!("no station `{station}`"))),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = ServerArgs::parse();
    args.init_logging()?;
    let server = args.configure(FlightServer::builder(Board::default()))?;
    let server = server.start().await?;
    println!("listening on {}", server.location());
    server.serve().await
}
