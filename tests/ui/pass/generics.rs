use std::fmt::Display;
use std::str::FromStr;

use flight_runtime::Guard;
use flight_runtime::prelude::*;

struct Service<'a, K, const N: usize> {
    names: &'a [K; N],
}

struct AtLeast<const N: usize>;

impl<const N: usize> Guard for AtLeast<N> {
    fn allows(&self, caller: &Principal, _: &CallContext) -> bool {
        caller.roles().count() >= N
    }
}

#[flight_server]
impl<K, const N: usize> Service<'static, K, N>
where
    K: FromStr<Err: Display> + Display + Clone + Send + Sync + 'static,
{
    #[do_get("keys/{key}?{other}&{more}", list = keys, require = Self::is_key)]
    async fn get(&self, key: K, other: Option<K>, more: Vec<K>) -> Result<BatchStream, Error> {
        let _ = (other, more);
        Err(Error::not_found(key.to_string()))
    }

    fn keys(&self) -> Vec<K> {
        self.names.to_vec()
    }

    fn is_key(caller: &Principal) -> bool {
        caller.name().parse::<K>().is_ok()
    }

    #[do_put("keys/{key}", require = AtLeast::<N>)]
    fn put(&self, key: K) {
        let _ = key;
    }
}

fn main() {
    let service: Service<'static, u64, 1> = Service { names: &[1] };
    let _ = (
        service.keys(),
        Service::<u64, 1>::get_route(1, None, vec![]),
    );
}
