#![allow(unused)]

use flight_runtime::prelude::*;

#[derive(Row)]
struct Number {
    n: i64,
}

struct Service;

#[flight_server]
impl Service {
    #[do_put("numbers")]
    async fn handler(&self, rows: Vec<Number>) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
