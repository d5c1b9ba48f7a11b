#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("count")]
    async fn first(&self) {}

    #[action("count")]
    async fn second(&self) {}
}

fn main() {}
