#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_put("numbers", schema = schema())]
    async fn handler(&self) {}
}

fn main() {}
