#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers/{n}")]
    async fn first(&self, n: u64) -> Result<BatchStream, Error> {
        todo!()
    }

    #[do_get("numbers/{n}")]
    async fn second(&self, n: u64) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
