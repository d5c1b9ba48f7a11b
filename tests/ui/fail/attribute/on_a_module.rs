#![allow(unused)]

use flight_runtime::prelude::*;

#[flight_server]
mod service {
    pub fn handler() {}
}

fn main() {}
