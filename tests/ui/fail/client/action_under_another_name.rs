#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

type Request = Action;

#[flight_server(client = ServiceClient)]
impl Service {
    #[action("compact")]
    async fn compact(&self, request: Request) {}
}

fn main() {}
