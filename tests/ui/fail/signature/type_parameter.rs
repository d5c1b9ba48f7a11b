#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers/{n}")]
    async fn handler<T>(&self, n: T) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
