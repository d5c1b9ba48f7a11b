//! Prints a Python client of a service from the service's definition: a class, with a method for each handler.
//!
//! Run with `cargo run -p examples --bin flight-python -- --from grpc://localhost:8815 > weather_client.py`, beside a running service, or
//! with the definition itself: `flight-python weather.json`, or `flight-python -` for standard input. `--header 'authorization: Bearer …'`
//! goes with the question, `--ca` names the authority of a `grpc+tls://` location. What it prints needs pyarrow alone.

mod handler;
mod module;
mod text;

use std::io::Read;
use std::path::Path;

use flight_runtime::{CallOptions, Definition, Error, FlightClient};

const USAGE: &str =
    "usage: flight-python FILE | - | --from grpc://host:port [--header 'name: value']… [--ca FILE]";

/// Where the definition comes from.
enum Source {
    File(String),
    Input,
    Server(String),
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let Arguments {
        source,
        headers,
        roots,
    } = arguments(std::env::args().skip(1))?;
    let definition = match source {
        Source::File(path) => {
            let json = std::fs::read_to_string(&path);
            Definition::from_json(&json.map_err(|error| {
                Error::invalid_argument(format!("cannot read `{path}`: {error}"))
            })?)?
        }
        Source::Input => {
            let mut json = String::new();
            std::io::stdin().read_to_string(&mut json)?;
            Definition::from_json(&json)?
        }
        Source::Server(location) => ask(&location, &headers, roots).await?,
    };
    print!("{}", module::python(&definition));
    Ok(())
}

type Headers = Vec<(String, String)>;

struct Arguments {
    source: Source,
    headers: Headers,
    roots: Option<String>,
}

fn arguments(arguments: impl Iterator<Item = String>) -> Result<Arguments, Error> {
    let usage = || Error::invalid_argument(USAGE);
    let (mut source, mut headers, mut roots) = (None, Vec::new(), None);
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let found = match argument.as_str() {
            "--from" => Source::Server(arguments.next().ok_or_else(usage)?),
            "--header" => {
                let header = arguments.next().ok_or_else(usage)?;
                let (name, value) = header.split_once(':').ok_or_else(usage)?;
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
                continue;
            }
            "--ca" => {
                roots = Some(arguments.next().ok_or_else(usage)?);
                continue;
            }
            "-" => Source::Input,
            path if !path.starts_with('-') => Source::File(path.to_owned()),
            _ => return Err(usage()),
        };
        if source.replace(found).is_some() {
            return Err(usage());
        }
    }
    let source = source.ok_or_else(usage)?;
    Ok(Arguments {
        source,
        headers,
        roots,
    })
}

/// Asks a running server.
async fn ask(
    location: &str,
    headers: &Headers,
    roots: Option<String>,
) -> Result<Definition, Error> {
    let mut options = CallOptions::new();
    for (name, value) in headers {
        options = options.header(name, value)?;
    }
    let client = FlightClient::builder(location).options(options);
    let client = match roots {
        None => client,
        Some(file) => client.root_certificates(Path::new(&file)),
    };
    client.connect().await?.definition().await
}
