//! {{description}}.

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

/// {{description}}
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    dataset: DatasetArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// The service and its settings: what runs, and what the tests connect to.
fn server(args: &DatasetArgs) -> Result<flight_runtime::FlightServerBuilder, Error> {
    Ok(FlightServer::builder(Dataset::open(args)?)
        .location("grpc://localhost:{{port}}")
        .public_health())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = Args::parse();
    args.server.init_logging()?;
    // Until Ctrl-C or SIGTERM, and then until the calls that run have ended.
    args.server.configure(server(&args.dataset)?)?.serve().await
}
