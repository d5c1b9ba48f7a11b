#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("count")]
    async fn handler(&self, rows: BatchStream) {}
}

fn main() {}
