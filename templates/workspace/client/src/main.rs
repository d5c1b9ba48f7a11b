//! A client on the command line.

use std::io::{BufWriter, Write};

use client::Command;
use contract::InventoryClient;
use flight_runtime::FlightClient;
use flight_runtime::cli::clap::{self, Parser};
use flight_runtime::prelude::*;

/// Asks an inventory what lies in its warehouses
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Where the server is
    #[arg(long, value_name = "URI", env = "FLIGHT_LOCATION")]
    #[arg(default_value = "grpc://localhost:{{port}}")]
    location: String,
    #[command(subcommand)]
    command: Command,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let args = Args::parse();
    let client = FlightClient::builder(args.location.as_str())
        .connect()
        .await?;
    let client = InventoryClient::new(client);
    let mut out = BufWriter::new(std::io::stdout().lock());
    args.command.run(&client, &mut out).await?;
    Ok(out.flush()?)
}
