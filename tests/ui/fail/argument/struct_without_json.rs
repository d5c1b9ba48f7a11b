#![allow(unused)]

use flight_runtime::prelude::*;

#[derive(serde::Deserialize)]
struct Compact {
    station: String,
}

struct Service;

#[flight_server]
impl Service {
    #[action("compact")]
    async fn compact(&self, request: Compact) {}
}

fn main() {}
