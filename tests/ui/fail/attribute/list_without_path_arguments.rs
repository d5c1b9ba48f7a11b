#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers?{n}", list = numbers)]
    async fn handler(&self, n: Option<u64>) -> Result<BatchStream, Error> {
        todo!()
    }

    fn numbers(&self) -> Vec<u64> {
        vec![]
    }
}

fn main() {}
