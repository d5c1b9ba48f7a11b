//! Typed rows: structs whose fields are columns, and streams of them in either direction.
//!
//! Needs the feature `rows`.
//!
//! ```
//! use flight_runtime::prelude::*;
//! use flight_runtime::rows::Date;
//!
//! #[derive(Row)]
//! struct Observation {
//!     date: Date,
//!     temp_max: f64,
//!     weather: Option<String>,
//! }
//!
//! struct Weather;
//!
//! #[flight_server]
//! impl Weather {
//!     #[do_get("observations")]
//!     async fn observations(&self) -> Result<Rows<Observation>, Error> {
//!         let date = "2015-12-31".parse()?;
//!         Ok(Rows::from(vec![Observation { date, temp_max: 5.6, weather: None }]))
//!     }
//!
//!     #[do_put("observations")]
//!     async fn add(&self, mut rows: Rows<Observation>) -> Result<(), Error> {
//!         while let Some(row) = rows.try_next().await? {
//!             println!("{} had {} °C", row.date, row.temp_max);
//!         }
//!         Ok(())
//!     }
//! }
//! ```
//!
//! # Types of columns
//!
//! | in the struct | in Arrow |
//! |---|---|
//! | `bool`, `i8` to `i64`, `u8` to `u64`, `f32`, `f64` | the same |
//! | `String`, [`LargeUtf8`] | `Utf8`, `LargeUtf8` |
//! | `Vec<u8>`, [`LargeBinary`], `[u8; N]` | `Binary`, `LargeBinary`, `FixedSizeBinary(N)` |
//! | [`Date`] | `Date32`, as chrono's `NaiveDate` |
//! | [`DateTime`] | `Timestamp(µs, "UTC")`, as chrono's `DateTime<Utc>` |
//! | [`Timestamp<U>`](Timestamp), [`TimestampTz<U, Z>`](TimestampTz) | `Timestamp` of any unit and zone, as the number that it is |
//! | [`Date32`], [`Date64`], [`Time32<U>`](Time32), [`Time64<U>`](Time64), [`Duration<U>`](Duration) | the same, as the number that it is |
//! | [`Decimal128<P, S>`](Decimal128), [`Decimal256<P, S>`](Decimal256) | the same, as the unscaled number |
//! | [`Dictionary<K, V>`](Dictionary) | `Dictionary`: each value once, a key of type `K` in every row |
//! | a struct that derives [`Row`] | `Struct` |
//! | [`List<T>`](List), [`LargeList<T>`](LargeList), [`FixedSizeList<T, N>`](FixedSizeList) | the same; `List<Option<T>>` for items that may be null |
//! | [`Map<K, V>`](Map) | the same; `Map<K, Option<V>>` for values that may be null |
//! | `Option<T>` | a nullable column of `T` |

mod fit;
mod row;
mod source;
mod types;

#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::stream::{self, BoxStream, Stream, StreamExt};

use crate::batches::BatchStream;
use crate::reply::{Fallible, Plain};
use crate::{Error, IntoError};

pub use row::Row;
pub use typed_arrow::bridge::{
    Date32, Date64, Decimal128, Decimal256, Dictionary, Duration, FixedSizeList, LargeBinary,
    LargeList, LargeUtf8, List, Map, Microsecond, Millisecond, Nanosecond, Second, Time32, Time64,
    TimeZoneSpec, Timestamp, TimestampTz,
};
pub use types::{Date, DateTime};

/// Makes a struct a [`Row`](trait@Row), which says more.
pub use typed_arrow::Record as Row;

use source::{Pulled, batched, checked, chunks};

/// Rows of a type, in either direction.
///
/// As an argument of `#[do_put]` and `#[do_exchange]` they are what the client uploads; as a return of `#[do_get]` and
/// `#[do_exchange]` what it downloads. They are a [`Stream`] of `Result<T, Error>`.
///
/// # Uploading
///
/// The columns are compared by name. They may come in another order; their metadata is ignored. A `#[do_put]` handler
/// begins when the schema has come and fits, a `#[do_exchange]` handler before, because its client may wait for an answer first: there the
/// first row is behind the comparison.
///
/// A column that is missing, that the type does not have, or that is of another type is INVALID_ARGUMENT, and the error names
/// all of them, with what was expected and what came.
///
/// Most clients declare every column nullable. So what counts is whether nulls come: one in a column that is no `Option<T>` is
/// INVALID_ARGUMENT and names column and row. A column that is not nullable fits an `Option<T>`.
///
/// # Downloading
///
/// Rows go out in batches of at most 8192, unless [`with_batch_size`](Self::with_batch_size) says otherwise. Those of a stream go out
/// earlier when it pauses.
///
/// The schema is known from the type. So GetSchema, GetFlightInfo, PollFlightInfo and ListFlights are answered without running the handler, and
/// do not know how many rows there are.
///
/// ```
/// use flight_runtime::prelude::*;
///
/// #[derive(Row)]
/// struct Reading { celsius: f64 }
///
/// #[derive(Row)]
/// struct Converted { fahrenheit: f64 }
///
/// struct Thermometer;
///
/// #[flight_server]
/// impl Thermometer {
///     #[do_get("readings")]
///     async fn readings(&self) -> Rows<Reading> {
///         Rows::from(vec![Reading { celsius: 21.5 }])
///     }
///
///     #[do_exchange("convert")]
///     async fn convert(&self, rows: Rows<Reading>) -> Rows<Converted> {
///         rows.map_rows(|row| Ok(Converted { fahrenheit: row.celsius * 1.8 + 32.0 }))
///     }
/// }
/// ```
pub struct Rows<T> {
    source: Source<T>,
    batch_size: usize,
}

/// How many rows a batch holds unless it is said.
const BATCH_SIZE: usize = 8192;

/// How many rows of a batch are structs at a time.
const READ_AT_ONCE: usize = 1024;

enum Source<T> {
    /// All there.
    Ready(vec::IntoIter<T>),
    Stream(BoxStream<'static, Result<T, Error>>),
    /// To be pulled on a blocking thread.
    Iterator(Pulled<T>),
    /// Of the type's schema, checked as they come.
    Batches(Box<Batches<T>>),
}

/// Batches, one of them being read.
struct Batches<T> {
    stream: BatchStream,
    batch: Option<RecordBatch>,
    /// How many rows of it are given out.
    given: usize,
    read: vec::IntoIter<T>,
    /// How many rows came before it.
    before: u64,
}

impl<T: Row> Batches<T> {
    fn new(stream: BatchStream) -> Self {
        Self {
            stream,
            batch: None,
            given: 0,
            read: Vec::new().into_iter(),
            before: 0,
        }
    }

    /// What is left of the batch that is being read.
    fn rest(&mut self) -> Option<RecordBatch> {
        let batch = self.batch.take()?;
        let rest = batch.slice(self.given, batch.num_rows().saturating_sub(self.given));
        self.before += batch.num_rows() as u64;
        self.given = 0;
        self.read = Vec::new().into_iter();
        (rest.num_rows() > 0).then_some(rest)
    }

    fn poll_row(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            if let Some(row) = self.read.next() {
                self.given += 1;
                return Poll::Ready(Some(Ok(row)));
            }
            match &self.batch {
                Some(batch) if self.given < batch.num_rows() => {
                    let rows = READ_AT_ONCE.min(batch.num_rows() - self.given);
                    let before = self.before + self.given as u64;
                    match T::read(&batch.slice(self.given, rows), before) {
                        Ok(rows) => self.read = rows.into_iter(),
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    }
                }
                _ => {
                    self.rest();
                    match ready!(self.stream.poll_next_unpin(cx)) {
                        Some(Ok(batch)) => self.batch = Some(batch),
                        Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                        None => return Poll::Ready(None),
                    }
                }
            }
        }
    }
}

/// An item of a stream or iterator of rows: a `T`, plain or in a `Result`.
///
/// `M` is inferred: it keeps the two implementations apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an item of `Rows<{T}>`",
    label = "expected `{T}`, plain or in a `Result`"
)]
pub trait IntoRow<T, M>: Send {
    #[doc(hidden)]
    fn into_row(self) -> Result<T, Error>;
}

impl<T: Row> IntoRow<T, Plain> for T {
    fn into_row(self) -> Result<T, Error> {
        Ok(self)
    }
}

impl<T: Row, E: IntoError + Send> IntoRow<T, Fallible> for Result<T, E> {
    fn into_row(self) -> Result<T, Error> {
        self.map_err(IntoError::into_error)
    }
}

impl<T: Row> Rows<T> {
    fn of(source: Source<T>) -> Self {
        Self {
            source,
            batch_size: BATCH_SIZE,
        }
    }

    /// Rows as a stream gives them: `T`, plain or in a `Result`.
    ///
    /// A batch goes out when it is full, or when the stream has nothing ready.
    pub fn new<S, M: 'static>(rows: S) -> Self
    where
        S: Stream + Send + 'static,
        S::Item: IntoRow<T, M>,
    {
        Self::of(Source::Stream(rows.map(IntoRow::into_row).boxed()))
    }

    /// Rows as an iterator gives them, pulled on a blocking thread, a batch at a time: `T`, plain or in a `Result`.
    ///
    /// Rows that are there already are collected instead, or made from a `Vec`.
    pub fn from_iterator<I, M: 'static>(rows: I) -> Self
    where
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: IntoRow<T, M> + 'static,
    {
        let rows = rows.into_iter().map(IntoRow::into_row);
        Self::of(Source::Iterator(Pulled::new(Box::new(rows))))
    }

    /// The rows of batches, whose columns are compared when the first message comes.
    ///
    /// # Errors
    ///
    /// The rows end in INVALID_ARGUMENT when the columns are not those of `T`: see [uploading](Self#uploading).
    pub fn from_batches(batches: BatchStream) -> Self {
        Self::of(Source::Batches(Box::new(Batches::new(checked(
            batches,
            T::schema(),
        )))))
    }

    /// An upload: its schema is awaited and compared.
    pub(crate) async fn from_upload(mut batches: BatchStream) -> Result<Self, Error> {
        let schema = batches.schema().await?;
        fit::Fit::new(T::schema(), &schema)?;
        Ok(Self::from_batches(batches))
    }

    /// The largest number of rows in a batch that is made of them; the default is 8192, and 0 is taken for 1.
    ///
    /// Batches that came as such stay as they are.
    #[must_use]
    pub fn with_batch_size(mut self, rows: usize) -> Self {
        self.batch_size = rows.max(1);
        self
    }

    /// The next row; `None` at the end. The same as `TryStreamExt::try_next`, without the trait.
    ///
    /// # Errors
    ///
    /// Whatever the stream fails with; INVALID_ARGUMENT when an upload is not of these columns.
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        self.next().await.transpose()
    }

    /// The rows of the next batch, or what is left of the one that is being read; `None` at the end.
    ///
    /// # Errors
    ///
    /// As [`try_next`](Self::try_next).
    pub async fn next_batch(&mut self) -> Result<Option<Vec<T>>, Error> {
        let Some(first) = self.try_next().await? else {
            return Ok(None);
        };
        let mut rows = vec![first];
        if let Source::Batches(batches) = &mut self.source {
            rows.extend(batches.read.by_ref());
            let before = batches.before + (batches.given + rows.len() - 1) as u64;
            batches.given += rows.len() - 1;
            if let Some(rest) = batches.rest() {
                match T::read(&rest, before) {
                    Ok(rest) => rows.extend(rest),
                    Err(error) => {
                        self.end();
                        return Err(error);
                    }
                }
            }
            return Ok(Some(rows));
        }
        while rows.len() < self.batch_size {
            match self.try_next().await? {
                Some(row) => rows.push(row),
                None => break,
            }
        }
        Ok(Some(rows))
    }

    /// Behind an error or the end nothing follows.
    fn end(&mut self) {
        self.source = Source::Ready(Vec::new().into_iter());
    }

    /// All rows, in memory.
    ///
    /// # Errors
    ///
    /// As [`try_next`](Self::try_next).
    pub async fn read_all(&mut self) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        while let Some(batch) = self.next_batch().await? {
            rows.extend(batch);
        }
        Ok(rows)
    }

    /// The `app_metadata` beside the batch of the row that came last.
    pub fn app_metadata(&self) -> Option<&Bytes> {
        match &self.source {
            Source::Batches(batches) => batches.stream.app_metadata(),
            _ => None,
        }
    }

    /// The rows that have not been read yet, as batches of `T`'s schema.
    ///
    /// Batches that came as such are passed on, with the metadata beside them, checked and with their columns in order: no row is made.
    pub fn into_batches(self) -> BatchStream {
        let size = self.batch_size;
        let schema = T::schema();
        match self.source {
            Source::Ready(rows) => {
                let total = rows.len();
                BatchStream::new(schema.clone(), stream::iter(chunks(rows, size, schema)))
                    .with_total_records(total as i64)
            }
            Source::Stream(rows) => BatchStream::new(schema.clone(), batched(rows, size, schema)),
            Source::Iterator(rows) => {
                BatchStream::new(schema.clone(), rows.into_batches(size, schema))
            }
            Source::Batches(mut batches) => match batches.rest() {
                None => batches.stream,
                Some(rest) => {
                    let options = batches.stream.options.clone().of_other_batches();
                    let rest = stream::iter([Ok(rest.into())]);
                    let rest = rest.chain(batches.stream.messages());
                    let mut rest = BatchStream::new(schema, rest);
                    rest.options = options;
                    rest
                }
            },
        }
    }

    /// Rows made from these, one of each; batches stay batches, with the metadata beside them.
    ///
    /// The most common `#[do_exchange]`: see the example above. An error ends the rows.
    #[must_use]
    pub fn map_rows<U: Row>(
        self,
        mut map: impl FnMut(T) -> Result<U, Error> + Send + 'static,
    ) -> Rows<U> {
        let batch_size = self.batch_size;
        let schema = U::schema();
        let mut before = 0;
        let batches = self
            .into_batches()
            .map_batches(schema.clone(), move |batch| {
                let rows = T::read(&batch, before)?;
                before += rows.len() as u64;
                let rows = rows.into_iter().map(&mut map);
                let rows = rows.collect::<Result<Vec<U>, Error>>()?;
                Ok(row::shared(U::to_batch(rows), &schema))
            });
        Rows {
            source: Source::Batches(Box::new(Batches::new(batches))),
            batch_size,
        }
    }
}

impl<T: Row> Stream for Rows<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Source::Iterator(rows) = &mut this.source {
            this.source = Source::Stream(rows.take().into_rows(this.batch_size));
        }
        let item = match &mut this.source {
            Source::Ready(rows) => return Poll::Ready(rows.next().map(Ok)),
            Source::Stream(rows) => ready!(rows.poll_next_unpin(cx)),
            Source::Batches(batches) => ready!(batches.poll_row(cx)),
            Source::Iterator(_) => None,
        };
        if !matches!(item, Some(Ok(_))) {
            this.end();
        }
        Poll::Ready(item)
    }
}

/// Nothing in it is pinned in place.
impl<T> Unpin for Rows<T> {}

impl<T: Row> From<Vec<T>> for Rows<T> {
    fn from(rows: Vec<T>) -> Self {
        Self::of(Source::Ready(rows.into_iter()))
    }
}

impl<T: Row> FromIterator<T> for Rows<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Self::from(Vec::from_iter(rows))
    }
}

impl<T: Row> From<BatchStream> for Rows<T> {
    fn from(batches: BatchStream) -> Self {
        Self::from_batches(batches)
    }
}

impl<T: Row> From<Rows<T>> for BatchStream {
    fn from(rows: Rows<T>) -> Self {
        rows.into_batches()
    }
}

impl<T: Row> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("schema", &T::schema())
            .field("batch_size", &self.batch_size)
            .finish_non_exhaustive()
    }
}
