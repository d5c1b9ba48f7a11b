#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[poll_flight_info]
    async fn poll(&self) -> Option<PollInfo> {
        None
    }
}

fn main() {}
