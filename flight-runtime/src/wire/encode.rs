//! Record batches to `FlightData` messages that share the arrays' memory.
//!
//! Arrow's [`StreamEncoder`] gives an IPC stream as a list of buffers, in which
//! uncompressed columns are the arrays' own memory.
//! [`ipc_stream`](super::ipc_stream) takes the stream apart and
//! [`message`](super::message) frames what it finds. Nothing of a flatbuffer is made by
//! hand, so that new types and fixes come with Arrow.
//!
//! A prototype of this design took a third to a fifth of the processor time of
//! `FlightDataEncoderBuilder`, which copies every byte twice.

use std::collections::VecDeque;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{
    DictionaryHandling, DictionaryTracker, IpcDataGenerator, IpcWriteOptions, StreamEncoder,
};
use bytes::Bytes;

use super::compact::Compactor;
use super::error::WireError;
use super::ipc_stream::{IpcStream, inconsistent};
use super::matching::first_difference;
use super::message::{APP_METADATA, HARD_MAX_MESSAGE_SIZE, Message, field_len};
use super::segments::Segments;
use super::size::BodySize;

/// The largest message that every client takes without settings of its own: the
/// default of tonic, grpc-go and others is 4 MiB, the message alone, without
/// its prefix. Lengths here are exact, so no slack is needed.
pub(crate) const DEFAULT_MAX_MESSAGE_SIZE: usize = 4 << 20;

/// Row counts of slices are multiples of this where possible, so that bitmaps are cut
/// at whole bytes (shared instead of shifted) and values at cache lines.
const ROWS_ALIGN: usize = 64;

/// Body compression of the Arrow IPC format, which readers undo buffer by buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// LZ4 frames: fast, and read everywhere.
    Lz4,
    /// Zstandard at a level, or at its default of 3.
    Zstd(Option<i32>),
}

/// How a stream of batches is written.
#[derive(Debug, Clone)]
pub(crate) struct EncodeOptions {
    /// Default: none, because on a fast link compression only loses.
    pub(crate) compression: Option<Compression>,
    /// What is sent when a dictionary grows: all of it, or only what is new.
    /// Default: all of it, because not every reader knows deltas.
    pub(crate) dictionaries: DictionaryHandling,
    /// Batches are cut into slices whose messages are not larger, as far as rows and
    /// dictionaries permit. Default: [`DEFAULT_MAX_MESSAGE_SIZE`].
    pub(crate) max_message_size: usize,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self {
            compression: None,
            dictionaries: DictionaryHandling::Resend,
            max_message_size: DEFAULT_MAX_MESSAGE_SIZE,
        }
    }
}

/// Writes one stream of batches that share a schema: a DoGet, or one direction of a
/// DoExchange.
pub(crate) struct BatchEncoder {
    schema: SchemaRef,
    /// The flatbuffer of the schema message.
    header: Bytes,
    encoder: StreamEncoder,
    /// `encoder` emits a schema message with its first batch, which is dropped.
    started: bool,
    compact: Compactor,
    /// Whether dictionaries may come before rows.
    dictionaries: bool,
    compressed: bool,
    max_message_size: usize,
}

impl BatchEncoder {
    /// An encoder for batches of `schema`.
    ///
    /// # Errors
    ///
    /// [`WireError::Encode`] for a schema that the IPC format cannot express (a
    /// dictionary of a dictionary), a ZSTD level out of range, or a compression whose
    /// feature of this crate is off.
    pub(crate) fn new(schema: &SchemaRef, options: EncodeOptions) -> Result<Self, WireError> {
        let write = write_options(&options)?;
        // The encoder emits its schema message only with the first batch, but the
        // schema goes out before a batch is there, and for streams that stay empty.
        // A second generator with a tracker of its own makes the same message: ids are
        // assigned to dictionary fields in the order of the schema.
        let encoder = StreamEncoder::try_new_with_options(schema, write.clone())?;
        let encoded = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
            schema,
            &mut DictionaryTracker::new(false),
            &write,
        );
        Ok(Self {
            header: encoded.ipc_message.into(),
            encoder,
            started: false,
            compact: Compactor::new(schema),
            dictionaries: has_dictionaries(schema),
            compressed: options.compression.is_some(),
            max_message_size: options.max_message_size.clamp(1, HARD_MAX_MESSAGE_SIZE),
            schema: SchemaRef::clone(schema),
        })
    }

    /// The message that opens the stream. Call it before the first batch.
    pub(crate) fn schema(&mut self, app_metadata: Option<Bytes>) -> Result<Segments, WireError> {
        Message {
            header: self.header.clone(),
            body_len: 0,
            body: Vec::new(),
        }
        .frame(app_metadata, false)
    }

    /// A message that carries `app_metadata` alone: no header, no body.
    pub(crate) fn metadata(app_metadata: Bytes) -> Result<Segments, WireError> {
        Message::EMPTY.frame(Some(app_metadata), false)
    }

    /// Appends the messages of `batch` to `out`: dictionaries that are new or changed,
    /// then the rows, in several messages if one would be over the maximum size.
    ///
    /// `app_metadata` goes with the first message of rows. A batch without rows is one
    /// message without rows. Dictionaries and single rows cannot be divided and are
    /// sent although they are over the maximum.
    ///
    /// # Errors
    ///
    /// [`WireError::Encode`] when the batch does not fit the schema of the stream, or a
    /// dictionary or row is over the 2 GiB of the protocol. Then nothing was appended,
    /// and the encoder must not be used any further.
    pub(crate) fn batch(
        &mut self,
        batch: &RecordBatch,
        mut app_metadata: Option<Bytes>,
        out: &mut VecDeque<Segments>,
    ) -> Result<(), WireError> {
        if let Some(difference) = first_difference(&self.schema, batch) {
            return Err(ArrowError::SchemaError(difference).into());
        }
        let before = out.len();
        let written = self.pieces(batch, &mut app_metadata, out);
        if written.is_err() {
            out.truncate(before);
        }
        written
    }

    /// The batch in one message, or cut into as many as it takes.
    fn pieces(
        &mut self,
        batch: &RecordBatch,
        app_metadata: &mut Option<Bytes>,
        out: &mut VecDeque<Segments>,
    ) -> Result<(), WireError> {
        let compacted = self.compact.batch(batch)?;
        let batch = compacted.as_ref().unwrap_or(batch);
        // Metadata that fills the message by itself does not make rows smaller.
        let metadata_len = app_metadata
            .as_ref()
            .map_or(0, |metadata| field_len(APP_METADATA, metadata.len()));
        let limit = match self.max_message_size.saturating_sub(metadata_len) {
            room if room < self.max_message_size / 2 => self.max_message_size,
            room => room,
        };
        // What is compressed is cut by its plain size, before the work is done. It
        // ends up smaller than need be, which also bounds what a reader must hold.
        if self.compressed {
            let plain = BodySize::of(batch);
            let rows = rows_that_fit(batch.num_rows(), plain.bytes, plain.overhead, limit);
            if let Some(rows) = rows {
                return self.cut(batch, rows, app_metadata, out);
            }
        }
        let (dictionaries, message) = self.encode(batch)?;
        for dictionary in dictionaries {
            out.push_back(dictionary.frame(None, true)?);
        }
        let size = message.size(None, true);
        match rows_that_fit(batch.num_rows(), size, message.overhead(), limit) {
            // The message is thrown away: without compression it cost next to
            // nothing, and with it a piece gets here only if it did not shrink.
            Some(rows) => {
                drop(message);
                self.cut(batch, rows, app_metadata, out)
            }
            None => {
                out.push_back(message.frame(app_metadata.take(), true)?);
                Ok(())
            }
        }
    }

    /// The batch in slices of so many rows, about half of them at most, which bounds how deep this goes.
    fn cut(
        &mut self,
        batch: &RecordBatch,
        rows: usize,
        app_metadata: &mut Option<Bytes>,
        out: &mut VecDeque<Segments>,
    ) -> Result<(), WireError> {
        let (total, rows) = (batch.num_rows(), rows.max(1));
        for start in (0..total).step_by(rows) {
            let piece = batch.slice(start, rows.min(total - start));
            self.pieces(&piece, app_metadata, out)?;
        }
        Ok(())
    }

    /// The messages of `batch`: dictionaries, and the rows.
    fn encode(&mut self, batch: &RecordBatch) -> Result<(Vec<Message>, Message), WireError> {
        let mut stream = IpcStream::new(self.encoder.encode(batch)?);
        if !self.started {
            let schema = stream.message()?;
            // Dictionary batches refer to ids that this message assigns, and the
            // reader knows those of the one that was sent.
            if !schema.is_some_and(|schema| schema.header.starts_with(&self.header)) {
                return Err(inconsistent(
                    "its schema message differs from the first one",
                ));
            }
            self.started = true;
        }
        if !self.dictionaries {
            return Ok((Vec::new(), stream.rest()?));
        }
        let mut messages = Vec::new();
        while let Some(message) = stream.message()? {
            messages.push(message);
        }
        let rows = messages.pop().ok_or_else(|| inconsistent("no message"))?;
        Ok((messages, rows))
    }
}

fn has_dictionaries(schema: &Schema) -> bool {
    let fields = schema.flattened_fields();
    let dictionary = |field: &&Field| matches!(field.data_type(), DataType::Dictionary(..));
    fields.iter().any(dictionary)
}

fn write_options(options: &EncodeOptions) -> Result<IpcWriteOptions, WireError> {
    let write = IpcWriteOptions::default().with_dictionary_handling(options.dictionaries);
    let (codec, level, on, name) = match options.compression {
        None => return Ok(write),
        Some(Compression::Lz4) => (
            CompressionType::LZ4_FRAME,
            None,
            cfg!(feature = "lz4"),
            "lz4",
        ),
        Some(Compression::Zstd(level)) => {
            (CompressionType::ZSTD, level, cfg!(feature = "zstd"), "zstd")
        }
    };
    if !on {
        return Err(ArrowError::InvalidArgumentError(format!(
            "{name} body compression needs the feature `{name}` of flight-runtime"
        ))
        .into());
    }
    Ok(write
        .try_with_compression(Some(codec))?
        .try_with_compression_level(level)?)
}

/// How many rows of `rows` fit into `limit`, if not all of them do.
///
/// `size` is that of all rows, of which `overhead` does not depend on their number.
fn rows_that_fit(rows: usize, size: usize, overhead: usize, limit: usize) -> Option<usize> {
    if size <= limit || rows <= 1 {
        return None;
    }
    let variable = size.saturating_sub(overhead).max(1);
    let room = limit.saturating_sub(overhead);
    // Equal pieces rather than full ones and a small rest.
    let pieces = variable.div_ceil(room.max(1)).max(2);
    let fit = rows.div_ceil(pieces);
    let aligned = fit - fit % ROWS_ALIGN;
    Some(if aligned > 0 { aligned } else { fit }.max(1))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use arrow_flight::FlightData;
    use bytes::Buf;
    use prost::Message as _;

    use super::*;
    use crate::wire::grpc::PREFIX_LEN;

    fn encoder(schema: &SchemaRef, max_message_size: usize) -> BatchEncoder {
        let options = EncodeOptions {
            max_message_size,
            ..EncodeOptions::default()
        };
        BatchEncoder::new(schema, options).unwrap()
    }

    fn numbers(rows: i64) -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
        RecordBatch::try_from_iter([("n", numbers)]).unwrap()
    }

    /// The message inside of a frame.
    fn flight_data(frame: Segments) -> FlightData {
        let mut bytes = frame.into_bytes();
        assert_eq!(bytes.get_u8(), 0);
        assert_eq!(bytes.get_u32() as usize, bytes.len());
        FlightData::decode(bytes).unwrap()
    }

    #[test]
    fn fields_are_those_of_flight_data() {
        let batch = numbers(1000);
        let mut encoder = encoder(&batch.schema(), DEFAULT_MAX_MESSAGE_SIZE);
        let schema = flight_data(encoder.schema(Some(Bytes::from_static(b"first"))).unwrap());
        assert_eq!(schema.app_metadata, "first");
        assert!(schema.data_body.is_empty());
        let mut out = VecDeque::new();
        encoder.batch(&batch, None, &mut out).unwrap();
        let frame = out.pop_front().unwrap();
        assert!(out.is_empty());
        let data = flight_data(frame);
        assert_eq!(
            &data.data_body[..8000],
            batch.column(0).to_data().buffers()[0].as_slice()
        );
        let only = flight_data(BatchEncoder::metadata(Bytes::from_static(b"m")).unwrap());
        assert_eq!(only.app_metadata, "m");
        assert!(only.data_header.is_empty());
    }

    #[test]
    fn large_buffers_are_the_arrays_own_memory() {
        let batch = numbers(1000);
        let mut encoder = encoder(&batch.schema(), DEFAULT_MAX_MESSAGE_SIZE);
        let mut out = VecDeque::new();
        encoder.batch(&batch, None, &mut out).unwrap();
        let mut frame = out.pop_front().unwrap();
        let header = frame.chunk().len();
        frame.advance(header);
        assert_eq!(
            frame.chunk().as_ptr(),
            batch.column(0).to_data().buffers()[0].as_ptr()
        );
    }

    #[test]
    fn small_buffers_share_one_segment() {
        let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let batch = RecordBatch::try_from_iter([("a", names), ("n", numbers)]).unwrap();
        let mut encoder = encoder(&batch.schema(), DEFAULT_MAX_MESSAGE_SIZE);
        let mut out = VecDeque::new();
        encoder.batch(&batch, None, &mut out).unwrap();
        assert_eq!(out.pop_front().unwrap().segments(), 1);
    }

    #[test]
    fn metadata_goes_with_the_first_slice_and_no_message_is_over_the_maximum() {
        let batch = numbers(100_000);
        let mut encoder = encoder(&batch.schema(), 10_000);
        let mut out = VecDeque::new();
        let metadata = Bytes::from(vec![7; 900]);
        encoder
            .batch(&batch, Some(metadata.clone()), &mut out)
            .unwrap();
        assert!(out.len() > 80);
        for (index, frame) in out.into_iter().enumerate() {
            assert!(frame.len() <= PREFIX_LEN + 10_000, "{}", frame.len());
            let data = flight_data(frame);
            assert_eq!(data.app_metadata.len(), if index == 0 { 900 } else { 0 });
        }
    }

    #[test]
    fn a_row_that_is_too_big_is_sent_as_it_is() {
        let long = "x".repeat(50_000);
        let names: ArrayRef = Arc::new(StringArray::from(vec!["a", &long, "b"]));
        let batch = RecordBatch::try_from_iter([("a", names)]).unwrap();
        let mut encoder = encoder(&batch.schema(), 1000);
        let mut out = VecDeque::new();
        encoder.batch(&batch, None, &mut out).unwrap();
        assert_eq!(out.len(), 3);
        assert!(out[1].len() > 50_000);
    }

    #[test]
    fn a_batch_of_another_schema_is_refused_and_appends_nothing() {
        let batch = numbers(3);
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int32, true)]));
        let mut out = VecDeque::new();
        let error = encoder(&schema, 1000)
            .batch(&batch, None, &mut out)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("expected `n` Int32, found `n` Int64"),
            "{error}"
        );
        assert!(out.is_empty());
    }

    #[test]
    fn rows_that_fit_makes_equal_aligned_slices() {
        assert_eq!(rows_that_fit(10, 100, 0, 100), None);
        assert_eq!(rows_that_fit(1, 1000, 0, 100), None);
        assert_eq!(rows_that_fit(10, 101, 0, 100), Some(5));
        assert_eq!(rows_that_fit(1000, 3000, 0, 1000), Some(320));
        assert_eq!(rows_that_fit(2, 1000, 900, 10), Some(1));
    }
}
