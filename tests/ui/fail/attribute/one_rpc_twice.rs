#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("a")]
    #[do_get("b")]
    async fn handler(&self) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
