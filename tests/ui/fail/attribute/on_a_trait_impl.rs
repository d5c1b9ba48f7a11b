#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

trait Serve {
    fn handler(&self);
}

#[flight_server]
impl Serve for Service {
    #[do_put]
    fn handler(&self) {}
}

fn main() {}
