//! Prints a Python client of a service from the service's definition: a class, with a method for each handler.
//!
//! Run with `cargo run -p examples --bin flight-python -- --from grpc://localhost:8815 > weather_client.py`, beside a running service, or
//! with the definition itself: `flight-python weather.json`, or `flight-python -` for standard input. `--header 'authorization: Bearer …'`
//! goes with the question. What it prints needs pyarrow alone.

mod handler;
mod module;
mod text;

use std::io::Read;

use flight_runtime::arrow_flight::FlightClient;
use flight_runtime::definition::ACTION;
use flight_runtime::futures::TryStreamExt;
use flight_runtime::tonic::transport::Endpoint;
use flight_runtime::{Action, Definition, Error};

const USAGE: &str =
    "usage: flight-python FILE | - | --from grpc://host:port [--header 'name: value']…";

/// Where the definition comes from.
enum Source {
    File(String),
    Input,
    Server(String),
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (source, headers) = arguments(std::env::args().skip(1))?;
    let json = match source {
        Source::File(path) => std::fs::read_to_string(&path)
            .map_err(|error| Error::invalid_argument(format!("cannot read `{path}`: {error}")))?,
        Source::Input => {
            let mut json = String::new();
            std::io::stdin().read_to_string(&mut json)?;
            json
        }
        Source::Server(location) => ask(&location, &headers).await?,
    };
    print!("{}", module::python(&Definition::from_json(&json)?));
    Ok(())
}

type Headers = Vec<(String, String)>;

fn arguments(arguments: impl Iterator<Item = String>) -> Result<(Source, Headers), Error> {
    let usage = || Error::invalid_argument(USAGE);
    let (mut source, mut headers) = (None, Vec::new());
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
            "-" => Source::Input,
            path if !path.starts_with('-') => Source::File(path.to_owned()),
            _ => return Err(usage()),
        };
        if source.replace(found).is_some() {
            return Err(usage());
        }
    }
    Ok((source.ok_or_else(usage)?, headers))
}

/// Asks a running server.
async fn ask(location: &str, headers: &Headers) -> Result<String, Error> {
    let authority = location
        .strip_prefix("grpc://")
        .or_else(|| location.strip_prefix("grpc+tcp://"))
        .ok_or_else(|| {
            Error::invalid_argument(format!(
                "`{location}` is not a grpc:// location: for another, save what the action `{ACTION}` answers, and give that file"
            ))
        })?;
    let endpoint = Endpoint::from_shared(format!("http://{authority}"))?;
    let mut client = FlightClient::new(endpoint.connect().await?);
    for (name, value) in headers {
        client.add_header(name, value)?;
    }
    let mut results = client.do_action(Action::new(ACTION, "")).await?;
    let Some(json) = results.try_next().await? else {
        return Err(Error::data_loss(format!("`{ACTION}` answered nothing")));
    };
    String::from_utf8(json.into()).map_err(|_| Error::data_loss("the definition is not UTF-8"))
}
