//! {{description}}.

use flight_runtime::cli::ServerArgs;
use flight_runtime::cli::clap::{self, Parser};
use flight_runtime::prelude::*;
use server::server;

/// {{description}}
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
    // Until Ctrl-C or SIGTERM, and then until the calls that run have ended.
    args.server.configure(server())?.serve().await
}
