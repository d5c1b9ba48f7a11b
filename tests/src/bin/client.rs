//! One call of our client to any server, for tests of servers that are not ours.
//!
//! `client LOCATION JOB [ARGUMENT]`, with the environment variables `FLIGHT_CA`, a file, and `FLIGHT_LOGIN`, `name:password`. Jobs are `get TICKET`,
//! `read COMMAND` (all endpoints of a flight), `put PATH` and `exchange PATH` (the numbers below 30,000,000 in batches of 100,000), `pour PATH` (all
//! numbers), `action NAME`, `flights`, `actions`, `schema COMMAND`. Prints one line of JSON: `{"ok": …}`, where rows are counted and summed up, or
//! `{"code": …, "message": …, "extra": …}`.

use std::sync::Arc;

use flight_runtime::arrow::array::{AsArray, Int64Array};
use flight_runtime::arrow::datatypes::Int64Type;
use flight_runtime::prelude::*;
use flight_runtime::{FlightClient, Location};
use futures::stream;
use serde_json::{Value, json};

/// As many as fill every window many times over.
const BATCHES: i64 = 300;
const ROWS: i64 = 100_000;

/// So many batches of numbers.
fn numbers(batches: i64) -> Result<BatchStream, Error> {
    let batch = |n: i64| {
        let column = Int64Array::from_iter_values(n * ROWS..(n + 1) * ROWS);
        RecordBatch::try_from_iter([("n", Arc::new(column) as _)])
    };
    let schema = batch(0)?.schema();
    Ok(BatchStream::new(
        schema,
        stream::iter((0..batches).map(batch)),
    ))
}

async fn counted(mut rows: BatchStream) -> Result<Value, Error> {
    let (mut batches, mut total, mut sum) = (0, 0, 0i128);
    let mut fields = Vec::new();
    while let Some(batch) = rows.try_next().await? {
        batches += 1;
        total += batch.num_rows();
        let numbers = batch.columns().first();
        let numbers = numbers.and_then(|column| column.as_primitive_opt::<Int64Type>());
        sum += numbers.map_or(0, |numbers| numbers.iter().flatten().map(i128::from).sum());
        if batches == 1 {
            let schema = batch.schema();
            let types = schema.fields().iter();
            fields = types.map(|field| field.data_type().to_string()).collect();
        }
    }
    Ok(json!({ "batches": batches, "rows": total, "sum": sum.to_string(), "types": fields }))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn run(location: String, job: &str, argument: String) -> Result<Value, Error> {
    let mut builder = FlightClient::builder(Location::from(location));
    if let Ok(ca) = std::env::var("FLIGHT_CA") {
        builder = builder.root_certificates(ca);
    }
    let mut client = builder.connect().await?;
    if let Ok(login) = std::env::var("FLIGHT_LOGIN") {
        let (name, password) = login.split_once(':').unwrap_or((&login, ""));
        client = client.authenticate_basic(name, password).await?;
    }
    let path = || FlightDescriptor::new_path(vec![argument.clone()]);
    Ok(match job {
        "get" => counted(client.do_get(Ticket::new(argument)).await?).await?,
        "read" => counted(client.read(FlightDescriptor::new_cmd(argument)).await?).await?,
        "put" | "pour" => {
            let batches = if job == "put" { BATCHES } else { i64::MAX };
            let results = client
                .do_put(path(), numbers(batches)?)
                .await?
                .read_all()
                .await?;
            let results = results.iter().map(|result| text(&result.app_metadata));
            json!(results.collect::<Vec<_>>())
        }
        "exchange" => counted(client.do_exchange(path(), numbers(BATCHES)?).await?).await?,
        "action" => {
            let results = client.do_action(Action::new(argument, "body")).await?;
            let results = results.read_all().await?;
            json!(
                results
                    .iter()
                    .map(|result| text(&result.body))
                    .collect::<Vec<_>>()
            )
        }
        "flights" => {
            let expression = argument.into();
            let flights = client.list_flights(Criteria { expression }).await?;
            let flights = flights.read_all().await?;
            let descriptors = flights
                .into_iter()
                .filter_map(|info| info.flight_descriptor);
            json!(
                descriptors
                    .map(|descriptor| text(&descriptor.cmd))
                    .collect::<Vec<_>>()
            )
        }
        "actions" => {
            let actions = client.list_actions().await?.read_all().await?;
            json!(
                actions
                    .into_iter()
                    .map(|action| action.r#type)
                    .collect::<Vec<_>>()
            )
        }
        "schema" => {
            let result = client
                .get_schema(FlightDescriptor::new_cmd(argument))
                .await?;
            let schema = Schema::try_from(&result)?;
            let names = schema.fields().iter().map(|field| field.name().clone());
            json!(names.collect::<Vec<_>>())
        }
        other => return Err(Error::invalid_argument(format!("no job `{other}`"))),
    })
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().unwrap_or_default();
    let (location, job, argument) = (next(), next(), next());
    let said = match run(location, &job, argument).await {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({
            "code": format!("{:?}", error.code()),
            "message": error.message(),
            "extra": text(error.extra_info()),
        }),
    };
    println!("{said}");
}
