#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_put("days")]
    async fn add(&self, rows: Vec<RecordBatch>) {}
}

fn main() {}
