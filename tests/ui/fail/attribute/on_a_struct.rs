#![allow(unused)]

use flight_runtime::prelude::*;

#[flight_server]
struct Service;

fn main() {}
