#![allow(unused)]

use flight_runtime::prelude::*;

struct Number {
    n: i64,
}

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers", schema = Number)]
    async fn handler(&self) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
