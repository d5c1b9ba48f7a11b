#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("count")]
    fn count(&self) -> impl Future<Output = Json<u64>> {
        async { Json(7) }
    }
}

fn main() {}
