#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_ipc::writer::DictionaryHandling;
use bytes::{Buf, Bytes};
use futures::stream::{self, StreamExt};

use super::{BatchStream, Compression, Event, Message, Received};
use crate::wire::compression::Encoding;
use crate::wire::decode::BatchDecoder;
use crate::wire::encode::{BatchEncoder, EncodeOptions};
use crate::wire::flight_data::{FlightDataReader, Limits};
use crate::wire::guard::GuardLimits;
use crate::wire::script::Script;
use crate::{Code, Error};

/// A stream whose schema comes behind so many messages of metadata alone.
fn early(metadata: &[usize]) -> BatchStream {
    let early = metadata.iter().map(|len| Bytes::from(vec![7; *len]));
    let early: Vec<_> = early.map(Message::metadata).collect();
    let early = early.into_iter().map(|message| Ok(Event::Message(message)));
    let batch = numbers();
    let events = early.chain([Ok(Event::Schema(batch.schema()))]);
    BatchStream::from_events(None, stream::iter(events).boxed())
}

fn numbers() -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    RecordBatch::try_from_iter([("n", numbers)]).unwrap()
}

#[tokio::test]
async fn what_comes_before_the_schema_is_bounded_by_number_and_by_size() {
    let told = async |metadata: &[usize]| early(metadata).schema().await.err();
    assert!(told(&[1; 1024]).await.is_none());
    assert!(told(&[1 << 19, 1 << 19]).await.is_none());
    for (metadata, what) in [
        (&[1; 1025][..], "1024 messages"),
        (&[1 << 19, 1 << 19, 1], "1048577 bytes of metadata"),
        (&[5 << 20], "5242880 bytes of metadata"),
    ] {
        let error = told(metadata).await.unwrap();
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert!(error.message().starts_with(what), "{error}");
    }
}

#[tokio::test]
async fn batches_that_are_mapped_go_out_as_they_would_have() {
    let batch = numbers();
    let schema = batch.schema();
    let stream = BatchStream::from_batches(schema.clone(), [batch])
        .with_compression(Compression::Zstd)
        .with_dictionary_deltas()
        .with_info_metadata("info")
        .with_schema_metadata("schema")
        .with_total_bytes(24);
    let mapped = stream.map_batches(schema, |batch| Ok(batch.slice(0, 1)));
    assert_eq!(mapped.options.compression, Compression::Zstd);
    assert!(mapped.options.dictionary_deltas);
    assert_eq!(mapped.options.info_metadata, "info");
    assert_eq!(mapped.options.schema_metadata.unwrap(), "schema");
    // How much it is may have changed.
    assert_eq!(mapped.options.total_records, None);
    assert_eq!(mapped.options.total_bytes, None);
}

/// Schema, dictionary, batch, delta and batch, each as it travels.
fn growing() -> Vec<Bytes> {
    let batch = |words: &[&str]| {
        let keys = Int32Array::from(vec![0]);
        let column = DictionaryArray::new(keys, Arc::new(StringArray::from(words.to_vec())));
        RecordBatch::try_from_iter([("d", Arc::new(column) as ArrayRef)]).unwrap()
    };
    let options = EncodeOptions {
        dictionaries: DictionaryHandling::Delta,
        ..EncodeOptions::default()
    };
    let batches = [batch(&["a"]), batch(&["a", "b"])];
    let mut encoder = BatchEncoder::new(&batches[0].schema(), options).unwrap();
    let mut out = VecDeque::from([encoder.schema(None).unwrap()]);
    for batch in &batches {
        encoder.batch(batch, None, &mut out).unwrap();
    }
    let bytes = out
        .into_iter()
        .map(|mut frame| frame.copy_to_bytes(frame.remaining()));
    bytes.collect()
}

/// The batches of an upload that is all there, and how often it let others go on before each.
async fn turns(messages: Vec<Bytes>) -> Vec<usize> {
    let body = Script([Bytes::from(messages.concat())].into());
    let limits = Limits { message: 1 << 20 };
    let reader = FlightDataReader::new(body, Encoding::Identity, limits);
    let decoder = BatchDecoder::new(GuardLimits::default());
    let received = Received::new(reader, decoder, None, Error::from);
    let mut stream = Box::new(received).into_stream();
    let mut turns = Vec::new();
    loop {
        let mut pauses = 0;
        let batch = poll_fn(|cx| {
            let next = stream.poll_next_unpin(cx);
            pauses += usize::from(next.is_pending());
            next
        });
        let batch = batch.await;
        match batch.transpose().unwrap() {
            Some(_) => turns.push(pauses),
            None => return turns,
        }
    }
}

#[tokio::test]
async fn messages_that_are_not_handed_on_let_others_have_their_turn() {
    let messages = growing();
    let [schema, dictionary, first, delta, second] = &messages[..] else {
        panic!("five messages");
    };
    assert_eq!(turns(messages.clone()).await, [0, 0]);
    let mut many = vec![schema.clone(), dictionary.clone(), first.clone()];
    many.extend(vec![delta.clone(); 1000]);
    many.push(second.clone());
    // Nothing in them at all.
    many.extend(vec![Bytes::from_static(&[0; 5]); 1000]);
    many.push(second.clone());
    let turns = turns(many).await;
    let [first, deltas, nothing] = turns[..] else {
        panic!("three batches, not {turns:?}");
    };
    assert_eq!(first, 0);
    assert!(deltas > 4 && nothing > 4, "{turns:?}");
}
