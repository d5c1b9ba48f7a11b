//! Batches whose nulls are views of nothing.
//!
//! A view is 16 bytes that say where a text is. Of a null they may say anything (memory that a null covers need not be zeroed: Arrow columnar format,
//! Validity bitmaps), and Arrow's library for Java leaves there what was in memory. Arrow's decoder here follows every view, and refuses such a batch. It is
//! then taken apart, gets views of nothing for its nulls, and is put together again without compression: twice the work, for those batches alone.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::buffer::{Buffer, MutableBuffer};
use arrow::datatypes::{DataType, Field, Schema, UInt8Type};
use arrow::error::ArrowError;
use arrow::util::bit_util::get_bit;
use arrow_ipc::reader::RecordBatchDecoder;
use arrow_ipc::{
    BodyCompression, BodyCompressionBuilder, Buffer as Place, DictionaryBatchBuilder, FieldNode,
    Message, MessageBuilder, MetadataVersion, RecordBatch, RecordBatchBuilder,
};
use bytes::Bytes;
use flatbuffers::FlatBufferBuilder;

use super::flight_data::Inbound;

/// Where the views of an array with nulls are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NullViews {
    /// Which of the batch's buffers is the validity bitmap; the views are in the next.
    pub(crate) validity: usize,
    pub(crate) rows: usize,
}

/// A view takes this much, and all zeros is one of an empty text.
const VIEW: usize = 16;
/// Where Arrow's own writer begins each buffer, at a multiple of this.
const ALIGNED: usize = 64;

/// The message with views of nothing for its nulls; `None` when it has them. It was checked against its schema and its body.
pub(super) fn without_null_views(
    message: Message<'_>,
    batch: RecordBatch<'_>,
    body: &Buffer,
    views: &[NullViews],
) -> Result<Option<Inbound>, ArrowError> {
    let mut buffers = plain_buffers(message, batch, body)?;
    let mut mended = false;
    for NullViews { validity, rows } in views {
        let (_, buffers) = buffers.split_at_mut(*validity);
        if let [validity, views, ..] = buffers {
            let zeroed = zeroed(validity, views, *rows);
            mended |= zeroed != *views;
            *views = zeroed;
        }
    }
    Ok(mended.then(|| put_together(message, batch, &buffers)))
}

/// The views, of which those of nulls are zero.
fn zeroed(validity: &[u8], views: &[u8], rows: usize) -> Buffer {
    let mut zeroed = MutableBuffer::from_len_zeroed(views.len());
    let valid = |row: &usize| validity.len() * 8 > *row && get_bit(validity, *row);
    let pairs = zeroed.chunks_exact_mut(VIEW).zip(views.chunks_exact(VIEW));
    for (row, (to, from)) in pairs.take(rows).enumerate() {
        if valid(&row) {
            to.copy_from_slice(from);
        }
    }
    zeroed.into()
}

/// The buffers of a batch as they are in memory.
fn plain_buffers(
    message: Message<'_>,
    batch: RecordBatch<'_>,
    body: &Buffer,
) -> Result<Vec<Buffer>, ArrowError> {
    let places = batch.buffers().unwrap_or_default();
    let Some(compression) = batch.compression() else {
        return Ok(places.iter().map(|place| stored(body, place)).collect());
    };
    let plain = |place| decompressed(body, place, compression, message.version());
    places.iter().map(plain).collect()
}

/// A buffer as it came.
fn stored(body: &Buffer, place: &Place) -> Buffer {
    let number = |number| usize::try_from(number).unwrap_or_default();
    body.slice_with_length(number(place.offset()), number(place.length()))
}

/// Arrow has no function for it, but reads columns: here one of bytes.
fn decompressed(
    body: &Buffer,
    place: &Place,
    compression: BodyCompression<'_>,
    version: MetadataVersion,
) -> Result<Buffer, ArrowError> {
    let bytes = stored(body, place);
    // Each begins with its length in memory, or with −1 when it is as it is there (Message.fbs, BodyCompression).
    let len = match bytes.split_first_chunk() {
        None => return Ok(bytes),
        Some((announced, rest)) => match i64::from_le_bytes(*announced) {
            -1 => i64::try_from(rest.len()).unwrap_or_default(),
            announced => announced,
        },
    };
    let mut fbb = FlatBufferBuilder::new();
    let nodes = fbb.create_vector(&[FieldNode::new(len, 0)]);
    let buffers = fbb.create_vector(&[Place::new(place.offset(), 0), *place]);
    let mut codec = BodyCompressionBuilder::new(&mut fbb);
    codec.add_method(compression.method());
    codec.add_codec(compression.codec());
    let codec = codec.finish();
    let mut column = RecordBatchBuilder::new(&mut fbb);
    column.add_length(len);
    column.add_nodes(nodes);
    column.add_buffers(buffers);
    column.add_compression(codec);
    let column = column.finish();
    fbb.finish(column, None);
    let column = flatbuffers::root::<RecordBatch<'_>>(fbb.finished_data())
        .map_err(|error| ArrowError::IpcError(error.to_string()))?;
    let schema = Arc::new(Schema::new(vec![Field::new("", DataType::UInt8, false)]));
    let none = HashMap::new();
    let read = RecordBatchDecoder::try_new(body, column, schema, &none, &version)?;
    let read = read.read_record_batch()?;
    Ok(read
        .column(0)
        .as_primitive::<UInt8Type>()
        .values()
        .inner()
        .clone())
}

/// A message of the same kind with these buffers.
fn put_together(message: Message<'_>, batch: RecordBatch<'_>, buffers: &[Buffer]) -> Inbound {
    // Of empty buffers there may be as many as the header has place for: they take none here.
    let padded = |buffer: &Buffer| buffer.len().next_multiple_of(ALIGNED);
    let mut body = MutableBuffer::new(buffers.iter().map(padded).sum());
    let mut places = Vec::with_capacity(buffers.len());
    for buffer in buffers {
        places.push(Place::new(body.len() as i64, buffer.len() as i64));
        body.extend_from_slice(buffer);
        body.resize(body.len().next_multiple_of(ALIGNED), 0);
    }
    let mut fbb = FlatBufferBuilder::new();
    let nodes: Vec<FieldNode> = batch.nodes().iter().flatten().copied().collect();
    let nodes = fbb.create_vector(&nodes);
    let places = fbb.create_vector(&places);
    let variadic = batch
        .variadicBufferCounts()
        .map(|counts| fbb.create_vector(&counts.iter().collect::<Vec<_>>()));
    let mut again = RecordBatchBuilder::new(&mut fbb);
    again.add_length(batch.length());
    again.add_nodes(nodes);
    again.add_buffers(places);
    if let Some(variadic) = variadic {
        again.add_variadicBufferCounts(variadic);
    }
    let again = again.finish();
    let header = match message.header_as_dictionary_batch() {
        None => again.as_union_value(),
        Some(dictionary) => {
            let mut header = DictionaryBatchBuilder::new(&mut fbb);
            header.add_id(dictionary.id());
            header.add_isDelta(dictionary.isDelta());
            header.add_data(again);
            header.finish().as_union_value()
        }
    };
    let mut whole = MessageBuilder::new(&mut fbb);
    whole.add_version(message.version());
    whole.add_header_type(message.header_type());
    whole.add_header(header);
    whole.add_bodyLength(body.len() as i64);
    let whole = whole.finish();
    fbb.finish(whole, None);
    Inbound {
        header: Bytes::copy_from_slice(fbb.finished_data()),
        body: body.into(),
        ..Inbound::default()
    }
}
