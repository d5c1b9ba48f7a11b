//! Messages, and what is checked of them before Arrow's decoder sees them: it allocates what a head says, which for a file that is
//! broken may be more than there is, and ends the process.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Seek, SeekFrom};

use flight_runtime::arrow::ipc::{Block, Message, MessageHeader, RecordBatch, root_as_message};

use super::Failure;

/// What stands before the length of a message, since Arrow 0.15.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// The head of a message.
pub(super) struct Head {
    bytes: Vec<u8>,
    /// Where the message is.
    pub(super) block: Block,
    /// Where the next message begins.
    pub(super) next: u64,
}

impl Head {
    /// The head of the message that begins here; `None` at the end, with or without the mark for it.
    ///
    /// # Errors
    ///
    /// When the message does not lie within the file, of this length.
    pub(super) fn read(mut file: &File, at: u64, length: u64) -> Result<Option<Self>, Failure> {
        file.seek(SeekFrom::Start(at))?;
        let mut start = at;
        let mut next_word = || -> Result<Option<[u8; 4]>, Failure> {
            let mut word = [0; 4];
            if length.saturating_sub(start) < 4 {
                return Ok(None);
            }
            file.read_exact(&mut word)?;
            start += 4;
            Ok(Some(word))
        };
        let mut size = next_word()?;
        if size == Some(CONTINUATION) {
            size = next_word()?;
        }
        let Some(size) = size.map(i32::from_le_bytes).filter(|&size| size != 0) else {
            return Ok(None);
        };
        let size = u64::try_from(size)?;
        let body = end(start, size, length)?;
        let mut bytes = vec![0; usize::try_from(size)?];
        file.read_exact(&mut bytes)?;
        let body_length = root_as_message(&bytes)?.bodyLength();
        let next = end(body, u64::try_from(body_length)?, length)?;
        let block = Block::new(i64::try_from(at)?, i32::try_from(body - at)?, body_length);
        Ok(Some(Self { bytes, block, next }))
    }

    pub(super) fn message(&self) -> Result<Message<'_>, Failure> {
        Ok(root_as_message(&self.bytes)?)
    }

    /// How many rows the message has.
    pub(super) fn rows(&self) -> Result<u64, Failure> {
        match self.message()?.header_as_record_batch() {
            Some(batch) => Ok(u64::try_from(batch.length())?),
            None => Ok(0),
        }
    }
}

/// Where something ends, if that is within the file.
fn end(start: u64, size: u64, length: u64) -> Result<u64, Failure> {
    let end = start.checked_add(size).filter(|&end| end <= length);
    Ok(end.ok_or("it is cut off, or no Arrow data: a message reaches beyond its end")?)
}

/// Checks a message, whose head has this size, with all that lies before its body; gives what it is.
pub(super) fn check(bytes: &[u8], head: usize) -> Result<MessageHeader, Failure> {
    let prefix = if bytes.starts_with(&CONTINUATION) {
        8
    } else {
        4
    };
    let message = root_as_message(bytes.get(prefix..head).ok_or("a message has no head")?)?;
    let batch = match message.header_type() {
        MessageHeader::RecordBatch => message.header_as_record_batch(),
        MessageHeader::DictionaryBatch => {
            let dictionary = message.header_as_dictionary_batch();
            dictionary.and_then(|dictionary| dictionary.data())
        }
        other => return Err(format!("a message is {other:?} instead of rows").into()),
    };
    check_buffers(batch.ok_or("a message has no rows")?, &bytes[head..])?;
    Ok(message.header_type())
}

/// Every buffer is in the body; and for what it says it becomes uncompressed, there is memory.
fn check_buffers(batch: RecordBatch<'_>, body: &[u8]) -> Result<(), Failure> {
    for buffer in batch.buffers().iter().flatten() {
        let start = usize::try_from(buffer.offset())?;
        let end = start.checked_add(usize::try_from(buffer.length())?);
        let bytes = end.and_then(|end| body.get(start..end));
        let bytes = bytes.ok_or("a column reaches beyond its message")?;
        if batch.compression().is_none() {
            continue;
        }
        // −1 stands for a buffer that was left as it is.
        let size = bytes
            .first_chunk()
            .map_or(0, |size| i64::from_le_bytes(*size));
        let size = usize::try_from(size.max(0))?;
        let mut room = Vec::<u8>::new();
        let reserved = room.try_reserve_exact(size);
        // Or the compiler would see that nobody needs the room, and leave the question out.
        black_box(&room);
        if reserved.is_err() {
            return Err(format!(
                "a column says that it has {size} bytes, more than there is memory for"
            )
            .into());
        }
    }
    Ok(())
}
