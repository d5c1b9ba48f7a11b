#![allow(unused)]

use flight_runtime::prelude::*;

#[flight_service]
trait Readers {
    #[action("count")]
    async fn count(&self) -> Json<u32>;
}

#[flight_service]
trait Writers {
    #[action("clear")]
    async fn clear(&self);
}

struct Store;

#[flight_service]
impl Readers for Store {
    async fn count(&self) -> Json<u32> {
        Json(7)
    }
}

#[flight_service]
impl Writers for Store {
    async fn clear(&self) {}
}

fn main() {}
