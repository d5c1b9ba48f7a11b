//! {{description}}.

mod store;
#[cfg(test)]
mod tests;

use flight_runtime::cli::ServerArgs;
use flight_runtime::cli::clap::{self, Parser};
use flight_runtime::prelude::*;

use store::{Measurement, Store};

/// {{description}}
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Default)]
struct Measurements {
    store: Store,
}

/// Measurements by sensor, in memory.
#[flight_server(client = MeasurementsClient)]
impl Measurements {
    /// What a sensor has measured, oldest first, at most `limit`.
    #[do_get("sensors/{sensor}?{limit}", list = sensors, ordered)]
    async fn read(&self, sensor: String, limit: Option<usize>) -> Result<Rows<Measurement>, Error> {
        Ok(self.store.read(&sensor, limit)?.into())
    }

    async fn sensors(&self) -> Vec<String> {
        self.store.sensors()
    }

    /// Add measurements to a sensor: all of them, or none when the upload breaks off.
    #[do_put("sensors/{sensor}")]
    async fn add(&self, sensor: String, mut rows: Rows<Measurement>) -> Result<String, Error> {
        let measurements = rows.read_all().await?;
        let count = measurements.len();
        self.store.add(sensor, measurements);
        Ok(format!("{count} added"))
    }

    /// Forget a sensor; says how many measurements it had.
    #[action("forget")]
    async fn forget(&self, sensor: String) -> Result<Json<usize>, Error> {
        Ok(Json(self.store.forget(&sensor)?))
    }
}

/// The service and its settings: what runs, and what the tests connect to.
fn server() -> flight_runtime::FlightServerBuilder {
    FlightServer::builder(Measurements::default())
        .location("grpc://localhost:{{port}}")
        .public_health()
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = Args::parse();
    args.server.init_logging()?;
    // Until Ctrl-C or SIGTERM, and then until the calls that run have ended.
    args.server.configure(server())?.serve().await
}
