#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers/{n}", list = "numbers")]
    async fn handler(&self, n: u64) -> RecordBatch {
        todo!()
    }

    fn numbers(&self) -> Vec<u64> {
        Vec::new()
    }
}

fn main() {}
