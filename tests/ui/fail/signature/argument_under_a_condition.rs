#![allow(unused, unexpected_cfgs)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("f")]
    async fn handler(&self, #[cfg(feature = "tenants")] context: CallContext) {}
}

fn main() {}
