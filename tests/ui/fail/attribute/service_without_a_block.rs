#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

async fn run() -> Result<(), Error> {
    FlightServer::builder(Service).serve().await
}

fn main() {}
