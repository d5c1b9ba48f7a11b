#![allow(unused)]

use flight_runtime::arrow::datatypes::SchemaRef;
use flight_runtime::prelude::*;

struct Service {
    schema: SchemaRef,
}

#[flight_server]
impl Service {
    #[do_get("numbers", schema = self.schema.clone())]
    async fn handler(&self) -> RecordBatch {
        todo!()
    }
}

fn main() {}
