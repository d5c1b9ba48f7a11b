//! What a `#[do_get]` may take and give.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use flight_runtime::arrow::array::{
    ArrayRef, Int64Array, RecordBatchIterator, RecordBatchReader, StringArray,
};
use flight_runtime::arrow::datatypes::{DataType, Field};
use flight_runtime::arrow::error::ArrowError;
use flight_runtime::prelude::*;
use flight_runtime::rpc::Rpc;
use flight_runtime::{Call, FromCall};
use futures::stream::{self, Stream, StreamExt};
use tokio::runtime::Handle;

use crate::data::{numbers, numbers_schema, tens};

/// Batches that handlers borrow from, and the stations that exist.
pub(crate) struct Downloads {
    kept: Vec<RecordBatch>,
    stations: Vec<&'static str>,
}

impl Default for Downloads {
    fn default() -> Self {
        Self {
            kept: tens(3).filter_map(Result::ok).collect(),
            stations: vec!["seattle", "new york", "são/paulo"],
        }
    }
}

/// A route argument of one's own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Metre,
    Mile,
}

impl FromStr for Unit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "metre" => Ok(Unit::Metre),
            "mile" => Ok(Unit::Mile),
            _ => Err("expected `metre` or `mile`".to_owned()),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Metre => "metre",
            Unit::Mile => "mile",
        })
    }
}

/// An extractor of one's own: who asks, by a header.
pub(crate) struct Tenant(String);

impl<R: Rpc> FromCall<R> for Tenant {
    async fn from_call(call: &mut Call) -> Result<Self, Error> {
        let header = call.context().headers().get("x-tenant");
        match header.and_then(|value| value.to_str().ok()) {
            Some(tenant) => Ok(Tenant(tenant.to_owned())),
            None => Err(Error::invalid_argument("header `x-tenant` is missing")),
        }
    }
}

fn texts<const N: usize>(columns: [(&str, Option<String>); N]) -> Result<RecordBatch, ArrowError> {
    let columns = columns.map(|(name, value)| {
        let column: ArrayRef = Arc::new(StringArray::from(vec![value]));
        (name, column, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns)
}

/// Awaits something on this very thread, as a synchronous wrapper around an async library does.
fn blocking<T>(item: T) -> T {
    Handle::current().block_on(async { item })
}

#[flight_server]
impl Downloads {
    /// Numbers from a plain `fn`.
    #[do_get("numbers?{count}&{from}")]
    fn numbers(&self, count: Option<i64>, from: Option<i64>) -> Result<RecordBatch, ArrowError> {
        let from = from.unwrap_or(0);
        numbers(from..from + count.unwrap_or(10))
    }

    #[do_get("in-batches/{batches}")]
    async fn in_batches(&self, batches: u8) -> Result<Vec<RecordBatch>, ArrowError> {
        tens(batches.into()).collect()
    }

    #[do_get("stream")]
    async fn stream(&self) -> BatchStream {
        BatchStream::new(numbers_schema(), stream::iter(tens(3)))
            .with_total_records(30)
            .with_total_bytes(240)
            .with_info_metadata("three times ten")
            .with_schema_metadata("beside the schema")
    }

    #[do_get("stream-from-fn")]
    fn stream_from_fn(&self) -> Result<BatchStream, Error> {
        Ok(BatchStream::from_batches(
            numbers_schema(),
            self.kept.clone(),
        ))
    }

    #[do_get("reader")]
    fn reader(&self) -> impl RecordBatchReader + Send + use<> {
        RecordBatchIterator::new(tens(3).collect::<Vec<_>>(), numbers_schema())
    }

    #[do_get("async-reader")]
    async fn async_reader(&self) -> Result<impl RecordBatchReader + Send + use<>, Error> {
        let batches = tens(3).collect::<Vec<_>>();
        Ok(RecordBatchIterator::new(batches, numbers_schema()))
    }

    #[do_get("borrowing-iterator", schema = numbers_schema)]
    fn borrowing_iterator(&self) -> impl Iterator<Item = RecordBatch> + Send + '_ {
        self.kept.iter().cloned()
    }

    #[do_get("owned-iterator")]
    async fn owned_iterator(
        &self,
    ) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + use<> {
        tens(3)
    }

    /// Items that must be made where blocking is allowed: `block_on` panics on a thread that drives calls.
    #[do_get("blocking-items-of-async-fn", schema = numbers_schema)]
    async fn blocking_items_of_async_fn(
        &self,
    ) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + use<> {
        tens(3).map(blocking)
    }

    #[do_get("blocking-items-of-fn", schema = numbers_schema)]
    fn blocking_items_of_fn(
        &self,
    ) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + use<> {
        tens(3).map(blocking)
    }

    #[do_get("blocking-reader")]
    async fn blocking_reader(&self) -> impl RecordBatchReader + Send + use<> {
        RecordBatchIterator::new(tens(3).map(blocking), numbers_schema())
    }

    #[do_get("blocking-fn")]
    fn blocking_fn(&self) -> Result<Vec<RecordBatch>, ArrowError> {
        tens(3).map(blocking).collect()
    }

    #[do_get("borrowing-stream", schema = numbers_schema())]
    async fn borrowing_stream(
        &self,
    ) -> Result<impl Stream<Item = Result<RecordBatch, Error>> + Send + '_, Error> {
        Ok(stream::iter(&self.kept).map(|batch| Ok(batch.clone())))
    }

    #[do_get("stream-of-batches")]
    fn stream_of_batches(&self) -> impl Stream<Item = RecordBatch> + Send + '_ {
        stream::iter(self.kept.iter().cloned())
    }

    /// Parts of a whole, in order.
    #[do_get("ordered", ordered)]
    async fn in_order(&self) -> Result<RecordBatch, ArrowError> {
        numbers(0..5)
    }

    /// Observations of a station.
    #[do_get("stations/{station}?{since}&{tags}", list = stations)]
    async fn station(
        &self,
        station: String,
        since: Option<i64>,
        tags: Vec<String>,
    ) -> Result<RecordBatch, Error> {
        if station == "burnt-down" {
            return Err(Error::not_found(format!("no station `{station}`")));
        }
        Ok(texts([
            ("station", Some(station)),
            ("since", since.map(|since| since.to_string())),
            ("tags", Some(tags.join("|"))),
        ])?)
    }

    async fn stations(&self) -> Vec<String> {
        let gone = ["burnt-down"].iter();
        let names = self.stations.iter().chain(gone);
        names.map(|name| (*name).to_owned()).collect()
    }

    #[do_get("grid/{x}/{y}", list = grid)]
    fn cell(&self, x: u8, y: i8) -> Result<RecordBatch, ArrowError> {
        numbers(i64::from(x)..i64::from(x) + i64::from(y.unsigned_abs()))
    }

    fn grid(&self) -> Result<impl Iterator<Item = (u8, i8)>, Error> {
        Ok((0..2).flat_map(|x| [(x, -1), (x, 1)]))
    }

    #[do_get("files/{*path}")]
    fn file(&self, path: String) -> Result<RecordBatch, ArrowError> {
        texts([("path", Some(path))])
    }

    #[do_get("units/{unit}/{type}")]
    fn unit(&self, unit: Unit, r#type: String) -> Result<RecordBatch, ArrowError> {
        texts([("unit", Some(format!("{unit:?}"))), ("type", Some(r#type))])
    }

    #[do_get("required?{limit}")]
    async fn required(&self, limit: u32) -> Result<RecordBatch, ArrowError> {
        numbers(0..limit.into())
    }

    #[do_get("tenants/{name}")]
    async fn tenant(
        &self,
        tenant: Tenant,
        ticket: Ticket,
        name: String,
        context: CallContext,
    ) -> Result<RecordBatch, ArrowError> {
        texts([
            ("tenant", Some(tenant.0)),
            ("ticket", String::from_utf8(ticket.ticket.into()).ok()),
            ("name", Some(name)),
            ("method", Some(context.method().to_string())),
        ])
    }

    /// Not there on any machine.
    #[cfg(windows)]
    #[do_get("conditional")]
    fn elsewhere(&self) -> NotEvenAType {}

    #[cfg(not(windows))]
    #[do_get("conditional")]
    fn conditional(&self) -> Result<RecordBatch, ArrowError> {
        numbers(0..1)
    }

    /// A schema that holds more than names and types.
    #[do_get("annotated-schema")]
    fn annotated(&self) -> Result<RecordBatch, ArrowError> {
        let unit = HashMap::from([("unit".to_owned(), "kelvin".to_owned())]);
        let field = Field::new("t", DataType::Int64, true).with_metadata(unit);
        let origin = HashMap::from([("origin".to_owned(), "tests".to_owned())]);
        let schema = Schema::new(vec![field]).with_metadata(origin);
        RecordBatch::try_new(
            Arc::new(schema),
            vec![Arc::new(Int64Array::from(vec![Some(1), None]))],
        )
    }

    #[do_get("messages")]
    async fn messages(&self) -> Result<BatchStream, Error> {
        let messages = [
            Message::metadata("before"),
            Message::new(numbers(0..2)?, "beside"),
            Message::metadata("between"),
            numbers(2..4)?.into(),
            Message::metadata("after"),
        ];
        Ok(BatchStream::new(numbers_schema(), stream::iter(messages)))
    }

    #[do_get("pairs")]
    fn pairs(
        &self,
    ) -> impl Iterator<Item = Result<(RecordBatch, Vec<u8>), ArrowError>> + Send + '_ {
        (0u8..3).map(|index| Ok((numbers(0..index.into())?, vec![index])))
    }

    #[do_get("zero-rows")]
    async fn zero_rows(&self) -> Result<Vec<RecordBatch>, ArrowError> {
        vec![numbers(0..0), numbers(0..3), numbers(3..3)]
            .into_iter()
            .collect()
    }

    #[do_get("empty")]
    async fn empty(&self) -> BatchStream {
        BatchStream::empty(numbers_schema())
    }

    #[do_get("empty-declared", schema = numbers_schema())]
    async fn empty_declared(&self) -> Vec<RecordBatch> {
        Vec::new()
    }

    #[do_get("undeclared/{batches}")]
    async fn undeclared(&self, batches: u8) -> Result<Vec<RecordBatch>, ArrowError> {
        tens(batches.into()).collect()
    }

    #[do_get("no-columns")]
    async fn no_columns(&self) -> Result<RecordBatch, ArrowError> {
        use flight_runtime::arrow::array::RecordBatchOptions;
        let rows = RecordBatchOptions::new().with_row_count(Some(7));
        RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &rows)
    }
}
