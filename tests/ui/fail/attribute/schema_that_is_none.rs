#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers", schema = 5)]
    async fn handler(&self) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
