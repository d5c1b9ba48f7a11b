#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(client = ServiceClient)]
impl Service {
    // It was called `compact` when the caller was written.
    #[action("merge")]
    async fn merge(&self) {}
}

async fn caller(client: ServiceClient) -> Result<(), Error> {
    client.compact().await
}

fn main() {}
