#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(require = "role:admin")]
impl Service {
    #[action("stop")]
    async fn stop(&self) {}
}

fn main() {}
