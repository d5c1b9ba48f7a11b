#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[list_flights]
    async fn first(&self) -> Vec<FlightInfo> {
        vec![]
    }

    #[list_flights]
    async fn second(&self) -> Vec<FlightInfo> {
        vec![]
    }
}

fn main() {}
