#![allow(unused)]

use flight_runtime::prelude::*;
use serde::de::DeserializeOwned;

struct Service<T>(std::marker::PhantomData<fn() -> T>);

#[flight_server(client = ServiceClient)]
impl<T: DeserializeOwned + Send + 'static> Service<T> {
    #[action("compact")]
    async fn compact(&self, Json(request): Json<T>) {}
}

fn main() {}
