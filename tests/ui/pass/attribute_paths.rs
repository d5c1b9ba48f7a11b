struct Service;

#[flight_runtime::flight_server]
impl Service {
    #[flight_runtime::do_put("a")]
    async fn one(&self) {}

    #[::flight_runtime::do_put("b")]
    async fn two(&self) {}

    // Inside of the block the plain name needs no import.
    #[do_put("c")]
    async fn three(&self) {}
}

fn main() {}
