#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers/{n}")]
    async fn first(&self, n: u64) -> Result<BatchStream, Error> {
        todo!()
    }

    #[do_get("numbers/{name}")]
    async fn second(&self, name: String) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
