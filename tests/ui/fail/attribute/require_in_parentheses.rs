#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(roles("admin", "operator"))]
impl Service {
    #[do_get("numbers", require("role:admin"))]
    async fn handler(&self) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
