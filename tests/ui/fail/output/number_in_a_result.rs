#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers")]
    async fn handler(&self) -> Result<u64, Error> {
        Ok(7)
    }
}

fn main() {}
