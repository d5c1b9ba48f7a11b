#![allow(unused)]

use flight_runtime::prelude::*;

#[flight_service(nmae = "weather")]
trait Service {
    #[action("count")]
    async fn count(&self) -> Json<u32>;
}

fn main() {}
