#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("stop")]
    async fn stop(&self) {}

    #[action("halt")]
    async fn stop(&self) {}
}

fn main() {}
