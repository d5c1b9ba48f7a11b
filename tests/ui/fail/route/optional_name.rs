#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers/{n?}")]
    async fn handler(&self, n: Option<u64>) -> RecordBatch {
        todo!()
    }
}

fn main() {}
