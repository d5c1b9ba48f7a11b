//! Structs to columns and back, beside the same by hand: builders filled, and columns read, in a loop.
//!
//! ```text
//! cargo bench -p flight-runtime --features rows --bench rows
//! ```
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flight_runtime::arrow::array::{
    Array, ArrayRef, AsArray, Date32Builder, Float64Builder, Int64Builder, StringBuilder,
};
use flight_runtime::arrow::datatypes::{Date32Type, Float64Type, Int64Type};
use flight_runtime::prelude::*;
use flight_runtime::rows::Date;

/// As many as a batch holds that nobody said the size of.
const ROWS: usize = 8192;

#[derive(Clone, Row)]
struct Observation {
    date: Date,
    station: String,
    temp_max: f64,
    temp_min: Option<f64>,
    count: i64,
    weather: String,
}

fn observations() -> Vec<Observation> {
    let day = |n: usize| Date32Type::to_naive_date_opt(n as i32).unwrap();
    let observation = |n: usize| Observation {
        date: day(n).into(),
        station: format!("seattle-{}", n % 7),
        temp_max: n as f64 / 2.0,
        temp_min: (!n.is_multiple_of(5)).then_some(n as f64),
        count: n as i64,
        weather: ["drizzle", "rain", "sun", "snow"][n % 4].to_owned(),
    };
    (0..ROWS).map(observation).collect()
}

fn to_columns_by_hand(schema: &SchemaRef, rows: Vec<Observation>) -> RecordBatch {
    let mut date = Date32Builder::with_capacity(rows.len());
    let mut station = StringBuilder::with_capacity(rows.len(), rows.len() * 8);
    let mut temp_max = Float64Builder::with_capacity(rows.len());
    let mut temp_min = Float64Builder::with_capacity(rows.len());
    let mut count = Int64Builder::with_capacity(rows.len());
    let mut weather = StringBuilder::with_capacity(rows.len(), rows.len() * 8);
    for row in rows {
        date.append_value(Date32Type::from_naive_date(row.date.0));
        station.append_value(&row.station);
        temp_max.append_value(row.temp_max);
        temp_min.append_option(row.temp_min);
        count.append_value(row.count);
        weather.append_value(&row.weather);
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(date.finish()),
        Arc::new(station.finish()),
        Arc::new(temp_max.finish()),
        Arc::new(temp_min.finish()),
        Arc::new(count.finish()),
        Arc::new(weather.finish()),
    ];
    RecordBatch::try_new(schema.clone(), columns).unwrap()
}

fn to_rows_by_hand(batch: &RecordBatch) -> Vec<Observation> {
    let date = batch.column(0).as_primitive::<Date32Type>();
    let station = batch.column(1).as_string::<i32>();
    let temp_max = batch.column(2).as_primitive::<Float64Type>();
    let temp_min = batch.column(3).as_primitive::<Float64Type>();
    let count = batch.column(4).as_primitive::<Int64Type>();
    let weather = batch.column(5).as_string::<i32>();
    let observation = |at: usize| Observation {
        date: Date32Type::to_naive_date_opt(date.value(at))
            .unwrap()
            .into(),
        station: station.value(at).to_owned(),
        temp_max: temp_max.value(at),
        temp_min: temp_min.is_valid(at).then(|| temp_min.value(at)),
        count: count.value(at),
        weather: weather.value(at).to_owned(),
    };
    (0..batch.num_rows()).map(observation).collect()
}

fn to_columns(criterion: &mut Criterion) {
    let rows = observations();
    let schema = Observation::schema();
    let mut group = criterion.benchmark_group("to columns");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("by hand", |bencher| {
        let by_hand = |rows| black_box(to_columns_by_hand(&schema, rows));
        bencher.iter_batched(|| rows.clone(), by_hand, BatchSize::LargeInput);
    });
    group.bench_function("Row", |bencher| {
        let row = |rows: Vec<_>| black_box(Observation::to_batch(rows));
        bencher.iter_batched(|| rows.clone(), row, BatchSize::LargeInput);
    });
    group.finish();
}

fn to_rows(criterion: &mut Criterion) {
    let batch = Observation::to_batch(observations());
    let mut group = criterion.benchmark_group("to rows");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("by hand", |bencher| {
        bencher.iter_with_large_drop(|| to_rows_by_hand(black_box(&batch)));
    });
    group.bench_function("Row", |bencher| {
        bencher.iter_with_large_drop(|| Observation::from_batch(black_box(&batch)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, to_columns, to_rows);
criterion_main!(benches);
