#![allow(unused)]

use flight_runtime::prelude::*;

#[flight_service]
trait Service<T> {
    #[action("compact")]
    async fn compact(&self) -> Json<u32>;
}

fn main() {}
