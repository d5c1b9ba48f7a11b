//! Reads a flight of several endpoints as one stream, several of them at once.
//!
//! Run with `cargo run -p examples --bin endpoints-client [-- --location grpc://localhost:8815]`, beside a running endpoints service.

use flight_runtime::FlightClient;
use flight_runtime::cli::clap::{self, Parser};
use flight_runtime::prelude::*;

/// Reads a flight of several endpoints.
#[derive(Parser)]
struct Options {
    /// Where the service is
    #[arg(long, default_value = "grpc://localhost:8815")]
    location: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = FlightClient::builder(Options::parse().location)
        .endpoints_at_once(4)
        .connect()
        .await?;
    let seattle = FlightDescriptor::new_path(vec!["seattle".to_owned()]);
    let info = client.get_flight_info(seattle).await?;
    for endpoint in &info.endpoint {
        let ticket = endpoint.ticket.clone().unwrap_or_default();
        let locations: Vec<&str> = endpoint.location.iter().map(|at| at.uri.as_str()).collect();
        println!(
            "{} at {}",
            String::from_utf8_lossy(&ticket.ticket),
            locations.join(", ")
        );
    }
    // The flight is ordered: so are its batches, although the endpoints are read ahead.
    let mut days = client.read_endpoints(&info).await?;
    let mut rows = 0;
    while let Some(batch) = days.try_next().await? {
        rows += batch.num_rows();
        println!("{} days, {rows} in all", batch.num_rows());
    }
    Ok(())
}
