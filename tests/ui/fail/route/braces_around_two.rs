#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers?{since&limit}")]
    async fn handler(&self, since: Option<u64>, limit: Option<u64>) -> RecordBatch {
        todo!()
    }
}

fn main() {}
