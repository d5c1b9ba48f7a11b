#![allow(unused)]

use std::sync::Arc;

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("stop")]
    async fn stop(&self) {}
}

async fn run() -> Result<(), Error> {
    FlightServer::builder(Arc::new(Service)).serve().await
}

fn main() {}
