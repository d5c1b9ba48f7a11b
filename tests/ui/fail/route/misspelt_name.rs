#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers/{limti}")]
    async fn handler(&self, limit: u64) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
