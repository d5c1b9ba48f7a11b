#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("stop", require = |caller| caller.name() == "bob")]
    async fn stop(&self) {}
}

fn main() {}
