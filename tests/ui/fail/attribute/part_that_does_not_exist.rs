#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(parts("admin"))]
impl Service {
    #[do_get]
    async fn handler(&self) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
