#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers/{n}", list = numbers)]
    async fn handler(&self, n: u64) -> Result<BatchStream, Error> {
        todo!()
    }

    async fn numbers(&self, ticket: Ticket) -> Vec<u64> {
        let _ = ticket;
        vec![]
    }
}

fn main() {}
