#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers")]
    async fn handler(&self) -> Result<BatchStream, Error> {
        let shared = std::rc::Rc::new(7);
        std::future::ready(()).await;
        Err(Error::not_found(shared.to_string()))
    }
}

fn main() {}
