//! Prints a Python client of a service from the service's definition: a class, with a method for each handler.
//!
//! Run with `cargo run -p examples --bin flight-python -- --from grpc://localhost:8815 > weather_client.py`, beside a running service, or
//! with the definition itself: `flight-python weather.json`, or `flight-python -` for standard input. `--header 'authorization: Bearer …'`
//! goes with the question, `--ca` names the authority of a `grpc+tls://` location. What it prints needs pyarrow alone.

mod handler;
mod module;
mod text;

use std::io::Read;
use std::path::{Path, PathBuf};

use flight_runtime::cli::clap::{self, Parser};
use flight_runtime::{CallOptions, Definition, Error, FlightClient};

/// Prints a Python client of a service from the service's definition.
#[derive(Parser)]
struct Options {
    /// The definition in JSON; `-` for standard input
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    file: Option<PathBuf>,
    /// A running server that is asked for it: grpc://host:port
    #[arg(long, value_name = "URI")]
    from: Option<String>,
    /// A header that goes with the question: 'name: value'; may be repeated
    #[arg(long, value_name = "HEADER", value_parser = header, requires = "from")]
    header: Vec<(String, String)>,
    /// The authority of a `grpc+tls://` server, in PEM
    #[arg(long, value_name = "FILE", requires = "from")]
    ca: Option<PathBuf>,
}

fn header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once(':').ok_or("expected `name: value`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let options = Options::parse();
    let definition = match (&options.from, &options.file) {
        (Some(location), _) => ask(location, &options).await?,
        (None, Some(file)) if file != Path::new("-") => {
            let json = std::fs::read_to_string(file).map_err(|error| {
                let file = file.display();
                Error::invalid_argument(format!("cannot read `{file}`: {error}"))
            })?;
            Definition::from_json(&json)?
        }
        _ => {
            let mut json = String::new();
            std::io::stdin().read_to_string(&mut json)?;
            Definition::from_json(&json)?
        }
    };
    print!("{}", module::python(&definition));
    Ok(())
}

/// Asks a running server.
async fn ask(location: &str, options: &Options) -> Result<Definition, Error> {
    let mut call = CallOptions::new();
    for (name, value) in &options.header {
        call = call.header(name, value)?;
    }
    let client = FlightClient::builder(location).options(call);
    let client = match &options.ca {
        None => client,
        Some(file) => client.root_certificates(file.clone()),
    };
    client.connect().await?.definition().await
}
