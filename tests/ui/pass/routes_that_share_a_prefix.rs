use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers/{n}")]
    async fn one(&self, n: u64) -> Result<BatchStream, Error> {
        Err(Error::not_found(n.to_string()))
    }

    #[do_get("numbers/all")]
    async fn all(&self) -> Result<BatchStream, Error> {
        Err(Error::not_found("all"))
    }

    #[do_get("numbers/{n}/{*rest}")]
    async fn below(&self, n: u64, rest: String) -> Result<BatchStream, Error> {
        Err(Error::not_found(format!("{n} {rest}")))
    }

    // Another RPC, so not the same call.
    #[do_put("numbers/{name}")]
    async fn put(&self, name: String) {
        let _ = name;
    }
}

fn main() {}
