#![allow(unused)]

use flight_runtime::prelude::*;

#[flight_server]
async fn numbers() -> RecordBatch {
    todo!()
}

fn main() {}
