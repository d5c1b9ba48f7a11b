#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("compact")]
    async fn compact(&self, Proto(request): Proto<u8>) {}
}

fn main() {}
