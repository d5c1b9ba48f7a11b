#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("files/{*path}")]
    async fn file(&self, path: Vec<String>) -> RecordBatch {
        todo!()
    }
}

fn main() {}
