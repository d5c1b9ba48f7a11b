#![allow(unused)]

use std::sync::Mutex;

use flight_runtime::prelude::*;

struct Service {
    count: Mutex<u64>,
}

#[flight_server]
impl Service {
    #[action("count")]
    async fn count(&self) -> Json<u64> {
        let mut count = self.count.lock().unwrap();
        std::future::ready(()).await;
        *count += 1;
        Json(*count)
    }
}

fn main() {}
