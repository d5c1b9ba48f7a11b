#![allow(unused)]

use flight_runtime::prelude::*;

struct Number {
    n: i64,
}

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers")]
    async fn handler(&self) -> Result<Rows<Number>, Error> {
        todo!()
    }
}

fn main() {}
