#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers/{n:u64}")]
    async fn handler(&self, n: u64) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
