#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(client = ServiceClient)]
impl Service {
    // The route had no year when the caller was written.
    #[do_get("stations/{station}/{year}")]
    async fn observations(&self, station: String, year: u16) -> Result<BatchStream, Error> {
        Err(Error::not_found("nothing"))
    }
}

async fn caller(client: ServiceClient) -> Result<BatchStream, Error> {
    client.observations("seattle").await
}

fn main() {}
