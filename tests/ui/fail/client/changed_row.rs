#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[derive(Row)]
struct Observation {
    station: String,
    // It was called `celsius` when the caller was written.
    fahrenheit: f64,
}

#[flight_server(client = ServiceClient)]
impl Service {
    #[do_get("observations")]
    async fn observations(&self) -> Rows<Observation> {
        Rows::from(Vec::new())
    }
}

async fn caller(client: ServiceClient) -> Result<f64, Error> {
    let mut warmest = 0.0;
    for day in client.observations().await?.read_all().await? {
        warmest = day.celsius.max(warmest);
    }
    Ok(warmest)
}

fn main() {}
