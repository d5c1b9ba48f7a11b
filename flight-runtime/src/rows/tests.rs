#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow::array::{Array, AsArray, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use futures::future::FutureExt;
use futures::stream::{self, StreamExt};
use typed_arrow::Record;

use super::{Date, DateTime, Dictionary, List, Map, Row, Rows};
use crate::batches::{BatchStream, Compression, Message};
use crate::{Code, Error};

#[derive(Clone, Debug, PartialEq, Record)]
struct Number {
    n: i64,
    word: Option<String>,
}

fn numbers(count: i64) -> Vec<Number> {
    let word = |n: i64| (n % 2 == 0).then(|| n.to_string());
    (0..count).map(|n| Number { n, word: word(n) }).collect()
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread();
    { runtime }.build().unwrap().block_on(future)
}

/// The sizes of the batches, which hold the numbers in their order.
fn sizes(rows: Rows<Number>) -> Vec<usize> {
    let batches = rows.into_batches().read_all().now_or_never();
    let batches = batches.unwrap().unwrap();
    let mut next = 0..;
    for batch in &batches {
        assert_eq!(batch.schema(), Number::schema());
        for n in batch.column(0).as_primitive::<Int64Type>().values() {
            assert_eq!(Some(*n), next.next());
        }
    }
    batches.iter().map(RecordBatch::num_rows).collect()
}

fn error<T>(result: Result<T, Error>) -> String {
    let error = result.err().unwrap();
    assert_eq!(error.code(), Code::InvalidArgument);
    error.message().to_owned()
}

#[test]
fn what_is_there_goes_out_in_batches_of_8192_or_as_it_is_said() {
    assert_eq!(sizes(Rows::from(numbers(8193))), [8192, 1]);
    assert_eq!(sizes(Rows::from(numbers(5)).with_batch_size(2)), [2, 2, 1]);
    assert_eq!(sizes(Rows::from(numbers(2)).with_batch_size(0)), [1, 1]);
    assert!(sizes(Rows::from(numbers(0))).is_empty());
}

#[test]
fn the_total_is_known_of_what_is_there() {
    let stream = Rows::from(numbers(5)).into_batches();
    assert_eq!(stream.options.total_records, Some(5));
}

#[test]
fn a_stream_goes_out_when_it_pauses() {
    let mut polled = 0;
    let numbers = numbers(5).into_iter();
    let mut numbers = stream::iter(numbers);
    let pauses = stream::poll_fn(move |cx| {
        polled += 1;
        if polled % 3 == 0 {
            cx.waker().wake_by_ref();
            return std::task::Poll::Pending;
        }
        numbers.poll_next_unpin(cx)
    });
    let mut batches = Rows::new(pauses).into_batches();
    let mut sizes = Vec::new();
    block_on(async {
        while let Some(batch) = batches.try_next().await.unwrap() {
            sizes.push(batch.num_rows());
        }
    });
    assert_eq!(sizes, [2, 2, 1]);
}

#[test]
fn rows_and_batches_of_the_same_are_taken_by_turns() {
    let batch = |from: usize, to: usize| Number::to_batch(numbers(9)[from..to].to_vec());
    let batches = BatchStream::from_batches(Number::schema(), [batch(0, 4), batch(4, 9)]);
    let mut rows = Rows::<Number>::from(batches);
    block_on(async {
        assert_eq!(rows.try_next().await.unwrap(), numbers(1).pop());
        assert_eq!(rows.next_batch().await.unwrap().unwrap(), numbers(4)[1..]);
        assert_eq!(rows.try_next().await.unwrap(), numbers(5).pop());
        let rest = rows.into_batches().read_all().await.unwrap();
        let rest: Vec<Number> = rest
            .iter()
            .flat_map(|b| Number::from_batch(b).unwrap())
            .collect();
        assert_eq!(rest, numbers(9)[5..]);
    });
}

#[test]
fn behind_an_error_nothing_follows() {
    let items = [
        Ok(numbers(1).remove(0)),
        Err(Error::aborted("cut")),
        Ok(numbers(1).remove(0)),
    ];
    let mut rows = Rows::<Number>::new(stream::iter(items));
    block_on(async {
        assert!(rows.try_next().await.unwrap().is_some());
        assert_eq!(rows.try_next().await.err().unwrap().message(), "cut");
        assert!(rows.try_next().await.unwrap().is_none());
    });
}

#[tokio::test]
async fn behind_an_error_of_a_batch_no_other_batch_follows() {
    let days = |days: Vec<i32>| {
        let dates: Arc<dyn Array> = Arc::new(Date32Array::from(days));
        RecordBatch::try_from_iter([("date", dates)]).unwrap()
    };
    // The first error is of rows that are not read with the first row.
    let mut wrong = vec![0; 3000];
    wrong.push(i32::MAX);
    let batches = [days(wrong), days(vec![1])];
    let batches = BatchStream::from_batches(Day::schema(), batches);
    let mut rows = Rows::<Day>::from(batches);
    let told = error(rows.next_batch().await);
    assert!(told.contains("row 3000"), "{told}");
    assert!(rows.next_batch().await.unwrap().is_none());
    assert!(rows.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_left_of_batches_goes_out_as_they_would_have() {
    let batches = BatchStream::from_batches(Number::schema(), [Number::to_batch(numbers(3))])
        .with_compression(Compression::Lz4)
        .with_dictionary_deltas();
    let mut rows = Rows::<Number>::from(batches);
    rows.try_next().await.unwrap().unwrap();
    let rest = rows.into_batches();
    assert_eq!(rest.options.compression, Compression::Lz4);
    assert!(rest.options.dictionary_deltas);
    assert_eq!(rest.options.total_records, None);
}

#[tokio::test]
async fn an_iterator_is_pulled_a_batch_at_a_time() {
    let rows = Rows::from_iterator(numbers(5)).with_batch_size(2);
    let batches = rows.into_batches().read_all().await.unwrap();
    assert_eq!(
        batches
            .iter()
            .map(RecordBatch::num_rows)
            .collect::<Vec<_>>(),
        [2, 2, 1]
    );
    let mut rows = Rows::from_iterator(numbers(5)).with_batch_size(2);
    assert_eq!(rows.next_batch().await.unwrap().unwrap(), numbers(2));
    assert_eq!(rows.read_all().await.unwrap(), numbers(5)[2..]);
}

#[tokio::test]
async fn metadata_stays_beside_the_batches_that_are_mapped() {
    let message = Message::new(Number::to_batch(numbers(3)), "beside");
    let alone = Message::metadata("alone");
    let messages = stream::iter([Ok::<_, Error>(message), Ok(alone)]);
    let rows = Rows::<Number>::from(BatchStream::new(Number::schema(), messages));
    let mut mapped = rows
        .map_rows(|row| {
            Ok(Number {
                n: row.n + 1,
                ..row
            })
        })
        .into_batches();
    let first = mapped.next_message().await.unwrap().unwrap();
    let batch = first.batch.unwrap();
    assert_eq!(
        batch.column(0).as_primitive::<Int64Type>().values(),
        &[1, 2, 3]
    );
    assert_eq!(first.app_metadata.unwrap(), "beside");
    let second = mapped.next_message().await.unwrap().unwrap();
    assert!(second.batch.is_none());
    assert_eq!(second.app_metadata.unwrap(), "alone");
}

#[test]
fn a_stream_of_no_batch_is_compared_too() {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Utf8, true)]));
    let mut rows = Rows::<Number>::from(BatchStream::empty(schema));
    let told = error(block_on(rows.read_all()));
    assert_eq!(
        told,
        "the columns are not those that are expected: `n`: expected Int64, got Utf8; `word` is missing: expected Utf8"
    );
}

#[test]
fn rows_are_counted_over_batches() {
    let batch = |values: Vec<Option<i64>>| {
        let words = Arc::new(StringArray::from(vec![None::<&str>; values.len()]));
        let columns = [
            ("word", words as _),
            ("n", Arc::new(Int64Array::from(values)) as _),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, c)| (name, c, true))).unwrap()
    };
    let batches = [batch(vec![Some(1), Some(2)]), batch(vec![Some(3), None])];
    let mut rows = Rows::<Number>::from(BatchStream::from_batches(batches[0].schema(), batches));
    let told = error(block_on(rows.read_all()));
    assert_eq!(
        told,
        "column `n` is null in row 3 (the first row is 0): expected Int64, not null"
    );
}

#[test]
fn a_batch_that_is_not_of_its_streams_own_schema_is_an_error() {
    let other = RecordBatch::try_from_iter([("n", Arc::new(StringArray::from(vec!["x"])) as _)]);
    let batches = BatchStream::from_batches(Number::schema(), [other.unwrap()]);
    let mut rows = Rows::<Number>::from(batches);
    error(block_on(rows.read_all()));
}

#[derive(Clone, Debug, PartialEq, Record)]
struct Nested {
    at: DateTime,
    days: List<Date>,
    numbers: Option<Number>,
    by_name: Map<String, Option<i64>>,
    word: Dictionary<i8, String>,
}

#[test]
fn nested_rows_come_back_as_they_were() {
    let row = |number: Option<Number>| Nested {
        at: DateTime("2015-12-31T23:59:59.000001Z".parse().unwrap()),
        days: vec!["2015-12-31".parse().unwrap(), Date::default()].into(),
        numbers: number,
        by_name: vec![("a".to_owned(), Some(1)), ("b".to_owned(), None)].into(),
        word: Dictionary::new("word".to_owned()),
    };
    let rows = vec![row(None), row(numbers(1).pop())];
    let batch = Nested::to_batch(rows.clone());
    assert_eq!(Nested::from_batch(&batch).unwrap(), rows);
    assert_eq!(Nested::from_batch(&batch.slice(1, 1)).unwrap(), rows[1..]);
}

#[derive(Debug, Record)]
struct Day {
    date: Date,
}

#[test]
fn a_date_that_is_none_is_an_error_of_its_row() {
    let dates = Arc::new(Date32Array::from(vec![0, i32::MAX]));
    let batch = RecordBatch::try_from_iter([("date", dates as Arc<dyn Array>)]).unwrap();
    let told = error(Day::from_batch(&batch));
    assert_eq!(told, "row 1: 2147483647 days from 1970 on is out of range");
}

#[test]
fn dates_and_times_read_and_print_as_those_of_chrono() {
    let date: Date = "2015-12-31".parse().unwrap();
    let time: DateTime = "2015-12-31T12:00:00Z".parse().unwrap();
    let json = serde_json::to_string(&(date, time)).unwrap();
    assert_eq!(json, r#"["2015-12-31","2015-12-31T12:00:00Z"]"#);
    assert_eq!(
        serde_json::from_str::<(Date, DateTime)>(&json).unwrap(),
        (date, time)
    );
    assert_eq!(date.to_string(), "2015-12-31");
}
