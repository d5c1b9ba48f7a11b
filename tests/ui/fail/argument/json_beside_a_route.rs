#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("days")]
    async fn days(&self, Json(limit): Json<u64>) -> RecordBatch {
        todo!()
    }
}

fn main() {}
