#![allow(unused)]

use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("stop", require = Self::may)]
    async fn stop(&self) {}

    fn may(&self, caller: &Principal) -> bool {
        true
    }
}

fn main() {}
