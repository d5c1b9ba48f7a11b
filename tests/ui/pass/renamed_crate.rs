mod platform {
    pub(crate) use ::flight_runtime as flight;
}

use platform::flight::prelude::*;

struct Service;

#[flight_server(crate = platform::flight, parts("admin"))]
impl Service {
    #[platform::flight::do_get("numbers/{n}")]
    async fn get(&self, n: u64) -> Result<BatchStream, Error> {
        Err(Error::not_found(n.to_string()))
    }
}

mod admin {
    #[crate::platform::flight::flight_server(part = "admin", crate = crate::platform::flight)]
    impl crate::Service {
        #[crate::platform::flight::action("stop")]
        async fn stop(&self) {}
    }
}

fn main() {}
