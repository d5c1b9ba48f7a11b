#![allow(unused)]

use flight_runtime::prelude::*;
use serde::{Deserialize, Serialize};

struct Service;

#[derive(Serialize, Deserialize)]
struct Compacted {
    // It was called `files` when the caller was written.
    batches: usize,
}

#[flight_server(client = ServiceClient)]
impl Service {
    #[action("compact")]
    async fn compact(&self) -> Json<Compacted> {
        Json(Compacted { batches: 1 })
    }
}

async fn caller(client: ServiceClient) -> Result<usize, Error> {
    Ok(client.compact().await?.files)
}

fn main() {}
