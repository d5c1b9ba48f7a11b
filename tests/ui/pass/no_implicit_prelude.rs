#![no_implicit_prelude]

use ::flight_runtime::prelude::flight_server;

struct Service;

fn is_admin(caller: &::flight_runtime::Principal) -> bool {
    caller.has_role("admin")
}

#[flight_server(roles("admin"), scopes("act"))]
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

    #[do_put(require = is_admin)]
    fn put(&self) {}

    #[action("act", require = "role:admin | scope:act")]
    async fn act(&self) {}
}

fn main() {}
