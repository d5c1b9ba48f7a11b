//! Dictionaries that grow, as honest streams have them and as others do.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
    StructArray,
};
use arrow::datatypes::{Field, Int64Type};
use arrow_ipc::writer::DictionaryHandling;

use crate::wire::decode::{BatchDecoder, Decoded};
use crate::wire::encode::EncodeOptions;
use crate::wire::error::WireError;
use crate::wire::flight_data::Inbound;
use crate::wire::guard::GuardLimits;
use crate::wire::samples::{decode_all, encode, joined, read_all};
use crate::wire::script::Script;

/// A batch whose only row is the last value of its dictionary.
fn last_of(values: ArrayRef) -> RecordBatch {
    let keys = Int32Array::from(vec![values.len() as i32 - 1]);
    let column = DictionaryArray::new(keys, values);
    RecordBatch::try_from_iter([("d", Arc::new(column) as ArrayRef)]).unwrap()
}

/// The messages of these batches, of whose dictionaries only what is new is sent.
fn messages(batches: &[RecordBatch]) -> Vec<Inbound> {
    let options = EncodeOptions {
        dictionaries: DictionaryHandling::Delta,
        max_message_size: 1 << 30,
        ..EncodeOptions::default()
    };
    let wire = joined(encode(&batches[0].schema(), batches, options));
    read_all(Script::cut(&wire, &[1 << 14]), 1 << 30).unwrap()
}

/// Schema, a dictionary of so many numbers, a batch; one number more, and a batch that has it.
fn numbers(count: i64) -> [Inbound; 5] {
    let numbers = |count| Arc::new(Int64Array::from_iter_values(0..count));
    messages(&[last_of(numbers(count)), last_of(numbers(count + 1))])
        .try_into()
        .unwrap()
}

fn begun(start: &[&Inbound]) -> BatchDecoder {
    let mut decoder = BatchDecoder::new(GuardLimits::default());
    for message in start {
        decoder.decode(message).unwrap();
    }
    decoder
}

#[test]
fn deltas_are_put_together_on_a_blocking_thread_when_rows_need_them() {
    let [schema, dictionary, _, delta, batch] = numbers(1 << 19);
    let mut decoder = begun(&[&schema, &dictionary]);
    for _ in 0..5000 {
        let light = decoder.decode_if_light(&delta).unwrap();
        assert!(matches!(light, Some(Decoded::Dictionary)), "{light:?}");
    }
    assert!(decoder.decode_if_light(&batch).unwrap().is_none());
    let Decoded::Batch(found) = decoder.decode(&batch).unwrap() else {
        panic!("a batch");
    };
    let values = found
        .column(0)
        .as_dictionary::<arrow::datatypes::Int32Type>();
    let values = values.values().as_primitive::<Int64Type>().values();
    assert_eq!(values.len(), (1 << 19) + 5000);
    assert_eq!(
        values[(1 << 19) - 1..][..3],
        [(1 << 19) - 1, 1 << 19, 1 << 19]
    );
    // Until another comes, it stays as it is.
    let light = decoder.decode_if_light(&batch).unwrap();
    assert!(matches!(light, Some(Decoded::Batch(_))), "{light:?}");
}

#[test]
fn what_deltas_copy_is_bounded_by_what_has_come() {
    let [schema, dictionary, _, delta, batch] = numbers(1 << 19);
    let mut decoder = begun(&[&schema, &dictionary]);
    let turns = (0..1000).map(|_| {
        decoder.decode(&delta)?;
        decoder.decode(&batch)
    });
    let errors: Vec<_> = turns
        .enumerate()
        .filter(|(_, turn)| turn.is_err())
        .collect();
    let Some((turn, Err(error))) = errors.first() else {
        panic!("4 GiB were copied");
    };
    assert!(matches!(error, WireError::TooLarge { .. }), "{error}");
    assert!(error.to_string().contains("deltas"), "{error}");
    assert!((100..200).contains(turn), "{turn}");
}

#[test]
fn an_honest_stream_may_have_a_delta_for_each_of_its_batches() {
    let words: Vec<String> = (0..3000).map(|n| format!("the word number {n}")).collect();
    let batch = |count: usize| last_of(Arc::new(StringArray::from_iter_values(&words[..count])));
    let batches: Vec<_> = (1..=3000).map(batch).collect();
    assert_eq!(decode_all(&messages(&batches)).unwrap(), batches);
}

/// A dictionary of so many structs, each with a word of a dictionary.
fn nested(words: &[String]) -> RecordBatch {
    let keys = Int32Array::from_iter_values(0..words.len() as i32);
    let words = Arc::new(StringArray::from_iter_values(words));
    let words: ArrayRef = Arc::new(DictionaryArray::new(keys, words));
    let field = Field::new("word", words.data_type().clone(), true);
    last_of(Arc::new(StructArray::from(vec![(Arc::new(field), words)])))
}

#[test]
fn a_dictionary_may_have_others_that_grow() {
    let words: Vec<_> = (0..3).map(|n| n.to_string()).collect();
    let batches = [nested(&words[..2]), nested(&words)];
    assert_eq!(decode_all(&messages(&batches)).unwrap(), batches);
}

#[test]
fn what_dictionaries_hold_of_others_counts() {
    let words: Vec<_> = (0..1001).map(|n| format!("{n:0>1000}")).collect();
    let messages = messages(&[nested(&words[..1000]), nested(&words)]);
    let [start @ .., inner, outer, _] = &messages[..] else {
        panic!("two deltas and a batch");
    };
    let mut decoder = begun(&start.iter().collect::<Vec<_>>());
    let turns = (0..1000).map(|_| {
        decoder.decode(inner)?;
        decoder.decode(outer)
    });
    let turns: Vec<_> = turns.take_while(Result::is_ok).collect();
    assert!(turns.len() < 100, "{}", turns.len());
}

#[test]
fn a_delta_of_no_dictionary_is_an_error() {
    let [schema, dictionary, _, delta, _] = numbers(4);
    let mut decoder = begun(&[&schema]);
    let text = decoder.decode(&delta).unwrap_err().to_string();
    assert!(text.contains("delta"), "{text}");
    // Nor does one go on behind the dictionary that takes its place.
    let mut decoder = begun(&[&schema, &dictionary, &delta, &dictionary]);
    let [_, _, batch, ..] = numbers(4);
    let Decoded::Batch(found) = decoder.decode(&batch).unwrap() else {
        panic!("a batch");
    };
    assert_eq!(found.column(0).as_any_dictionary().values().len(), 4);
}

#[test]
fn deltas_that_wait_count_with_what_they_take() {
    let [schema, dictionary, _, delta, batch] = numbers(4);
    let mut decoder = BatchDecoder::new(GuardLimits {
        dictionaries: 1 << 20,
        ..GuardLimits::default()
    });
    for message in [&schema, &dictionary] {
        decoder.decode(message).unwrap();
    }
    let deltas = (0..10_000).map(|_| decoder.decode(&delta));
    let taken = deltas.take_while(Result::is_ok).count();
    assert!((500..5000).contains(&taken), "{taken}");
    // Those that are put together take their values alone.
    let mut decoder = BatchDecoder::new(GuardLimits {
        dictionaries: 1 << 20,
        ..GuardLimits::default()
    });
    for message in [&schema, &dictionary] {
        decoder.decode(message).unwrap();
    }
    for _ in 0..10 {
        for _ in 0..500 {
            decoder.decode(&delta).unwrap();
        }
        decoder.decode(&batch).unwrap();
    }
}
