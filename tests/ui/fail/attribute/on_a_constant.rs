#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get]
    const LIMIT: usize = 1;
}

fn main() {}
