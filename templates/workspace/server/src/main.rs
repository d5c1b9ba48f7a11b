//! The server of the contract.

use flight_runtime::cli::ServerArgs;
use flight_runtime::cli::clap::{self, Parser};
use flight_runtime::prelude::*;
use server::Warehouses;

/// Says what lies in which warehouse
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    server: ServerArgs,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = Args::parse();
    args.server.init_logging()?;
    let server = FlightServer::builder(Warehouses::with_samples());
    args.server.configure(server)?.serve().await
}
