#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(roles("admin", "operator"))]
impl Service {
    #[do_get("numbers", require = "role:amdin | role:operator")]
    async fn handler(&self) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
