#![allow(unused)]

use flight_runtime::prelude::*;

#[flight_service]
trait Service {
    #[action("count")]
    async fn count(&self) -> Json<u32>;
}

struct Store;

#[flight_service]
impl Service for Store {
    async fn count(&self) -> Json<u32> {
        Json(7)
    }

    async fn stop(&self) {}
}

fn main() {}
