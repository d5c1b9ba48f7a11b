#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers/{rest:path}")]
    async fn handler(&self, rest: String) -> RecordBatch {
        todo!()
    }
}

fn main() {}
