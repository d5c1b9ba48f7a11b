#![allow(unused)]

use flight_runtime::prelude::*;

trait Service {
    fn compact(&self) -> Json<u32>;
}

struct Store;

#[flight_service]
impl Service for Store {
    fn compact(&self) -> Json<u32> {
        Json(1)
    }
}

fn main() {}
