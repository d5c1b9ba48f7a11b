#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("days")]
    async fn days(&self) -> Json<u64> {
        Json(7)
    }
}

fn main() {}
