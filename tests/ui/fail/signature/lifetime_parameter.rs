#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get]
    async fn handler<'a>(&self, text: std::borrow::Cow<'a, str>) -> Result<BatchStream, Error> {
        todo!()
    }
}

fn main() {}
