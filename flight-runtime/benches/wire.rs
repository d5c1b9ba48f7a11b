//! Encoding and decoding alone: no socket, no HTTP/2, one thread.
//!
//! ```text
//! cargo bench -p flight-runtime --features bench
//! ```
//!
//! Beside each stands what arrow-flight's encoder and decoder take for the same batches, up to the point where tonic takes
//! over: behind it every byte is copied once more, and before it once.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flight_runtime::__bench::{Checked, Upload, encode};
use flight_runtime::arrow::array::{
    ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use flight_runtime::arrow::datatypes::Int32Type;
use flight_runtime::arrow_flight::FlightData;
use flight_runtime::arrow_flight::decode::FlightRecordBatchStream;
use flight_runtime::arrow_flight::encode::FlightDataEncoderBuilder;
use futures::future::FutureExt;
use futures::stream::{self, TryStreamExt};

/// Numbers that look random and are the same each time.
fn noise(count: usize, salt: u64) -> impl Iterator<Item = u64> {
    (0..count as u64).map(move |n| (n + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20)
}

fn numeric(rows: usize) -> RecordBatch {
    let columns = (0..8).map(|index| {
        let values = noise(rows, index);
        let column: ArrayRef = match index % 2 {
            0 => Arc::new(Int64Array::from_iter_values(values.map(|n| n as i64))),
            _ => Arc::new(Float64Array::from_iter_values(values.map(|n| n as f64))),
        };
        (format!("n{index}"), column)
    });
    RecordBatch::try_from_iter(columns).unwrap()
}

fn strings(rows: usize) -> RecordBatch {
    let columns = (0..4).map(|index| {
        let values = noise(rows, index).map(|n| n.to_string());
        let column: ArrayRef = Arc::new(StringArray::from_iter_values(values));
        (format!("s{index}"), column)
    });
    RecordBatch::try_from_iter(columns).unwrap()
}

fn dictionaries(rows: usize, values: &ArrayRef) -> RecordBatch {
    let columns = (0..8).map(|index| {
        let keys = Int32Array::from_iter_values(noise(rows, index).map(|n| (n % 1024) as i32));
        let column = DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(values)).unwrap();
        (format!("d{index}"), Arc::new(column) as ArrayRef)
    });
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Batches of about 4 MiB, but for the small ones, 32 MiB in all.
fn sets() -> Vec<(&'static str, Vec<RecordBatch>)> {
    let words = StringArray::from_iter_values((0..1024).map(|n| format!("word number {n}")));
    let words: ArrayRef = Arc::new(words);
    vec![
        ("numeric", vec![numeric(65_536); 8]),
        ("strings", vec![strings(60_000); 8]),
        ("dictionaries", vec![dictionaries(131_072, &words); 8]),
        ("small", vec![numeric(1000); 512]),
    ]
}

/// What a future gives that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("everything is there")
}

fn by_arrow_flight(batches: &[RecordBatch]) -> Vec<FlightData> {
    let batches: Vec<_> = batches.iter().cloned().map(Ok).collect();
    let encoder = FlightDataEncoderBuilder::new().build(stream::iter(batches));
    ready(encoder.try_collect()).unwrap()
}

fn encoding(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    for (name, batches) in sets() {
        let schema = batches[0].schema();
        let (bytes, segments) = encode(&schema, &batches).unwrap();
        println!("{name}: {bytes} bytes in {segments} segments");
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_with_input(BenchmarkId::new("ours", name), &batches, |b, batches| {
            b.iter(|| encode(&schema, black_box(batches)).unwrap());
        });
        group.bench_with_input(
            BenchmarkId::new("arrow-flight", name),
            &batches,
            |b, batches| b.iter(|| by_arrow_flight(black_box(batches)).len()),
        );
    }
    group.finish();
}

fn decoding(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    for (name, batches) in sets() {
        let schema = batches[0].schema();
        let (bytes, _) = encode(&schema, &batches).unwrap();
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        // The frames of Rust's and Go's clients, and those of C++'s.
        for (frames, chunk) in [("16 KiB", 16 << 10), ("1 MiB", 1 << 20)] {
            let upload = Upload::new(&schema, &batches, chunk).unwrap();
            let id = BenchmarkId::new(format!("ours, {frames} frames"), name);
            group.bench_with_input(id, &upload, |b, upload| {
                b.iter(|| assert_eq!(upload.clone().decode().unwrap(), rows));
            });
        }
        let messages = by_arrow_flight(&batches);
        let id = BenchmarkId::new("arrow-flight, messages", name);
        group.bench_with_input(id, &messages, |b, messages| {
            b.iter(|| {
                let messages: Vec<_> = messages.iter().cloned().map(Ok).collect();
                let messages = stream::iter(messages);
                let decoder = FlightRecordBatchStream::new_from_flight_data(messages);
                let decoded: Vec<RecordBatch> = ready(decoder.try_collect()).unwrap();
                assert_eq!(
                    decoded.iter().map(RecordBatch::num_rows).sum::<usize>(),
                    rows
                );
            });
        });
    }
    group.finish();
}

/// What the guard takes of batches of 1 MiB, beside all that is done between a socket's chunks and their rows: its share of that is to be at
/// most 1 %, and is less of a DoPut, which has HTTP/2 and system calls besides.
fn guarding(c: &mut Criterion) {
    let words = StringArray::from_iter_values((0..1024).map(|n| format!("word number {n}")));
    let words: ArrayRef = Arc::new(words);
    let sets = [
        ("numeric", numeric(16_384)),
        ("strings", strings(15_000)),
        ("dictionaries", dictionaries(32_768, &words)),
    ];
    let mut group = c.benchmark_group("1 MiB");
    for (name, batch) in sets {
        let (schema, batches) = (batch.schema(), vec![batch; 32]);
        let (bytes, _) = encode(&schema, &batches).unwrap();
        group.throughput(Throughput::Bytes(bytes as u64));
        let checked = Checked::new(&schema, &batches).unwrap();
        group.bench_function(BenchmarkId::new("guard", name), |b| {
            b.iter(|| assert_eq!(black_box(&checked).check().unwrap(), batches.len()));
        });
        let upload = Upload::new(&schema, &batches, 1 << 20).unwrap();
        group.bench_with_input(BenchmarkId::new("all", name), &upload, |b, upload| {
            b.iter(|| upload.clone().decode().unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, encoding, decoding, guarding);
criterion_main!(benches);
