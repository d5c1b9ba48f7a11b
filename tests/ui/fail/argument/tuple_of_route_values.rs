#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("days/{year}/{month}")]
    async fn days(&self, (year, month): (u16, u8)) -> RecordBatch {
        todo!()
    }
}

fn main() {}
