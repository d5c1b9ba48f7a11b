use flight_runtime::prelude::*;

struct Service {
    count: std::sync::Mutex<u64>,
}

macro_rules! more {
    () => {
        fn from_a_macro() -> u64 {
            1
        }
    };
}

#[flight_server]
#[allow(dead_code)]
impl Service {
    #![allow(clippy::needless_return)]

    pub const START: u64 = { 1 + 1 };

    more!();

    pub fn new() -> Self {
        Service {
            count: Self::START.into(),
        }
    }

    // What a handler may not, other methods may.
    fn generic<T: Into<u64>>(&mut self, value: T) -> u64 {
        return value.into();
    }

    unsafe fn dangerous(self) {}

    #[do_put]
    async fn put(&self) {
        *self.count.lock().unwrap() += Self::from_a_macro();
    }
}

fn main() {
    let mut service = Service::new();
    service.generic(1u8);
}
