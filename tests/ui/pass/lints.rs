//! Generated code is not what a lint is about.
#![deny(warnings, missing_docs, unused, unreachable_pub, rust_2018_idioms)]
#![forbid(unsafe_code, unused_imports, unused_mut, dead_code, deprecated)]

use flight_runtime::prelude::*;

/// A service.
pub struct Service;

#[flight_server(parts("Admin", "a__b"))]
impl Service {
    /// Numbers.
    #[do_get("numbers/{n}", list = numbers)]
    async fn get(&self, mut n: u64) -> Result<BatchStream, Error> {
        n += 1;
        Err(Error::not_found(n.to_string()))
    }

    fn numbers(&self) -> Vec<u64> {
        vec![]
    }

    #[do_put("nothing", require = Self::allows)]
    async fn put(&self) {}

    fn allows(caller: &Principal) -> bool {
        caller.has_role("admin")
    }

    #[action("nothing", require = |caller: &Principal| caller.has_role("admin"))]
    fn act(&self) -> Result<(), Error> {
        Ok(())
    }
}

// Names of parts are not those of functions.
#[flight_server(part = "Admin")]
impl Service {
    #[action("stop")]
    fn stop(&self) {}
}

#[flight_server(part = "a__b")]
impl Service {
    #[action("go")]
    fn go(&self) {}
}

fn main() {
    let _ = Service;
}
