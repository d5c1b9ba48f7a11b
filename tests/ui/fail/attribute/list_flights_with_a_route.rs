#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[list_flights("numbers")]
    async fn handler(&self) -> Vec<FlightInfo> {
        todo!()
    }
}

fn main() {}
