#![allow(unused)]

use flight_runtime::prelude::*;
use serde::Serialize;

struct Service;

#[derive(Serialize)]
struct Compacted {
    files: usize,
}

#[flight_server(client = ServiceClient)]
impl Service {
    #[action("compact")]
    async fn compact(&self) -> Json<Compacted> {
        Json(Compacted { files: 1 })
    }
}

fn main() {}
