#![allow(unused)]

use flight_runtime::prelude::*;

const ROUTE: &str = "numbers";

struct Service;

#[flight_server]
impl Service {
    #[do_get(ROUTE)]
    async fn handler(&self) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
