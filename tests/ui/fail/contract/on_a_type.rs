#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_service]
impl Service {
    #[action("compact")]
    async fn compact(&self) {}
}

fn main() {}
