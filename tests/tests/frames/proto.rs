//! Flight's messages in protobuf, by hand.

use flight_runtime::arrow_flight::FlightData;
use flight_runtime::arrow_flight::encode::FlightDataEncoderBuilder;
use flight_runtime::prelude::*;
use futures::{StreamExt, TryStreamExt, stream};

pub(crate) fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A field that has a length.
pub(crate) fn bytes(number: u64, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    varint(&mut out, number << 3 | 2);
    varint(&mut out, value.len() as u64);
    out.extend_from_slice(value);
    out
}

/// A message as gRPC has it: a flag, a length, the message.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let mut framed = vec![0];
    framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend_from_slice(message);
    framed
}

/// A Ticket, and an Action without a body.
pub(crate) fn named(name: &str) -> Vec<u8> {
    bytes(1, name.as_bytes())
}

pub(crate) fn action(name: &str, body: &str) -> Vec<u8> {
    [named(name), bytes(2, body.as_bytes())].concat()
}

/// A FlightDescriptor of a path.
pub(crate) fn path(path: &str) -> Vec<u8> {
    let mut descriptor = vec![8, 1];
    for segment in path.split('/') {
        descriptor.extend(bytes(3, segment.as_bytes()));
    }
    descriptor
}

fn data(data: &FlightData, to: Option<&str>) -> Vec<u8> {
    let mut message = Vec::new();
    if let Some(to) = to {
        message.extend(bytes(1, &path(to)));
    }
    message.extend(bytes(2, &data.data_header));
    message.extend(bytes(1000, &data.data_body));
    message
}

/// An upload to this path: a message of the schema, and one for each batch.
pub(crate) async fn upload(to: &str, batches: Vec<RecordBatch>) -> Vec<Vec<u8>> {
    let messages: Vec<FlightData> = FlightDataEncoderBuilder::new()
        .build(stream::iter(batches).map(Ok))
        .try_collect()
        .await
        .unwrap();
    let first = (0..).map(|message| (message == 0).then_some(to));
    let messages = messages.iter().zip(first);
    messages.map(|(message, to)| data(message, to)).collect()
}
