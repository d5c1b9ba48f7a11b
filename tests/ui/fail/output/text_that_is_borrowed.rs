#![allow(unused)]

use flight_runtime::prelude::*;

struct Service {
    name: String,
}

#[flight_server]
impl Service {
    #[action("name")]
    async fn name(&self) -> &str {
        &self.name
    }
}

fn main() {}
