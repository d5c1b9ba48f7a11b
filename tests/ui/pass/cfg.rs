use flight_runtime::prelude::*;

struct Service;

#[flight_server]
#[cfg(not(any()))]
impl Service {
    #[cfg(any())]
    #[do_get("numbers/{n}", list = numbers)]
    async fn get(&self, n: ThereIsNoSuchType) -> Result<BatchStream, Error> {
        todo!()
    }

    #[cfg(not(any()))]
    #[do_get("numbers/{n}", list = numbers)]
    async fn get(&self, n: u64) -> Result<BatchStream, Error> {
        Err(Error::not_found(n.to_string()))
    }

    #[cfg(any())]
    fn numbers(&self) -> ThereIsNoSuchType {
        loop {}
    }

    #[cfg_attr(all(), cfg(all()))]
    fn numbers(&self) -> Vec<u64> {
        vec![]
    }

    #[cfg_attr(all(), cfg(any()), doc = "Never there.")]
    #[do_put]
    fn put(&self, nothing: ThereIsNoSuchType) {}
}

#[flight_server]
#[cfg(any())]
impl ThereIsNoSuchType {
    #[do_put]
    fn put(&self) {}
}

fn main() {
    let _ = Service::get_route(1);
}
