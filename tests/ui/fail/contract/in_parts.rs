#![allow(unused)]

use flight_runtime::prelude::*;

#[flight_service(parts("maintenance"))]
trait Service {
    #[action("compact")]
    async fn compact(&self) -> Json<u32>;
}

fn main() {}
