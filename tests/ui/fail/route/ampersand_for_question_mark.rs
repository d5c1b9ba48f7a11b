#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers&{limit}")]
    async fn handler(&self, limit: Option<u64>) -> RecordBatch {
        todo!()
    }
}

fn main() {}
