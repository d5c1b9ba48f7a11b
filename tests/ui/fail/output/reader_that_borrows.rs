#![allow(unused)]

use flight_runtime::arrow::array::RecordBatchReader;
use flight_runtime::prelude::*;

struct Service {
    rows: Vec<RecordBatch>,
}

#[flight_server]
impl Service {
    #[do_get("days")]
    fn days(&self) -> impl RecordBatchReader + Send {
        flight_runtime::arrow::array::RecordBatchIterator::new(
            self.rows.clone().into_iter().map(Ok),
            self.rows[0].schema(),
        )
    }
}

fn main() {}
