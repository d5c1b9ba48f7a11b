#![allow(unused)]

use flight_runtime::prelude::*;
use flight_runtime::rpc::DoAction;
use flight_runtime::{Call, FromCall};

struct Tenant;

impl FromCall<DoAction> for Tenant {
    async fn from_call(call: &mut Call) -> Result<Self, Error> {
        Ok(Tenant)
    }
}

struct Service;

#[flight_server]
impl Service {
    #[do_get("days")]
    async fn days(&self, tenant: Tenant) -> RecordBatch {
        todo!()
    }
}

fn main() {}
