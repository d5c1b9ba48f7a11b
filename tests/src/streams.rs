//! What is hard about streams: dictionaries, slices, compression, types, failure, and no end.

use std::sync::Arc;
use std::time::Duration;

use flight_runtime::Compression;
use flight_runtime::arrow::array::{ArrayRef, BooleanArray, Int64Array, StringArray};
use flight_runtime::arrow::error::ArrowError;
use flight_runtime::prelude::*;
use futures::stream::{self, StreamExt};
use serde_json::json;

use crate::data::{nested, numbers, numbers_schema, tens, views, words, words_of, words_schema};
use crate::ledger::{Ledger, now};

/// Streams; how they ended stands in the ledger.
pub(crate) struct Streams {
    ledger: Ledger,
    /// A million rows, of which handlers send slices.
    big: RecordBatch,
}

impl Streams {
    pub(crate) fn new(ledger: Ledger) -> Self {
        let rows = 0..1_000_000i64;
        let texts =
            StringArray::from_iter(rows.clone().map(|n| (n % 3 != 0).then(|| n.to_string())));
        let columns: [(&str, ArrayRef); 3] = [
            ("n", Arc::new(Int64Array::from_iter_values(rows.clone()))),
            ("text", Arc::new(texts)),
            (
                "even",
                Arc::new(BooleanArray::from_iter(rows.map(|n| Some(n % 2 == 0)))),
            ),
        ];
        let nullable = columns.map(|(name, column)| (name, column, true));
        let big = RecordBatch::try_from_iter_with_nullable(nullable);
        Self {
            ledger,
            big: big.unwrap_or_else(|_| RecordBatch::new_empty(numbers_schema())),
        }
    }
}

#[flight_server(parts("failing", "endless"))]
impl Streams {
    #[do_get("dictionaries/{how}")]
    async fn dictionaries(&self, how: String) -> Result<BatchStream, Error> {
        let shared: ArrayRef = Arc::new(StringArray::from(vec!["red", "green"]));
        let batches = match how.as_str() {
            "unchanged" => vec![
                words_of(&[0, 1], &shared)?,
                words_of(&[1, 1], &shared)?,
                words_of(&[0, 0], &shared)?,
            ],
            "replaced" => vec![
                words(&[0, 1], &["red", "green"])?,
                words(&[0, 1], &["one", "two"])?,
                words(&[1, 0], &["left", "right"])?,
            ],
            "grown" | "grown-as-deltas" => vec![
                words(&[0, 1], &["red", "green"])?,
                words(&[2, 0], &["red", "green", "blue"])?,
                words(&[3, 2], &["red", "green", "blue", "black"])?,
            ],
            other => return Err(Error::not_found(format!("no way `{other}`"))),
        };
        let stream = BatchStream::from_batches(words_schema(), batches);
        Ok(match how.as_str() {
            "grown-as-deltas" => stream.with_dictionary_deltas(),
            _ => stream,
        })
    }

    #[do_get("slices?{offset}&{length}")]
    fn slices(&self, offset: usize, length: usize) -> RecordBatch {
        self.big.slice(offset, length)
    }

    #[do_get("compressed/{codec}")]
    async fn compressed(&self, codec: String) -> Result<BatchStream, Error> {
        let codec = match codec.as_str() {
            "lz4" => Compression::Lz4,
            "zstd" => Compression::Zstd,
            "none" => Compression::None,
            other => return Err(Error::not_found(format!("no codec `{other}`"))),
        };
        let batches = [self.big.slice(0, 10_000), self.big.slice(10_000, 5)];
        Ok(BatchStream::from_batches(self.big.schema(), batches).with_compression(codec))
    }

    #[do_get("nested")]
    fn nested(&self) -> Result<RecordBatch, ArrowError> {
        nested()
    }

    #[do_get("nested-slice")]
    fn nested_slice(&self) -> Result<RecordBatch, ArrowError> {
        Ok(nested()?.slice(1, 2))
    }

    #[do_get("views")]
    fn views(&self) -> Result<RecordBatch, ArrowError> {
        views()
    }

    /// One batch of this many megabytes.
    #[do_get("megabytes/{megabytes}")]
    fn megabytes(&self, megabytes: i64) -> Result<RecordBatch, ArrowError> {
        numbers(0..megabytes * 1_000_000 / 8)
    }
}

/// Streams that end badly.
#[flight_server(part = "failing")]
impl Streams {
    #[do_get("wrong-schema")]
    async fn wrong_schema(&self) -> Result<BatchStream, Error> {
        let batches = [Ok(numbers(0..2)?), words(&[0], &["zero"])];
        Ok(BatchStream::new(numbers_schema(), stream::iter(batches)))
    }

    #[do_get("fails/{after}")]
    async fn fails(&self, after: i64) -> BatchStream {
        let error = Err(Error::unavailable("the tape is torn").with_extra_info("tape 7"));
        let batches = tens(after)
            .map(|batch| batch.map_err(Error::from))
            .chain([error]);
        BatchStream::new(numbers_schema(), stream::iter(batches.collect::<Vec<_>>()))
    }

    #[do_get("breaks/{after}")]
    async fn breaks(&self, after: i64) -> BatchStream {
        let error = Err(std::io::Error::other("secret path /srv/tape7").into());
        let batches = tens(after)
            .map(|batch| batch.map_err(Error::from))
            .chain([error]);
        BatchStream::new(numbers_schema(), stream::iter(batches.collect::<Vec<_>>()))
    }

    #[do_get("panics/{after}")]
    async fn panics(&self, after: i64) -> BatchStream {
        let batches = stream::iter(0..).map(move |batch| match batch == after {
            true => panic!("secret of the stream"),
            false => numbers(batch * 10..batch * 10 + 10),
        });
        BatchStream::new(numbers_schema(), batches)
    }

    #[do_get("iterator-panics/{after}", schema = numbers_schema())]
    fn iterator_panics(
        &self,
        after: i64,
    ) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + use<> {
        (0..).map(move |batch| match batch == after {
            true => panic!("secret of the iterator"),
            false => numbers(batch * 10..batch * 10 + 10),
        })
    }

    #[do_get("panics-at-drop/{after}")]
    async fn panics_at_drop(&self, after: i64) -> BatchStream {
        struct Grenade;
        impl Drop for Grenade {
            fn drop(&mut self) {
                panic!("secret of the destructor");
            }
        }
        let grenade = Grenade;
        let batches = stream::iter(tens(after)).map(move |batch| {
            let _held = &grenade;
            batch
        });
        BatchStream::new(numbers_schema(), batches)
    }
}

/// Handlers that end when their client goes.
#[flight_server(part = "endless")]
impl Streams {
    /// Sends as fast as the client takes.
    #[do_get("endless/{name}", schema = numbers_schema())]
    async fn endless(&self, name: String) -> BatchStream {
        let guard = self.ledger.at_drop(name);
        let batches = stream::iter(0..).map(move |batch| {
            let _held = &guard;
            numbers(batch * 1000..batch * 1000 + 1000)
        });
        BatchStream::new(numbers_schema(), batches)
    }

    /// Sends one batch and no more.
    #[do_get("stalls/{name}", schema = numbers_schema())]
    async fn stalls(&self, name: String) -> BatchStream {
        let guard = self.ledger.at_drop(name);
        let batches = stream::iter(tens(1))
            .chain(stream::pending())
            .map(move |batch| {
                let _held = &guard;
                batch
            });
        BatchStream::new(numbers_schema(), batches)
    }

    /// Never gets to its first batch.
    #[do_get("waits/{name}", schema = numbers_schema())]
    async fn waits(&self, name: String) -> BatchStream {
        let _guard = self.ledger.at_drop(name);
        std::future::pending().await
    }

    /// A blocking handler, which must ask.
    #[do_get("spins/{name}", schema = numbers_schema())]
    fn spins(&self, name: String, context: CallContext) -> Result<Vec<RecordBatch>, Error> {
        self.ledger.began(&name);
        for _ in 0..5000 {
            if context.is_cancelled() {
                self.ledger
                    .write(&name, json!({ "end": "cancelled", "at": now() }));
                return Err(Error::cancelled("nobody is there"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.ledger
            .write(&name, json!({ "end": "never told", "at": now() }));
        Ok(Vec::new())
    }

    /// A task beside the handler, which awaits the end of the call.
    #[do_get("spawns/{name}", schema = numbers_schema())]
    async fn spawns(&self, name: String, context: CallContext) -> BatchStream {
        let ledger = self.ledger.clone();
        ledger.began(&name);
        tokio::spawn(async move {
            context.cancelled().await;
            ledger.write(&name, json!({ "end": "cancelled", "at": now() }));
        });
        std::future::pending().await
    }
}
