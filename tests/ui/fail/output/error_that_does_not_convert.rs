#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers")]
    async fn handler(&self) -> Result<BatchStream, u8> {
        Err(1)
    }
}

fn main() {}
