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
    async fn count(&self) -> Result<Json<u32>, Error> {
        Ok(Json(7))
    }
}

fn main() {}
