//! The data plane by itself, for the benches of this crate.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures::FutureExt;

use super::compression::Encoding;
use super::decode::{BatchDecoder, Decoded};
use super::encode::{BatchEncoder, EncodeOptions};
use super::error::{BoxError, WireError};
use super::flight_data::{FlightDataReader, Inbound, Limits};
use super::guard::{GuardLimits, check_batch, parse_header};
use super::script::Script;
use super::segments::Segments;

/// Encodes batches as one stream: how many bytes, in how many segments a socket would be shown.
///
/// # Errors
///
/// Whatever the encoder says.
pub fn encode(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<(usize, usize), BoxError> {
    let mut total = (0, 0);
    stream(schema, batches, |frame| {
        total.0 += frame.remaining();
        let mut slices = [std::io::IoSlice::new(&[]); 64];
        total.1 += frame.chunks_vectored(&mut slices);
    })?;
    Ok(total)
}

fn stream(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    mut take: impl FnMut(Segments),
) -> Result<(), WireError> {
    let mut encoder = BatchEncoder::new(schema, EncodeOptions::default())?;
    take(encoder.schema(None)?);
    let mut out = VecDeque::new();
    for batch in batches {
        encoder.batch(batch, None, &mut out)?;
        out.drain(..).for_each(&mut take);
    }
    Ok(())
}

/// A stream as it arrives: in chunks, as HTTP/2 hands out its frames.
#[derive(Clone, Debug)]
pub struct Upload(VecDeque<Bytes>);

impl Upload {
    /// The stream of these batches in chunks of this size.
    ///
    /// # Errors
    ///
    /// Whatever the encoder says.
    pub fn new(
        schema: &SchemaRef,
        batches: &[RecordBatch],
        chunk: usize,
    ) -> Result<Self, BoxError> {
        let mut all = BytesMut::new();
        stream(schema, batches, |frame| all.put(frame))?;
        let mut all = all.freeze();
        let mut chunks = VecDeque::new();
        while !all.is_empty() {
            chunks.push_back(all.split_to(chunk.clamp(1, all.len())));
        }
        Ok(Self(chunks))
    }

    fn reader(self) -> FlightDataReader<Script> {
        let limits = Limits {
            message: usize::MAX,
        };
        FlightDataReader::new(Script(self.0), Encoding::Identity, limits)
    }

    /// Reads and decodes it: how many rows.
    ///
    /// # Errors
    ///
    /// Whatever the parser and the decoder say.
    pub fn decode(self) -> Result<usize, BoxError> {
        let mut reader = self.reader();
        let mut decoder = BatchDecoder::new(GuardLimits::default());
        let mut rows = 0;
        // Everything is there, so that nothing waits.
        while let Some(inbound) = reader.next().now_or_never().transpose()?.flatten() {
            if let Decoded::Batch(batch) = decoder.decode(&inbound)? {
                rows += batch.num_rows();
            }
        }
        Ok(rows)
    }
}

/// The messages of a stream, to be checked and no more.
#[derive(Debug)]
pub struct Checked {
    schema: SchemaRef,
    messages: Vec<Inbound>,
}

impl Checked {
    /// The stream of these batches, without its schema.
    ///
    /// # Errors
    ///
    /// Whatever the encoder and the parser say.
    pub fn new(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Self, BoxError> {
        let mut reader = Upload::new(schema, batches, usize::MAX)?.reader();
        let mut messages = Vec::new();
        while let Some(inbound) = reader.next().now_or_never().transpose()?.flatten() {
            messages.push(inbound);
        }
        let schema = Arc::clone(schema);
        Ok(Self { schema, messages })
    }

    /// Does what the guard does before Arrow's decoder sees the batches: how many there were.
    ///
    /// # Errors
    ///
    /// Whatever the guard says.
    pub fn check(&self) -> Result<usize, BoxError> {
        let limits = GuardLimits::default();
        let mut batches = 0;
        for Inbound { header, body, .. } in &self.messages {
            let message = parse_header(header, &limits)?;
            let Some(batch) = message.header_as_record_batch() else {
                continue;
            };
            let fields = self.schema.fields().iter().map(AsRef::as_ref);
            check_batch(batch, fields, body, message.version(), &limits)?;
            batches += 1;
        }
        Ok(batches)
    }
}
