#![allow(unused)]

use std::pin::Pin;

use flight_runtime::prelude::*;
use futures::Stream;

struct Service;

#[flight_server]
impl Service {
    #[do_get("days")]
    async fn days(&self) -> Pin<Box<dyn Stream<Item = RecordBatch>>> {
        Box::pin(futures::stream::empty())
    }
}

fn main() {}
