#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("name")]
    async fn name(&self) -> Result<String, Error> {
        let first: Result<String, String> = Err(String::new());
        Ok(first?)
    }
}

fn main() {}
