//! Long proofs that a server can be left alone, on the service under test as a process: what it holds is read from `/proc`.
//!
//! Each has a short form, which runs with all tests. `tests/hardening/run` has the long ones, prints their figures, and says what the variables are.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "hardening/attackers.rs"]
mod attackers;
#[path = "hardening/attacks.rs"]
mod attacks;
#[path = "hardening/deadlines.rs"]
mod deadlines;
#[path = "hardening/descriptors.rs"]
mod descriptors;
mod frames;
#[path = "attacks/good.rs"]
mod good;
#[path = "hardening/idle.rs"]
mod idle;
#[path = "hardening/killed.rs"]
mod killed;
#[path = "hardening/process.rs"]
mod process;
#[path = "hardening/sigterm.rs"]
mod sigterm;
#[path = "hardening/soak.rs"]
mod soak;

use std::sync::Arc;

use flight_runtime::FlightClient;
use flight_runtime::prelude::*;
use futures::FutureExt;
use good::Call;

/// A number that the long forms raise.
fn variable(name: &str, short: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(short, |value| value.parse().expect("a number"))
}

const MIB: u64 = 1 << 20;

/// What good clients do here: a small call, a download and an upload.
fn calls() -> Call {
    Arc::new(|client| {
        async move {
            small(&client).await?;
            let mut rows = client.do_get(Ticket::new("in-batches/20")).await?;
            let mut count = 0;
            while let Some(batch) = rows.try_next().await? {
                count += batch.num_rows();
            }
            assert_eq!(count, 200);
            upload(&client, "two-batches").await
        }
        .boxed()
    })
}

async fn small(client: &FlightClient) -> Result<(), Error> {
    let sum = Action::new("sum", r#"{"left": 40, "right": 2}"#);
    let mut results = client.do_action(sum).await?;
    let sum = results.try_next().await?.expect("a result");
    assert_eq!(&sum.body[..], br#"{"sum":42}"#);
    Ok(())
}

fn batch(rows: i64) -> RecordBatch {
    let numbers = flight_runtime::arrow::array::Int64Array::from_iter_values(0..rows);
    RecordBatch::try_from_iter([("n", Arc::new(numbers) as _)]).unwrap()
}

/// An upload of two batches.
async fn upload(client: &FlightClient, path: &str) -> Result<(), Error> {
    let rows = BatchStream::from_batches(batch(0).schema(), [batch(100), batch(200)]);
    let path = path.split('/').map(str::to_owned).collect();
    let descriptor = FlightDescriptor::new_path(path);
    client.do_put(descriptor, rows).await?.read_all().await?;
    Ok(())
}
