#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(client = "ServiceClient")]
impl Service {
    #[action("compact")]
    async fn compact(&self) {}
}

fn main() {}
