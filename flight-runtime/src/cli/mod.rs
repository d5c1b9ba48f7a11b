//! A command line for servers: what an operator sets without touching the program, by flags and by environment.
//!
//! [`ServerArgs`] goes into a program's own arguments, beside what the service itself needs to know:
//!
//! ```no_run
//! use std::path::PathBuf;
//!
//! use flight_runtime::cli::{ServerArgs, clap};
//! use flight_runtime::prelude::*;
//! use flight_runtime::cli::clap::Parser;
//!
//! /// Serves tables.
//! #[derive(Parser)]
//! struct Args {
//!     #[command(flatten)]
//!     server: ServerArgs,
//!     /// Where the files are
//!     #[arg(long, env = "DATA_DIR")]
//!     data: PathBuf,
//! }
//!
//! struct Tables {
//!     data: PathBuf,
//! }
//!
//! #[flight_server]
//! impl Tables {
//!     #[action("where")]
//!     async fn place(&self) -> String {
//!         self.data.display().to_string()
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     let args = Args::parse();
//!     args.server.init_logging()?;
//!     let service = Tables { data: args.data };
//!     args.server.configure(FlightServer::builder(service))?.serve().await
//! }
//! ```
//!
//! The guide's page on the command line has all flags in a table. clap is version 4, and re-exported here.

mod address;
mod limits;
mod logs;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
mod tls;
mod values;

pub use address::AddressArgs;
pub use clap;
pub use limits::LimitArgs;
pub use logs::{LogArgs, LogFormat};
#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
pub use tls::TlsArgs;

use crate::{Error, FlightServerBuilder};

/// The arguments of a server: where it listens, its certificates, its limits and its log. Made for `#[command(flatten)]`.
///
/// Each flag is also an environment variable, `FLIGHT_` and the flag's name in capitals; a flag counts more. What is given neither way stays as
/// the program has set it. A program that wants a flag to be another reaches it with
/// [`mut_arg`](clap::Command::mut_arg): `#[command(mut_arg("tls_cert", |arg| arg.required(true)))]` on its own struct.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(about = None, long_about = None)]
#[non_exhaustive]
pub struct ServerArgs {
    /// Where the server is
    #[command(flatten)]
    pub address: AddressArgs,
    /// Certificates; with the feature `tls-ring` or `tls-aws-lc`
    #[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
    #[command(flatten)]
    pub tls: TlsArgs,
    /// How much the server takes
    #[command(flatten)]
    pub limits: LimitArgs,
    /// What is logged, and how
    #[command(flatten)]
    pub logs: LogArgs,
}

impl ServerArgs {
    /// Gives the builder what was said, and leaves all else as the program has set it.
    ///
    /// Where neither has said where to listen, it is `grpc://localhost:8815`, or `grpc+tls://localhost:8815` where there is a certificate.
    /// A certificate and authorities that are given replace the program's own, as every other value does.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for flags that do not fit together, such as a certificate for a location in plain text.
    pub fn configure(&self, server: FlightServerBuilder) -> Result<FlightServerBuilder, Error> {
        #[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
        let server = self.tls.give(server);
        let server = self.address.give(server);
        #[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
        self.tls.check(&server)?;
        Ok(self.limits.give(server))
    }

    /// Has the process log to standard error from now on: see [`LogArgs::init`].
    ///
    /// # Errors
    ///
    /// As [`LogArgs::init`].
    pub fn init_logging(&self) -> Result<(), Error> {
        self.logs.init()
    }
}

/// Sets what was given.
fn set<B, T>(target: B, given: Option<T>, set: impl FnOnce(B, T) -> B) -> B {
    match given {
        Some(value) => set(target, value),
        None => target,
    }
}
