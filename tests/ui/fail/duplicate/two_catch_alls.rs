#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get]
    async fn first(&self) -> Result<BatchStream, Error> {
        todo!()
    }

    #[do_get]
    async fn second(&self) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
