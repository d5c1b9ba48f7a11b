#![allow(unused)]

use flight_runtime::prelude::*;

struct Service(std::cell::Cell<u64>);

#[flight_server]
impl Service {
    #[do_put]
    fn handler(&self) {
        self.0.set(1);
    }
}

fn main() {}
