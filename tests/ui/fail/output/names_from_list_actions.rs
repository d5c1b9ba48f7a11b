#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[list_actions]
    async fn actions(&self) -> Vec<String> {
        Vec::new()
    }
}

fn main() {}
