#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[list_flights]
    async fn flights(&self) -> Vec<String> {
        Vec::new()
    }
}

fn main() {}
