#![allow(unused)]

use flight_runtime::prelude::*;

struct State<T>(T);
struct Store;

struct Service;

#[flight_server]
impl Service {
    #[action("compact")]
    async fn compact(&self, State(store): State<Store>) {}
}

fn main() {}
