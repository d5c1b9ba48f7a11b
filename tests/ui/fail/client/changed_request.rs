#![allow(unused)]

use flight_runtime::prelude::*;
use serde::{Deserialize, Serialize};

struct Service;

#[derive(Serialize, Deserialize)]
struct Compact {
    station: String,
    // It was not there when the caller was written.
    year: u16,
}

#[flight_server(client = ServiceClient)]
impl Service {
    #[action("compact")]
    async fn compact(&self, Json(request): Json<Compact>) {}
}

async fn caller(client: ServiceClient) -> Result<(), Error> {
    let station = "seattle".to_owned();
    client.compact(&Compact { station }).await
}

fn main() {}
