#![no_implicit_prelude]

use ::flight_runtime::prelude::flight_server;

struct Service;

#[flight_server]
impl Service {
    #[do_get("numbers/{n}?{limit}", list = numbers, schema = ::flight_runtime::prelude::Schema::empty())]
    async fn get(
        &self,
        n: u64,
        limit: ::std::option::Option<u64>,
    ) -> ::std::result::Result<
        ::flight_runtime::prelude::BatchStream,
        ::flight_runtime::prelude::Error,
    > {
        let _ = (n, limit);
        ::std::result::Result::Err(::flight_runtime::prelude::Error::not_found("nothing"))
    }

    fn numbers(&self) -> ::std::vec::Vec<u64> {
        ::std::vec::Vec::new()
    }

    #[do_put]
    fn put(&self) {}

    #[action("act")]
    async fn act(&self) {}
}

fn main() {}
