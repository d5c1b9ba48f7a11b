#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(part = "admin")]
impl Service {
    #[action("start")]
    async fn start(&self) {}
}

#[flight_server(part = "admin")]
impl Service {
    #[action("stop")]
    async fn stop(&self) {}
}

fn main() {}
