use flight_runtime::prelude::*;

struct Service;

#[flight_server]
impl Service {
    #[action("add")]
    async fn add(&self, context: CallContext, Json((a, b)): Json<(u64, u64)>) -> Json<u64> {
        let _ = context;
        Json(a + b)
    }

    #[do_get("{a}/{b}?{c}")]
    async fn get(
        &self,
        c: Option<u8>,
        _: CallContext,
        mut b: u16,
        a: u32,
    ) -> Result<BatchStream, Error> {
        b += 1;
        Err(Error::not_found(format!("{a} {b} {c:?}")))
    }
}

fn main() {
    // In the order of the route.
    let _: Address = Service::get_route(1u32, 2u16, Some(3u8));
}
