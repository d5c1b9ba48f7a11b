#![allow(unused)]

use flight_runtime::prelude::*;

#[derive(Row)]
struct Number {
    n: i64,
}

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers")]
    async fn handler(&self) -> Result<Vec<Number>, Error> {
        Ok(vec![Number { n: 1 }])
    }
}

fn main() {}
