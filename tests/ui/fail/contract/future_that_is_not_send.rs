#![allow(unused)]

use std::rc::Rc;

use flight_runtime::prelude::*;

#[flight_service]
trait Service {
    #[action("compact")]
    async fn compact(&self) -> Json<u32>;
}

struct Store;

#[flight_service]
impl Service for Store {
    async fn compact(&self) -> Json<u32> {
        let count = Rc::new(1);
        std::future::ready(()).await;
        Json(*count)
    }
}

fn main() {}
