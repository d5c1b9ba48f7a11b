//! The smallest service: one flight.
//!
//! Run with `cargo run -p examples --bin hello`, then in Python: `import pyarrow.flight as flight;
//! flight.connect("grpc://localhost:8815").do_get(flight.Ticket(b"squares?count=5")).read_all()`
use flight_runtime::arrow::{array::UInt64Array, error::ArrowError};
use flight_runtime::prelude::*;

struct Hello;

#[flight_server]
impl Hello {
    /// The first squares.
    #[do_get("squares?{count}")]
    fn squares(&self, count: Option<u64>) -> Result<RecordBatch, ArrowError> {
        let squares: UInt64Array = (0..count.unwrap_or(10)).map(|n| n * n).collect();
        RecordBatch::try_from_iter([("square", std::sync::Arc::new(squares) as _)])
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let server = FlightServer::builder(Hello).location("grpc://localhost:8815");
    server.serve().await
}
