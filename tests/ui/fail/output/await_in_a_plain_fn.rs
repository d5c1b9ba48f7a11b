#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("name")]
    fn name(&self) -> String {
        std::future::ready(String::new()).await
    }
}

fn main() {}
