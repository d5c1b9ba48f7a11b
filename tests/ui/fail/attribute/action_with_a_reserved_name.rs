#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("flight-runtime.stop")]
    async fn handler(&self) {}
}

fn main() {}
