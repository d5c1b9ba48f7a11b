//! Daily weather, read, added to, scored and summarized: every kind of handler on real data.
//!
//! Run with `cargo run -p examples --bin weather`, and beside it `python examples/weather/client.py`; `examples/run` does
//! both. `--location grpc://localhost:0` takes a free port; `--log flight_runtime=debug` logs every call that fails.

mod normals;
mod outdoors;
mod store;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use flight_runtime::arrow::array::AsArray;
use flight_runtime::arrow::compute::{concat_batches, max, min, sum};
use flight_runtime::arrow::datatypes::{Date32Type, Float64Type};
use flight_runtime::cli::clap::{self, Parser};
use flight_runtime::prelude::*;
use serde::{Deserialize, Serialize};

use normals::{Month, NORMAL, Normals};
use outdoors::Scored;
use store::{Observation, Station, Store};

/// Serves daily weather.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    server: flight_runtime::cli::ServerArgs,
}

struct Weather {
    store: Store,
    normals: Normals,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SummaryRequest {
    station: String,
    since: Option<NaiveDate>,
    until: Option<NaiveDate>,
}

#[derive(Serialize, Deserialize)]
struct Summary {
    days: usize,
    first: Option<NaiveDate>,
    last: Option<NaiveDate>,
    /// °C
    coldest: Option<f64>,
    /// °C
    warmest: Option<f64>,
    /// mm
    precipitation: Option<f64>,
    wet_days: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CompactRequest {
    station: String,
}

#[derive(Serialize, Deserialize)]
struct Compacted {
    batches_before: usize,
    batches_after: usize,
}

/// What a client is told while and after it uploads.
#[derive(Serialize, Deserialize)]
struct Received {
    rows: usize,
    committed: bool,
}

/// Daily observations and hourly normals.
#[flight_server(client = WeatherClient)]
impl Weather {
    /// Observations of one station, oldest first: from `since` to `until`, both included, at most `limit`.
    #[do_get("stations/{station}?{since}&{until}&{limit}", list = names, ordered)]
    async fn observations(
        &self,
        station: String,
        since: Option<NaiveDate>,
        until: Option<NaiveDate>,
        limit: Option<usize>,
    ) -> Result<BatchStream, Error> {
        let batches = self.store.scan(&station, since, until, limit)?;
        Ok(BatchStream::from_batches(Observation::schema(), batches))
    }

    fn names(&self) -> Vec<String> {
        self.store.names()
    }

    /// The stations, and how many days of which time each has.
    #[do_get("stations")]
    async fn stations(&self) -> Rows<Station> {
        self.store.overview().into()
    }

    /// Hourly temperature normals of 1981 to 2010 in one month: of the stations that are named, else of all.
    #[do_get("normals?{month}&{station}")]
    fn normals(&self, month: Month, station: Vec<String>) -> Result<BatchStream, Error> {
        let batches = self.normals.select(month, &station)?;
        Ok(BatchStream::from_batches(NORMAL.clone(), batches))
    }

    /// Add observations to the end of a station; one that is not there is made.
    ///
    /// All of an upload becomes visible at once, when the client has ended it: a client that goes away leaves nothing.
    #[do_put("stations/{station}")]
    async fn add(
        &self,
        station: String,
        upload: Rows<Observation>,
        acks: MetadataWriter,
    ) -> Result<Json<Received>, Error> {
        // Checked as rows, and kept as the batches that they came in.
        let mut upload = upload.into_batches();
        let mut batches = Vec::new();
        let mut rows = 0;
        while let Some(batch) = upload.try_next().await? {
            rows += batch.num_rows();
            batches.push(batch);
            let committed = false;
            acks.write(Json(Received { rows, committed })).await?;
        }
        self.store.append(&station, batches)?;
        tracing::info!(station, rows, "added");
        let committed = true;
        Ok(Json(Received { rows, committed }))
    }

    /// Score days: each comes back with its `score`, 0 to 100, of how good it is to be outdoors.
    #[do_exchange("score")]
    async fn score(&self, days: Rows<Observation>) -> Rows<Scored> {
        days.map_rows(|day| Ok(day.into()))
    }

    /// Summarize a station: `{"station": "seattle", "since": "2015-06-01", "until": "2015-08-31"}`, dates optional.
    #[action("summary")]
    fn summary(&self, Json(request): Json<SummaryRequest>) -> Result<Json<Summary>, Error> {
        let SummaryRequest {
            station,
            since,
            until,
        } = request;
        let batches = self.store.scan(&station, since, until, None)?;
        let all = concat_batches(&Observation::schema(), &batches)?;
        let days = all.column(0).as_primitive::<Date32Type>();
        let [rain, high, low] = [1, 2, 3].map(|at| all.column(at).as_primitive::<Float64Type>());
        Ok(Json(Summary {
            days: all.num_rows(),
            first: min(days).and_then(Date32Type::to_naive_date_opt),
            last: max(days).and_then(Date32Type::to_naive_date_opt),
            coldest: min(low),
            warmest: max(high),
            precipitation: sum(rain),
            wet_days: rain.iter().flatten().filter(|&mm| mm > 0.0).count(),
        }))
    }

    /// Merge the batches that a station has grown by into one: `{"station": "seattle"}`.
    #[action("compact")]
    fn compact(&self, Json(request): Json<CompactRequest>) -> Result<Json<Compacted>, Error> {
        Ok(Json(Compacted {
            batches_before: self.store.compact(&request.station)?,
            batches_after: 1,
        }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let options = Options::parse().server;
    options.init_logging()?;
    let weather = Weather {
        store: Store::open()?,
        normals: Normals::open()?,
    };
    let server = options.configure(FlightServer::builder(weather))?;
    let server = server.start().await?;
    println!("listening on {}; in Python:\n", server.location());
    println!("    import pyarrow.flight as flight");
    println!("    client = flight.connect(\"{}\")", server.location());
    println!("    ticket = flight.Ticket(b\"stations/seattle?since=2015-12-25\")");
    println!("    for row in client.do_get(ticket).read_all().to_pylist(): print(row)\n");
    server.serve().await
}
