//! FlightInfo, schema and poll handlers of one's own.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flight_runtime::arrow::datatypes::{DataType, Field};
use flight_runtime::arrow::error::ArrowError;
use flight_runtime::prelude::*;

use crate::data::{numbers, numbers_schema};

/// Flights whose answers are written by hand.
pub(crate) struct Flights;

#[flight_server]
impl Flights {
    #[do_get("shards/{shard}")]
    async fn shard(&self, shard: i64) -> Result<RecordBatch, ArrowError> {
        numbers(shard * 10..shard * 10 + 10)
    }

    /// One flight on several endpoints.
    #[get_flight_info("sharded/{shards}")]
    async fn sharded(&self, shards: i64) -> Result<FlightInfo, Error> {
        if shards == 0 {
            return Err(Error::out_of_range("at least one shard"));
        }
        let expires: SystemTime = UNIX_EPOCH + Duration::from_secs(4_000_000_000);
        let mut info = FlightInfo::new()
            .try_with_schema(numbers_schema().as_ref())?
            .with_total_records(shards * 10)
            .with_total_bytes(shards * 80)
            .with_ordered(true)
            .with_app_metadata("by hand");
        for shard in 0..shards {
            let mut endpoint = Self::shard_route(shard)
                .endpoint()
                .with_location(format!("grpc://shard-{shard}.example:8815"))
                .with_app_metadata(format!("shard {shard}"));
            endpoint.expiration_time = Some(expires.into());
            info = info.with_endpoint(endpoint);
        }
        Ok(info)
    }

    /// Leaves everything out that follows from the address.
    #[get_flight_info("redirected/{shard}")]
    fn redirected(&self, shard: i64) -> Address {
        Self::shard_route(shard)
    }

    #[get_schema("schema-of-its-own")]
    fn schema_of_its_own(&self) -> Schema {
        Schema::new(vec![Field::new("own", DataType::Boolean, true)])
    }

    /// Done at the third question.
    #[poll_flight_info("jobs/{job}/{step}")]
    async fn poll(&self, job: String, step: u8) -> Result<PollInfo, Error> {
        let mut info = FlightInfo::new().try_with_schema(numbers_schema().as_ref())?;
        for shard in 0..step {
            info = info.with_endpoint(Self::shard_route(shard.into()).endpoint());
        }
        let poll = PollInfo::new().with_info(info);
        Ok(match step {
            2.. => poll.try_with_progress(1.0)?,
            _ => poll
                .try_with_progress(f64::from(step) / 2.0)?
                .with_descriptor(FlightDescriptor::new_cmd(format!(
                    "jobs/{job}/{}",
                    step + 1
                ))),
        })
    }

    /// A query that is complete at once.
    #[poll_flight_info("quick")]
    fn quick(&self) -> FlightInfo {
        Self::shard_route(0).flight_info()
    }

    /// Entries beside the generated ones.
    #[list_flights]
    async fn more_flights(&self, criteria: Criteria) -> Vec<FlightInfo> {
        let wanted = String::from_utf8_lossy(&criteria.expression).into_owned();
        let entries = ["by-hand/1", "by-hand/2"].into_iter();
        entries
            .filter(|name| name.starts_with(&wanted))
            .map(|name| {
                FlightInfo::new().with_descriptor(FlightDescriptor::new_path(vec![name.to_owned()]))
            })
            .collect()
    }

    /// A declared schema as a value that is shared.
    #[do_get("declared-by-value", schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)])))]
    fn declared_by_value(&self) -> Result<RecordBatch, ArrowError> {
        numbers(0..1)
    }
}
