#![allow(unused)]

use flight_runtime::prelude::*;
use serde::Deserialize;

struct Service;

#[derive(Deserialize)]
struct Compact {
    station: String,
}

#[flight_server(client = ServiceClient)]
impl Service {
    #[action("compact")]
    async fn compact(&self, Json(request): Json<Compact>) {}
}

fn main() {}
