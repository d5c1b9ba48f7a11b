#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers", "digits")]
    async fn handler(&self) -> RecordBatch {
        todo!()
    }
}

fn main() {}
