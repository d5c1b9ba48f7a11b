#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_action("stop")]
    async fn handler(&self) {}
}

fn main() {}
