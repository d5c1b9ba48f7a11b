#![allow(unused)]

use flight_runtime::rpc::DoAction;
use flight_runtime::prelude::*;
use flight_runtime::{Call, FromCall, Input};

struct Service;

struct Signed;

impl FromCall<DoAction> for Signed {
    const INPUT: Input = Input::Message;

    async fn from_call(_: &mut Call) -> Result<Self, Error> {
        Ok(Signed)
    }
}

#[flight_server(client = ServiceClient)]
impl Service {
    #[action("compact")]
    async fn compact(&self, signed: Signed) {}
}

fn main() {}
