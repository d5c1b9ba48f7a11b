#![allow(unused)]

use flight_runtime::Row;

#[derive(Row)]
struct Number {
    n: i64,
}

fn main() {}
