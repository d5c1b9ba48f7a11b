#![allow(unused)]

use flight_runtime::prelude::*;

struct Path<T>(T);

struct Service;

#[flight_server]
impl Service {
    #[do_get("days/{year}")]
    async fn days(&self, Path(year): Path<u16>) -> RecordBatch {
        todo!()
    }
}

fn main() {}
