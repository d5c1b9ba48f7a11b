#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_put("numbers/{n}")]
    async fn handler(&self, Json(n): Json<u64>) {}
}

fn main() {}
