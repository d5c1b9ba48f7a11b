//! A directory of Parquet, CSV and Arrow files, served as flights.

mod catalog;
mod dataset;
mod directory;
mod draft;
mod formats;
mod scan;
#[cfg(test)]
mod tests;

use clap::Parser;
use flight_runtime::prelude::*;

use dataset::{Dataset, DatasetArgs};

#[derive(Parser)]
#[command(version, about)]
struct Args {
    #[command(flatten)]
    dataset: DatasetArgs,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = Args::parse();
    let dataset = Dataset::open(&args.dataset)?;
    FlightServer::builder(dataset).serve().await
}
