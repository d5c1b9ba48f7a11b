#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("stop")]
    async fn stop(self: &Self) {}
}

fn main() {}
