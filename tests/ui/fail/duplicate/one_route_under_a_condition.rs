#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[cfg(all())]
    #[do_get("numbers")]
    async fn first(&self) -> Result<BatchStream, Error> {
        todo!()
    }

    #[do_get("numbers")]
    async fn second(&self) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
