#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(part = "admin")]
impl Service {
    #[action("stop")]
    async fn stop(&self) {}
}

async fn run() -> Result<(), Error> {
    FlightServer::builder(Service).serve().await
}

fn main() {}
