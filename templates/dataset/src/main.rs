//! A directory of Parquet, CSV and Arrow files, served as flights.

mod catalog;
mod dataset;
mod directory;
mod draft;
mod formats;
mod scan;
#[cfg(test)]
mod tests;

use flight_runtime::cli::ServerArgs;
use flight_runtime::cli::clap::{self, Parser};
use flight_runtime::prelude::*;

use dataset::{Dataset, DatasetArgs};

/// Serves a directory of Parquet, CSV and Arrow files
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    dataset: DatasetArgs,
    #[command(flatten)]
    server: ServerArgs,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = Args::parse();
    args.server.init_logging()?;
    let dataset = Dataset::open(&args.dataset)?;
    let server = FlightServer::builder(dataset);
    args.server.configure(server)?.serve().await
}
