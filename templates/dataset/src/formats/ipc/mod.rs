//! Arrow IPC: the file format (also called Feather), which has a footer, and the stream format, which has none.
//!
//! Both are messages with bodies. A file is inspected by their heads, which say how many rows there are; its rows are read message by message.

mod message;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use flight_runtime::arrow::array::{RecordBatch, RecordBatchReader};
use flight_runtime::arrow::buffer::MutableBuffer;
use flight_runtime::arrow::datatypes::SchemaRef;
use flight_runtime::arrow::error::ArrowError;
use flight_runtime::arrow::ipc::convert::fb_to_schema;
use flight_runtime::arrow::ipc::reader::{FileDecoder, read_footer_length};
use flight_runtime::arrow::ipc::writer::{FileWriter, StreamWriter};
use flight_runtime::arrow::ipc::{
    Block, MessageHeader, MetadataVersion, Schema as IpcSchema, root_as_footer,
};

use super::{Facts, Failure, Rows, Source};
use crate::scan::Scan;
use message::Head;

/// What a file begins with, and a stream does not.
const MAGIC: &[u8] = b"ARROW1";
/// The footer's length, and the magic again.
const END: u64 = 10;

/// Where the messages are, and what is needed to read them.
pub(super) struct Messages {
    schema: SchemaRef,
    version: MetadataVersion,
    /// Of dictionaries and rows, in the order in which they are read.
    blocks: Vec<Block>,
}

pub(super) fn inspect(file: &File) -> Result<Facts, Failure> {
    let mut start = file;
    let length = file.metadata()?.len();
    let mut magic = [0; MAGIC.len()];
    let is_file = length >= END && start.read_exact(&mut magic).is_ok() && magic == MAGIC;
    let (messages, rows) = match is_file {
        true => inspect_file(file, length)?,
        false => inspect_stream(file, length)?,
    };
    Ok(Facts {
        schema: messages.schema.clone(),
        rows: Some(rows),
        source: Source::Ipc(Arc::new(messages)),
    })
}

/// The messages that the footer names, and their rows.
fn inspect_file(mut file: &File, length: u64) -> Result<(Messages, u64), Failure> {
    let mut end = [0; END as usize];
    file.seek(SeekFrom::Start(length - END))?;
    file.read_exact(&mut end)?;
    let size = read_footer_length(end)?;
    let start = (length - END).checked_sub(size as u64);
    let start = start.ok_or("its footer is longer than the file")?;
    let mut footer = vec![0; size];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut footer)?;
    let footer = root_as_footer(&footer)?;
    let schema = footer.schema().ok_or("its footer has no schema")?;
    let mut messages = Messages::new(schema, footer.version())?;
    let dictionaries = footer.dictionaries();
    let batches = footer.recordBatches();
    let mut rows = 0;
    for block in dictionaries
        .iter()
        .flatten()
        .chain(batches.iter().flatten())
    {
        let at = u64::try_from(block.offset())?;
        let head =
            Head::read(file, at, length)?.ok_or("its footer names a message that is none")?;
        rows += head.rows()?;
        messages.blocks.push(head.block);
    }
    Ok((messages, rows))
}

/// All messages, one behind the other, and their rows.
fn inspect_stream(file: &File, length: u64) -> Result<(Messages, u64), Failure> {
    let head = Head::read(file, 0, length)?.ok_or("it is empty: expected a schema")?;
    let message = head.message()?;
    let schema = message.header_as_schema();
    let schema = schema.ok_or("it does not begin with a schema")?;
    let mut messages = Messages::new(schema, message.version())?;
    let (mut at, mut rows) = (head.next, 0);
    while let Some(head) = Head::read(file, at, length)? {
        rows += head.rows()?;
        at = head.next;
        messages.blocks.push(head.block);
    }
    Ok((messages, rows))
}

impl Messages {
    fn new(schema: IpcSchema<'_>, version: MetadataVersion) -> Result<Self, Failure> {
        if !schema.endianness().equals_to_target_endianness() {
            return Err("its numbers have their bytes the other way round".into());
        }
        Ok(Self {
            schema: Arc::new(fb_to_schema(schema)),
            version,
            blocks: Vec::new(),
        })
    }
}

pub(super) fn read(file: File, messages: Arc<Messages>, scan: &Scan) -> Result<Rows, Failure> {
    let decoder = FileDecoder::new(messages.schema.clone(), messages.version);
    let (schema, decoder) = match scan.projection() {
        Some(columns) => (
            Arc::new(messages.schema.project(&columns)?),
            decoder.with_projection(columns),
        ),
        None => (messages.schema.clone(), decoder),
    };
    Ok(Box::new(Reader {
        file,
        messages,
        next: 0,
        schema,
        decoder,
    }))
}

/// Rows, a message at a time.
struct Reader {
    file: File,
    messages: Arc<Messages>,
    next: usize,
    schema: SchemaRef,
    decoder: FileDecoder,
}

impl Reader {
    /// Reads a message; `None` for one that is a dictionary.
    fn read(&mut self, block: &Block) -> Result<Option<RecordBatch>, Failure> {
        let size = usize::try_from(block.metaDataLength())?;
        let mut bytes = MutableBuffer::from_len_zeroed(size + usize::try_from(block.bodyLength())?);
        self.file
            .seek(SeekFrom::Start(u64::try_from(block.offset())?))?;
        self.file.read_exact(&mut bytes)?;
        let kind = message::check(&bytes, size)?;
        let bytes = bytes.into();
        if kind == MessageHeader::DictionaryBatch {
            self.decoder.read_dictionary(block, &bytes)?;
            return Ok(None);
        }
        Ok(self.decoder.read_record_batch(block, &bytes)?)
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let block = *self.messages.blocks.get(self.next)?;
            self.next += 1;
            let read = self.read(&block).map_err(ArrowError::ExternalError);
            if let Some(batch) = read.transpose() {
                return Some(batch);
            }
        }
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

pub(super) fn write_file(file: File, rows: impl RecordBatchReader) -> Result<u64, Failure> {
    let mut writer = FileWriter::try_new_buffered(file, &rows.schema())?;
    let mut total = 0;
    for batch in rows {
        let batch = batch?;
        writer.write(&batch)?;
        total += batch.num_rows() as u64;
    }
    writer.finish()?;
    writer.flush()?;
    Ok(total)
}

pub(super) fn write_stream(file: File, rows: impl RecordBatchReader) -> Result<u64, Failure> {
    let mut writer = StreamWriter::try_new_buffered(file, &rows.schema())?;
    let mut total = 0;
    for batch in rows {
        let batch = batch?;
        writer.write(&batch)?;
        total += batch.num_rows() as u64;
    }
    writer.finish()?;
    writer.flush()?;
    Ok(total)
}
