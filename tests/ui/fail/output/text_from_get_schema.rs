#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[get_schema]
    async fn schema(&self) -> String {
        String::new()
    }
}

fn main() {}
