#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers?{at}")]
    async fn handler(&self, at: Option<std::time::Instant>) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
