#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers?{limit=10}")]
    async fn handler(&self, limit: u64) -> RecordBatch {
        todo!()
    }
}

fn main() {}
