#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(client = ServiceClient)]
impl Service {
    #[action("connect")]
    async fn connect(&self) {}
}

fn main() {}
