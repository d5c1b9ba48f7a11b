#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(client = ServiceClient)]
impl Service {
    // The year was a `String` when the caller was written.
    #[do_get("years/{year}")]
    async fn year(&self, year: u16) -> Result<BatchStream, Error> {
        Err(Error::not_found("nothing"))
    }
}

async fn caller(client: ServiceClient) -> Result<BatchStream, Error> {
    client.year("2015".to_owned()).await
}

fn main() {}
