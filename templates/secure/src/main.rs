//! {{description}}.

mod args;
mod orders;
mod service;
#[cfg(test)]
mod tests;
mod users;

use flight_runtime::cli::clap::Parser;
use flight_runtime::prelude::*;

use args::{Args, Command};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = Args::parse();
    if let Some(Command::HashPassword) = args.command {
        return users::print_hash();
    }
    args.server.init_logging()?;
    let server = service::server(args.users()?);
    // Until Ctrl-C or SIGTERM, and then until the calls that run have ended.
    args.server.configure(server)?.serve().await
}
