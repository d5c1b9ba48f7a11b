#![allow(unused)]

use flight_runtime::prelude::*;
use futures::Stream;

struct Service;

#[flight_server]
impl Service {
    #[do_get("days")]
    async fn days(&self) -> impl Stream<Item = Result<RecordBatch, String>> {
        futures::stream::empty()
    }
}

fn main() {}
