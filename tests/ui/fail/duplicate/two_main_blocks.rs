#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("stop")]
    async fn stop(&self) {}
}

#[flight_server]
impl Service {
    #[action("start")]
    async fn start(&self) {}
}

fn main() {}
