#![allow(unused)]

use flight_runtime::prelude::*;
use flight_runtime::tonic::Request;

struct Service;

#[flight_server]
impl Service {
    #[do_get("days")]
    async fn days(&self, request: Request<Ticket>) -> RecordBatch {
        todo!()
    }
}

fn main() {}
