#![allow(unused)]

use flight_runtime::prelude::*;

#[flight_service]
trait Service {
    #[action("compact")]
    async fn compact(&self) -> Json<u32>;
}

struct Store;

impl Service for Store {
    async fn compact(&self) -> Json<u32> {
        Json(1)
    }
}

fn main() {
    FlightServer::builder(Store);
}
