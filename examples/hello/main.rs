//! The smallest service: one flight.
//!
//! Run with `cargo run -p examples --bin hello`, then in Python:
//! `pyarrow.flight.connect("grpc://localhost:8815").do_get(pyarrow.flight.Ticket(b"squares?count=5")).read_all()`
use std::sync::Arc;

use flight_runtime::arrow::{array::UInt64Array, error::ArrowError};
use flight_runtime::prelude::*;

struct Hello;

#[flight_server]
impl Hello {
    /// The first squares.
    #[do_get("squares?{count}")]
    fn squares(&self, count: Option<u64>) -> Result<RecordBatch, ArrowError> {
        let squares = (0..count.unwrap_or(10)).map(|n| n * n);
        RecordBatch::try_from_iter([(
            "square",
            Arc::new(UInt64Array::from_iter_values(squares)) as _,
        )])
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    FlightServer::builder(Hello)
        .location("grpc://localhost:8815")
        .serve()
        .await
}
