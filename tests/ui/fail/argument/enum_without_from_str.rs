#![allow(unused)]

use flight_runtime::prelude::*;

enum Unit {
    Metric,
}

struct Service;

#[flight_server]
impl Service {
    #[do_get("days/{unit}")]
    async fn days(&self, unit: Unit) -> RecordBatch {
        todo!()
    }
}

fn main() {}
