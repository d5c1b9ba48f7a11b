#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get]
    async fn handler(ticket: Ticket) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
