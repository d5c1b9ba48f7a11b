#![allow(unused)]

use flight_runtime::prelude::*;

#[flight_service]
trait Service {
    #[action("compact")]
    async fn compact(&self) -> Json<u32>;
}

struct Store;

#[flight_service]
impl Service for Store {
    #[action("compact")]
    async fn compact(&self) -> Json<u32> {
        Json(1)
    }
}

fn main() {}
