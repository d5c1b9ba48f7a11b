#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("stop/{name}")]
    async fn stop(&self, name: String) {}
}

fn main() {}
