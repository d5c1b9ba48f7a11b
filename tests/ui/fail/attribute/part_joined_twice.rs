#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(parts("admin", "admin"))]
impl Service {
    #[do_get]
    async fn handler(&self) -> Result<BatchStream, Error> {
        todo!()
    }
}

#[flight_server(part = "admin")]
impl Service {
    #[action("stop")]
    async fn stop(&self) {}
}

fn main() {}
