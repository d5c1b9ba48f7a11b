#![allow(unused)]

use flight_runtime::prelude::*;

struct Count {
    rows: u64,
}

struct Service;

#[flight_server]
impl Service {
    #[action("count")]
    async fn count(&self) -> Count {
        Count { rows: 7 }
    }
}

fn main() {}
