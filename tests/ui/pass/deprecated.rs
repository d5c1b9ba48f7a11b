#![deny(deprecated)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    // A handler that clients should leave is still one that the server calls.
    #[deprecated]
    #[do_put("old")]
    async fn put(&self) {}
}

fn main() {}
