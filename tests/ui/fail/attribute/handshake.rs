#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[handshake]
    async fn handler(&self) -> Result<BatchStream, Error> {
        todo!()
    }

    #[do_get]
    async fn other(&self) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
