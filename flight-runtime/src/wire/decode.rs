//! `FlightData` to record batches.
//!
//! A stream is a schema message, then dictionaries and batches in any order that has
//! each dictionary before the batches that use it (Arrow columnar format, "IPC
//! Streaming Format"). [`BatchDecoder`] keeps the dictionaries, and hands every message
//! to [`guard`](super::guard) before Arrow's decoder sees it. The arrays share the
//! memory of the body that the parser has placed, unless it was compressed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{Array, RecordBatch, RecordBatchOptions};
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow_ipc::reader::RecordBatchDecoder;
use arrow_ipc::{Message, MessageHeader, MetadataVersion, RecordBatch as BatchHeader};

use super::dictionaries::{Dictionaries, Named, Size};
use super::error::WireError;
use super::flight_data::Inbound;
use super::guard::{
    Checked, GuardLimits, check_batch, check_rows, check_schema, kind, parse_header,
};
use super::mend::without_null_views;

/// What a message turned out to be.
#[derive(Debug, Clone)]
pub(crate) enum Decoded {
    /// The schema of the stream; comes once, first.
    Schema(SchemaRef),
    /// Rows.
    Batch(RecordBatch),
    /// A dictionary, which was kept.
    Dictionary,
    /// No IPC message: metadata or a descriptor alone.
    None,
}

/// Decodes the messages of one stream.
#[derive(Debug)]
pub(crate) struct BatchDecoder {
    limits: GuardLimits,
    schema: Option<SchemaRef>,
    dictionaries: Dictionaries,
}

impl BatchDecoder {
    /// A decoder for a stream that starts with its schema.
    pub(crate) fn new(limits: GuardLimits) -> Self {
        Self {
            dictionaries: Dictionaries::new(limits.dictionaries),
            limits,
            schema: None,
        }
    }

    /// Decodes the IPC message of `inbound`.
    ///
    /// After an error the stream cannot be continued: a dictionary may be missing.
    ///
    /// # Errors
    ///
    /// [`WireError::Invalid`] and [`WireError::TooLarge`], both the client's fault.
    pub(crate) fn decode(&mut self, inbound: &Inbound) -> Result<Decoded, WireError> {
        if inbound.header.is_empty() {
            return Ok(Decoded::None);
        }
        self.dictionaries.earn(inbound);
        self.decode_rewritten(inbound)
    }

    /// The same unless it would take long: `None` for a body that has to be decompressed first, and for rows that need dictionaries put together.
    pub(crate) fn decode_if_light(
        &mut self,
        inbound: &Inbound,
    ) -> Result<Option<Decoded>, WireError> {
        if inbound.header.is_empty() {
            return Ok(Some(Decoded::None));
        }
        let message = parse_header(&inbound.header, &self.limits)?;
        if inbound.body.len() >= HEAVY && is_compressed(message) {
            return Ok(None);
        }
        if self.needs_dictionaries(message) && self.dictionaries.to_copy() >= HEAVY_COPY {
            return Ok(None);
        }
        self.dictionaries.earn(inbound);
        self.decode_message(message, inbound).map(Some)
    }

    /// Whether there are arrays in it that have dictionaries.
    fn needs_dictionaries(&self, message: Message<'_>) -> bool {
        match message.header_as_dictionary_batch() {
            Some(dictionary) => {
                let named = self.dictionaries.named(dictionary.id());
                named.is_some_and(|named| named.nested)
            }
            None => message.header_type() == MessageHeader::RecordBatch,
        }
    }

    /// Decodes a message that has been counted.
    fn decode_rewritten(&mut self, inbound: &Inbound) -> Result<Decoded, WireError> {
        let message = parse_header(&inbound.header, &self.limits)?;
        self.decode_message(message, inbound)
    }

    fn decode_message(
        &mut self,
        message: Message<'_>,
        inbound: &Inbound,
    ) -> Result<Decoded, WireError> {
        match message.header_type() {
            MessageHeader::Schema => self.decode_schema(message),
            MessageHeader::RecordBatch => self.decode_batch(message, inbound),
            MessageHeader::DictionaryBatch => self.decode_dictionary(message, inbound),
            other => Err(WireError::invalid(format!(
                "the IPC message is a {}, expected a schema, a dictionary or a record batch",
                kind(other)
            ))),
        }
    }

    fn decode_schema(&mut self, message: Message<'_>) -> Result<Decoded, WireError> {
        if self.schema.is_some() {
            return Err(WireError::invalid("the stream has a second schema message"));
        }
        let schema = Arc::new(schema_of(message, &self.limits)?);
        for field in schema.fields() {
            self.dictionaries.collect(field);
        }
        self.schema = Some(Arc::clone(&schema));
        Ok(Decoded::Schema(schema))
    }

    fn decode_batch(
        &mut self,
        message: Message<'_>,
        inbound: &Inbound,
    ) -> Result<Decoded, WireError> {
        let body = &inbound.body;
        let schema = self.schema.as_ref().ok_or_else(schema_first)?;
        let header = message.header_as_record_batch().ok_or_else(no_header)?;
        let version = message.version();
        if schema.fields().is_empty() {
            return empty_batch(schema, header.length(), &self.limits);
        }
        let fields = schema.fields().iter().map(AsRef::as_ref);
        let checked = check_batch(header, fields, body, version, &self.limits)?;
        if let Some(counted) = checked.uncounted.counted(&inbound.header, header) {
            return self.decode_rewritten(&with_header(counted, body));
        }
        self.dictionaries.put_together()?;
        match read(body, header, schema, &self.dictionaries, version) {
            Ok(batch) => Ok(Decoded::Batch(batch)),
            Err(error) => self.decode_mended(message, header, body, &checked, error),
        }
    }

    fn decode_dictionary(
        &mut self,
        message: Message<'_>,
        inbound: &Inbound,
    ) -> Result<Decoded, WireError> {
        let body = &inbound.body;
        self.schema.as_ref().ok_or_else(schema_first)?;
        let header = message.header_as_dictionary_batch().ok_or_else(no_header)?;
        let id = header.id();
        let Some(Named { values, nested }) = self.dictionaries.named(id) else {
            return Err(WireError::invalid(format!(
                "the schema has no dictionary with the id {id}"
            )));
        };
        let Some(data) = header.data() else {
            return Err(WireError::invalid(format!("dictionary {id} has no data")));
        };
        let (values, nested) = (Arc::clone(values), *nested);
        let fields = values.fields().iter().map(AsRef::as_ref);
        let version = message.version();
        let checked = check_batch(data, fields, body, version, &self.limits)?;
        if let Some(counted) = checked.uncounted.counted(&inbound.header, data) {
            return self.decode_rewritten(&with_header(counted, body));
        }
        // The arrays hold on to the body, all of it, unless it was compressed.
        let size = Size {
            kept: checked.size.max(body.len() as u64),
            copy: checked.size,
        };
        self.dictionaries.room_for(id, size, header.isDelta())?;
        if nested {
            self.dictionaries.put_together()?;
        }
        // As Arrow's `read_dictionary` does it, which adds a delta at once.
        let read = match read(body, data, &values, &self.dictionaries, version) {
            Ok(read) => read,
            Err(error) => return self.decode_mended(message, data, body, &checked, error),
        };
        self.dictionaries.charge(id, size, header.isDelta())?;
        let [column] = read.columns() else {
            return Err(no_header());
        };
        let column = Arc::clone(column);
        if nested {
            // What each part has of other dictionaries is copied with it, unless all have the same.
            let all = column.to_data().get_slice_memory_size();
            let others = (all.map_err(unreadable)? as u64).saturating_sub(checked.size);
            let size = Size {
                kept: others,
                copy: others,
            };
            self.dictionaries.charge(id, size, true)?;
        }
        if header.isDelta() {
            self.dictionaries.extend(id, column, inbound.header.len())?;
        } else {
            self.dictionaries.replace(id, column);
        }
        Ok(Decoded::Dictionary)
    }

    /// Decodes once more what Arrow has refused, if that may be for what its nulls have.
    fn decode_mended(
        &mut self,
        message: Message<'_>,
        batch: BatchHeader<'_>,
        body: &Buffer,
        checked: &Checked,
        error: WireError,
    ) -> Result<Decoded, WireError> {
        if checked.null_views.is_empty() {
            return Err(error);
        }
        match caught(|| without_null_views(message, batch, body, &checked.null_views))? {
            Some(mended) => self.decode_rewritten(&mended),
            None => Err(error),
        }
    }
}

/// Has Arrow's decoder read a batch, for which the dictionaries are put together.
fn read(
    body: &Buffer,
    batch: BatchHeader<'_>,
    schema: &SchemaRef,
    dictionaries: &Dictionaries,
    version: MetadataVersion,
) -> Result<RecordBatch, WireError> {
    caught(|| {
        let schema = Arc::clone(schema);
        RecordBatchDecoder::try_new(body, batch, schema, dictionaries.whole(), &version)?
            .read_record_batch()
    })
}

/// The message with another header.
fn with_header(header: Vec<u8>, body: &Buffer) -> Inbound {
    Inbound {
        header: header.into(),
        body: body.clone(),
        ..Inbound::default()
    }
}

fn schema_of(message: Message<'_>, limits: &GuardLimits) -> Result<Schema, WireError> {
    let header = message.header_as_schema().ok_or_else(no_header)?;
    check_schema(header, limits)?;
    caught(|| Ok(arrow_ipc::convert::fb_to_schema(header)))
}

/// Reads a schema from an encapsulated IPC message, which is what GetSchema answers.
///
/// # Errors
///
/// [`WireError::Invalid`] for anything else.
pub(crate) fn read_schema(message: &[u8]) -> Result<Schema, WireError> {
    let limits = GuardLimits::default();
    // The marker and the length of what follows; the flatbuffer knows itself where it ends.
    let header = match message {
        [0xff, 0xff, 0xff, 0xff, _, _, _, _, header @ ..] => header,
        // Before Arrow 0.15 there was no marker.
        [_, _, _, _, header @ ..] => header,
        _ => return Err(WireError::invalid("it is no message of Arrow's IPC format")),
    };
    schema_of(parse_header(header, &limits)?, &limits)
}

/// A compressed body from this size on is work for a blocking thread: decompressing it takes some 50 µs or more, and handing it over 10.
const HEAVY: usize = 64 << 10;
/// So is copying this much.
const HEAVY_COPY: u64 = 512 << 10;

fn is_compressed(message: Message<'_>) -> bool {
    let batch = message.header_as_record_batch().or_else(|| {
        let dictionary = message.header_as_dictionary_batch()?;
        dictionary.data()
    });
    batch.is_some_and(|batch| batch.compression().is_some())
}

/// A batch of a schema without fields: only its length counts. Arrow's decoder wants
/// lists of nodes and buffers, which some writers leave out when they are empty.
fn empty_batch(schema: &SchemaRef, rows: i64, limits: &GuardLimits) -> Result<Decoded, WireError> {
    let rows = usize::try_from(check_rows(rows, limits)?)
        .map_err(|_| WireError::invalid(format!("the batch has {rows} rows")))?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::clone(schema), Vec::new(), &options);
    Ok(Decoded::Batch(batch.map_err(unreadable)?))
}

/// What a client is told when Arrow's decoder panics.
pub(super) const PANIC: &str =
    "the IPC message cannot be read: it breaks a rule of the Arrow format";

/// Runs Arrow's decoder. The guard is meant to leave it nothing to panic about; what it
/// misses costs one stream and not the process.
///
/// Unwind safety: after an error nothing of the decoder's state is used again, and the
/// dictionaries are replaced as a whole.
pub(super) fn caught<T>(decode: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, WireError> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(result) => result.map_err(unreadable),
        Err(_) => Err(WireError::invalid(PANIC)),
    }
}

/// Arrow refused what the client sent.
fn unreadable(error: ArrowError) -> WireError {
    WireError::invalid(format!("the IPC message cannot be read: {error}"))
}

fn schema_first() -> WireError {
    WireError::invalid("the stream does not start with a schema message")
}

fn no_header() -> WireError {
    WireError::invalid("the IPC message lacks the header that it declares")
}
