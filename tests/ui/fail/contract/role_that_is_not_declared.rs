#![allow(unused)]

use flight_runtime::prelude::*;

#[flight_service]
trait Service {
    #[action("count", require = "role:admin")]
    async fn count(&self) -> Json<u32>;
}

fn main() {}
