#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action]
    async fn handler(&self) {}
}

fn main() {}
