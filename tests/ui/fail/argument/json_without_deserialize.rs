#![allow(unused)]

use flight_runtime::prelude::*;

struct Compact {
    station: String,
}

struct Service;

#[flight_server]
impl Service {
    #[action("compact")]
    async fn compact(&self, Json(request): Json<Compact>) {}
}

fn main() {}
