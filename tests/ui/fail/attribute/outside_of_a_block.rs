#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

impl Service {
    #[do_get("numbers")]
    async fn handler(&self) {}
}

fn main() {}
