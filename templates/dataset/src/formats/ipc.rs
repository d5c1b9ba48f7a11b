//! Arrow IPC: the file format (also called Feather), which has a footer, and the stream format, which has none.
//!
//! Both are messages with bodies. Their heads say how many rows there are; and they are read first, because Arrow's readers
//! allocate what a head says, which for one that is broken may be more than there is.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use flight_runtime::arrow::array::RecordBatchReader;
use flight_runtime::arrow::ipc::reader::{FileReader, StreamReader, read_footer_length};
use flight_runtime::arrow::ipc::writer::{FileWriter, StreamWriter};
use flight_runtime::arrow::ipc::{Block, root_as_footer, root_as_message};

use super::{Facts, Failure, Rows, Source};
use crate::scan::Scan;

/// What a file begins with, and a stream does not.
const MAGIC: &[u8] = b"ARROW1";
/// The footer's length, and the magic again.
const END: u64 = 10;
/// What stands before the length of a message, since Arrow 0.15.
const CONTINUATION: i32 = -1;

pub(super) fn inspect(file: &File) -> Result<Facts, Failure> {
    let mut file = file;
    let length = file.metadata()?.len();
    let mut start = [0; MAGIC.len()];
    let is_file = length >= END && file.read_exact(&mut start).is_ok() && start == MAGIC;
    let (rows, schema, source);
    if is_file {
        rows = rows_of_file(file, length)?;
        file.rewind()?;
        schema = FileReader::try_new(file, None)?.schema();
        source = Source::IpcFile;
    } else {
        rows = rows_of_stream(file, length)?;
        file.rewind()?;
        schema = StreamReader::try_new(file, None)?.schema();
        source = Source::IpcStream;
    }
    Ok(Facts {
        schema,
        rows: Some(rows),
        source,
    })
}

pub(super) fn read_file(file: File, scan: &Scan) -> Result<Rows, Failure> {
    Ok(Box::new(FileReader::try_new_buffered(
        file,
        scan.projection(),
    )?))
}

pub(super) fn read_stream(file: File, scan: &Scan) -> Result<Rows, Failure> {
    let rows = StreamReader::try_new_buffered(file, scan.projection())?;
    Ok(Box::new(rows))
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

/// The rows of all messages that the footer names, each of which lies within the file.
fn rows_of_file(mut file: &File, length: u64) -> Result<u64, Failure> {
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
    for block in footer.dictionaries().iter().flatten() {
        check(block, length)?;
    }
    let mut rows = 0;
    for block in footer.recordBatches().iter().flatten() {
        let at = check(block, length)?;
        rows += Head::read(file, at, length)?.map_or(0, |head| head.rows);
    }
    Ok(rows)
}

/// Where a block of the footer is, if it is within the file.
fn check(block: &Block, length: u64) -> Result<u64, Failure> {
    let start = u64::try_from(block.offset())?;
    let head = u64::try_from(block.metaDataLength())?;
    let body = u64::try_from(block.bodyLength())?;
    within(start, head, body, length)?;
    Ok(start)
}

fn rows_of_stream(file: &File, length: u64) -> Result<u64, Failure> {
    let (mut at, mut rows) = (0, 0);
    while let Some(head) = Head::read(file, at, length)? {
        rows += head.rows;
        at = head.next;
    }
    Ok(rows)
}

/// What the head of a message says.
struct Head {
    /// How many rows follow in its body.
    rows: u64,
    /// Where the next message begins.
    next: u64,
}

impl Head {
    /// The head of the message that begins here; `None` at the end, with or without the mark for it.
    fn read(mut file: &File, at: u64, length: u64) -> Result<Option<Self>, Failure> {
        file.seek(SeekFrom::Start(at))?;
        let mut word = [0; 4];
        let mut next_word = |at: &mut u64| -> Result<Option<i32>, Failure> {
            if length.saturating_sub(*at) < 4 {
                return Ok(None);
            }
            file.read_exact(&mut word)?;
            *at += 4;
            Ok(Some(i32::from_le_bytes(word)))
        };
        let mut start = at;
        let mut size = next_word(&mut start)?;
        if size == Some(CONTINUATION) {
            size = next_word(&mut start)?;
        }
        let Some(size) = size.filter(|&size| size != 0) else {
            return Ok(None);
        };
        let size = u64::try_from(size)?;
        within(start, size, 0, length)?;
        let mut head = vec![0; usize::try_from(size)?];
        file.read_exact(&mut head)?;
        let message = root_as_message(&head)?;
        let body = u64::try_from(message.bodyLength())?;
        let next = within(start, size, body, length)?;
        let rows = match message.header_as_record_batch() {
            Some(batch) => u64::try_from(batch.length())?,
            None => 0,
        };
        Ok(Some(Self { rows, next }))
    }
}

/// Where a message ends, if that is within the file.
fn within(start: u64, head: u64, body: u64, length: u64) -> Result<u64, Failure> {
    let end = start
        .checked_add(head)
        .and_then(|end| end.checked_add(body));
    let end = end.filter(|&end| end <= length);
    Ok(end.ok_or("it is cut off, or no Arrow data: a message reaches beyond its end")?)
}
