#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("days")]
    async fn days(&self) -> Option<RecordBatch> {
        None
    }
}

fn main() {}
