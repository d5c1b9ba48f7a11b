#![allow(unused)]

use flight_runtime::prelude::*;
use futures::{Stream, StreamExt};

struct Service;

#[flight_server]
impl Service {
    #[do_get("days")]
    async fn days(&self) -> impl Stream<Item = RecordBatch> {
        let batches: Vec<RecordBatch> = Vec::new();
        futures::stream::iter(batches.iter().cloned())
    }
}

fn main() {}
