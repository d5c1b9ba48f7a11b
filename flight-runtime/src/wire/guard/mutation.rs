//! Streams of every type, damaged at random: none may panic, and what is accepted must
//! be valid.

use std::time::{Duration, Instant};

use arrow::array::RecordBatch;

use super::GuardLimits;
use crate::wire::decode::{BatchDecoder, Decoded, PANIC};
use crate::wire::encode::{Compression, EncodeOptions};
use crate::wire::flight_data::Inbound;
use crate::wire::samples::{Random, Script, encode, every_type, joined, read_all};

/// Streams of one column each, in every encoding.
fn corpus() -> Vec<Vec<Inbound>> {
    let batch = every_type(30);
    let codecs = [
        None,
        cfg!(feature = "lz4").then_some(Compression::Lz4),
        cfg!(feature = "zstd").then_some(Compression::Zstd(None)),
    ];
    let mut streams = Vec::new();
    for index in 0..batch.num_columns() {
        let column = batch.project(&[index]).unwrap();
        for compression in codecs {
            let options = EncodeOptions {
                compression,
                ..EncodeOptions::default()
            };
            let wire = joined(encode(
                &column.schema(),
                std::slice::from_ref(&column),
                options,
            ));
            streams.push(read_all(Script::cut(&wire, &[1 << 14]), 1 << 20).unwrap());
        }
    }
    streams
}

/// Changes some bytes, in the ways that break parsers: bits, lengths, signs.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len());
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => {
                let small = (random.below(40) as i64 - 8).to_le_bytes();
                overwrite(bytes, at & !7, &small);
            }
            3 => {
                let edges = [
                    0,
                    -1,
                    1,
                    i64::MAX,
                    i64::MIN,
                    1 << 31,
                    (1 << 31) - 1,
                    1 << 40,
                ];
                let edge = edges[random.below(edges.len())];
                overwrite(bytes, at & !7, &edge.to_le_bytes());
            }
            4 => {
                let edges = [0, -1, 1, i32::MAX, i32::MIN, 64, 1 << 20];
                let edge = edges[random.below(edges.len())];
                overwrite(bytes, at & !3, &edge.to_le_bytes());
            }
            5 => {
                let from = random.below(bytes.len());
                let piece = bytes[from..(from + 16).min(bytes.len())].to_vec();
                overwrite(bytes, at & !3, &piece);
            }
            6 => bytes[at] = bytes[at].wrapping_add(1),
            _ => {
                if random.below(8) == 0 {
                    bytes.truncate(at);
                    return;
                }
            }
        }
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    for (slot, byte) in bytes.iter_mut().skip(at).zip(with) {
        *slot = *byte;
    }
}

/// Set `FLIGHT_WIRE_MUTATIONS` for a longer run.
#[test]
fn mutated_streams_neither_panic_nor_take_long() {
    let count = std::env::var("FLIGHT_WIRE_MUTATIONS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(20_000);
    let corpus = corpus();
    let mut random = Random(7);
    let (mut accepted, mut refused, mut slowest) = (0, 0, Duration::ZERO);
    for round in 0..count {
        let stream = &corpus[random.below(corpus.len())];
        let target = random.below(stream.len());
        let in_body = random.below(3) == 0 && !stream[target].body.is_empty();
        let started = Instant::now();
        let mut decoder = BatchDecoder::new(GuardLimits::default());
        for (index, message) in stream.iter().enumerate() {
            let mut message = message.clone();
            if index == target && in_body {
                let mut body = message.body.to_vec();
                mutate(&mut body, &mut random);
                message.body = arrow::buffer::Buffer::from_slice_ref(&body);
            } else if index == target {
                let mut header = message.header.to_vec();
                mutate(&mut header, &mut random);
                message.header = header.into();
            }
            match decoder.decode(&message) {
                Ok(Decoded::Batch(batch)) => {
                    accepted += 1;
                    walk(&batch);
                }
                Ok(_) => {}
                Err(error) => {
                    refused += 1;
                    let text = error.to_string();
                    let column = stream[0].header.len();
                    assert!(
                        !text.contains(PANIC),
                        "round {round}, schema of {column}: {text}"
                    );
                    break;
                }
            }
        }
        slowest = slowest.max(started.elapsed());
    }
    assert!(
        accepted > count / 20 && refused > count / 20,
        "{accepted}, {refused}"
    );
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

/// What was accepted must be usable.
fn walk(batch: &RecordBatch) {
    for column in batch.columns() {
        if column.len() < 1000 {
            column.to_data().validate_full().unwrap();
        }
    }
}
