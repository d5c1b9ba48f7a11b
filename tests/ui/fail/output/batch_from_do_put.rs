#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_put("days")]
    async fn add(&self, rows: BatchStream) -> RecordBatch {
        todo!()
    }
}

fn main() {}
