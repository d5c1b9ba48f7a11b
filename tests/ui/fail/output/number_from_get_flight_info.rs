#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[get_flight_info]
    async fn handler(&self) -> u64 {
        7
    }
}

fn main() {}
