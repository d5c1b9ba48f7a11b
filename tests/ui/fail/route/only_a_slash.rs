#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("/")]
    async fn handler(&self) -> RecordBatch {
        todo!()
    }
}

fn main() {}
