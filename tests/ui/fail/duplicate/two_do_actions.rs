#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_action]
    async fn first(&self) {}

    #[do_action]
    async fn second(&self) {}
}

fn main() {}
