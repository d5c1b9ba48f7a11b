#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers/{station-id}")]
    async fn handler(&self, station_id: u64) -> RecordBatch {
        todo!()
    }
}

fn main() {}
