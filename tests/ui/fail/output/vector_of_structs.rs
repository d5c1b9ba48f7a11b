#![allow(unused)]

use flight_runtime::prelude::*;

struct Day {
    rain: f64,
}

struct Service;

#[flight_server]
impl Service {
    #[do_get("days")]
    async fn days(&self) -> Vec<Day> {
        Vec::new()
    }
}

fn main() {}
