#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("days")]
    async fn days(&self) -> Result<RecordBatch, String> {
        Err("closed".to_owned())
    }
}

fn main() {}
