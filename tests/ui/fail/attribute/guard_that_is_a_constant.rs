#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    const ADMIN: &'static str = "role:admin";

    #[do_get("numbers", require = Self::ADMIN)]
    async fn handler(&self) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
