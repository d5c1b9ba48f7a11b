#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[list_actions("numbers")]
    async fn handler(&self) -> Vec<ActionType> {
        todo!()
    }
}

fn main() {}
