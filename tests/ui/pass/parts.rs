use flight_runtime::prelude::*;

struct Service<T>(T);

#[flight_server(parts("reading", "writing"), roles("reader"))]
impl<T: Send + Sync + 'static> Service<T> {}

mod reading {
    use flight_runtime::prelude::*;

    #[flight_server(part = "reading", roles("reader"))]
    impl<T: Send + Sync + 'static> super::Service<T> {
        #[do_get("numbers/{n}", require = "role:reader")]
        pub(super) async fn get(&self, n: u64) -> Result<BatchStream, Error> {
            Err(Error::not_found(n.to_string()))
        }
    }
}

#[flight_server(part = "writing", scopes("numbers:write"))]
impl<T: Send + Sync + 'static> Service<T> {
    #[do_put("numbers/{n}", require = "scope:numbers:write")]
    fn put(&self, n: u64) {
        let _ = (n, &self.0);
    }
}

fn main() {
    let _ = (
        Service::<u8>::get_route(1),
        Service::<u8>::put_route(1),
        Service(1),
    );
}
