#![allow(unused)]

use std::pin::Pin;

use flight_runtime::prelude::*;
use futures::stream::{self, Stream};

struct Service;

#[flight_server(client = ServiceClient)]
impl Service {
    #[action("steps")]
    async fn steps(&self) -> Pin<Box<dyn Stream<Item = Json<u32>> + Send>> {
        Box::pin(stream::iter([Json(1)]))
    }
}

fn main() {}
