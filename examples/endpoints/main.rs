//! One flight in several endpoints, which clients read side by side, from two servers.
//!
//! Run with `examples/run endpoints`, or `cargo run -p examples --bin endpoints` and beside it `python examples/endpoints/client.py` and
//! `cargo run -p examples --bin endpoints-client`.
//!
//! Both servers are in this program, and hold the same four years. On machines of their own, each would be told where the others are.

use std::ops::RangeInclusive;

use examples::seattle;
use flight_runtime::arrow::array::AsArray;
use flight_runtime::arrow::compute::{DatePart, date_part};
use flight_runtime::arrow::datatypes::Int32Type;
use flight_runtime::cli::{ServerArgs, clap::Parser};
use flight_runtime::prelude::*;

const YEARS: RangeInclusive<i32> = 2012..=2015;

struct Weather {
    days: RecordBatch,
    /// Another server of the same data.
    replica: Option<Location>,
}

/// Seattle's weather, year by year.
#[flight_server]
impl Weather {
    /// The days of a year.
    #[do_get("seattle/{year}", list = years)]
    async fn year(&self, year: i32) -> Result<RecordBatch, Error> {
        self.of(year)
    }

    fn years(&self) -> RangeInclusive<i32> {
        YEARS
    }

    /// All years as one flight: an endpoint for each, every second of them at the replica.
    #[get_flight_info("seattle")]
    async fn all(&self, call: CallContext) -> Result<FlightInfo, Error> {
        let here = call.server().map(|server| server.location().clone());
        let mut info = FlightInfo::new()
            .try_with_schema(&self.days.schema())?
            .with_descriptor(FlightDescriptor::new_path(vec!["seattle".to_owned()]))
            .with_ordered(true)
            .with_total_records(self.days.num_rows() as i64);
        for year in YEARS {
            // `year_route` is generated beside `year`: its ticket is one that `year` takes.
            let mut endpoint = Self::year_route(year).endpoint();
            let mut locations = [here.as_ref(), self.replica.as_ref()];
            if year % 2 == 1 {
                locations.reverse();
            }
            // Clients take the first that they can reach. Without any, they ask the server that they have.
            for location in locations.into_iter().flatten() {
                endpoint = endpoint.with_location(location.as_str());
            }
            info = info.with_endpoint(endpoint);
        }
        Ok(info)
    }

    /// Routes of `#[do_get]` list themselves; this one has none.
    #[list_flights]
    async fn flights(&self, call: CallContext) -> Result<Vec<FlightInfo>, Error> {
        Ok(vec![self.all(call).await?])
    }
}

impl Weather {
    fn of(&self, year: i32) -> Result<RecordBatch, Error> {
        let years = date_part(self.days.column(0), DatePart::Year)?;
        let years = years.as_primitive::<Int32Type>().values();
        let from = years.partition_point(|&other| other < year);
        let to = years.partition_point(|&other| other <= year);
        match to - from {
            0 => Err(Error::not_found(format!(
                "no year {year}, there are {YEARS:?}"
            ))),
            days => Ok(self.days.slice(from, days)),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = ServerArgs::parse();
    args.init_logging()?;
    let days = seattle()?;
    let replica = FlightServer::builder(Weather {
        days: days.clone(),
        replica: None,
    });
    let replica = replica.location("grpc://localhost:0").start().await?;
    let weather = Weather {
        days,
        replica: Some(replica.location().clone()),
    };
    let server = args.configure(FlightServer::builder(weather))?;
    let server = server.start().await?;
    println!(
        "listening on {}; replica on {}",
        server.location(),
        replica.location()
    );
    server.serve().await
}
