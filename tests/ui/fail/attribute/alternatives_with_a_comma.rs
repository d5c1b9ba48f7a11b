#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server(roles("admin", "operator"))]
impl Service {
    #[action("stop", require = "role:admin, role:operator")]
    async fn stop(&self) {}
}

fn main() {}
