#![allow(unused)]

use flight_runtime::prelude::*;

struct Service {
    batches: Vec<RecordBatch>,
}

#[flight_server]
impl Service {
    #[do_get("days")]
    async fn days(&self) -> impl Iterator<Item = RecordBatch> {
        self.batches.iter().cloned()
    }
}

fn main() {}
