//! Takes the IPC stream of Arrow's encoder apart into its messages.
//!
//! In a stream each message is preceded by a continuation marker and the length of its
//! flatbuffer, which holds the length of the body ("Encapsulated message format" in the
//! Arrow columnar format). `FlightData` has fields for these, so the eight bytes go.

use arrow::buffer::Buffer;
use arrow::error::ArrowError;
use bytes::{Bytes, BytesMut};

use super::error::WireError;
use super::message::Message;

/// Takes an IPC stream apart into its messages.
pub(super) struct IpcStream {
    buffers: std::vec::IntoIter<Buffer>,
    current: Buffer,
}

impl IpcStream {
    /// Continuation marker and metadata length, four bytes each.
    const PREFIX_LEN: usize = 8;

    /// Over what [`StreamEncoder::encode`](arrow_ipc::writer::StreamEncoder) gave.
    pub(super) fn new(buffers: Vec<Buffer>) -> Self {
        Self {
            buffers: buffers.into_iter(),
            current: Buffer::default(),
        }
    }

    /// The next message, or `None` at the end of the stream.
    pub(super) fn message(&mut self) -> Result<Option<Message>, WireError> {
        let Some(header) = self.header()? else {
            return Ok(None);
        };
        // Verified although it is our own: it takes a microsecond, and the unverified
        // way in is unsafe. A schema is the only one that is not flat, and has no body.
        let options = flatbuffers::VerifierOptions {
            max_depth: 1 << 10,
            max_tables: usize::MAX,
            max_apparent_size: usize::MAX,
            ignore_missing_null_terminator: true,
        };
        let body_len = arrow_ipc::root_as_message_with_opts(&options, &header)
            .map_err(|error| inconsistent(&error.to_string()))?
            .bodyLength();
        let body_len = usize::try_from(body_len).map_err(|_| inconsistent("a negative length"))?;
        let body = self
            .take(body_len)
            .ok_or_else(|| inconsistent("a body is cut off"))?;
        Ok(Some(Message {
            header,
            body_len,
            body,
        }))
    }

    /// The only message that is left: nobody has to ask its header for the length of the body.
    pub(super) fn rest(mut self) -> Result<Message, WireError> {
        let header = self.header()?.ok_or_else(|| inconsistent("no message"))?;
        let mut body = Vec::with_capacity(1 + self.buffers.len());
        body.push(self.current);
        body.extend(self.buffers);
        body.retain(|buffer| !buffer.is_empty());
        Ok(Message {
            header,
            body_len: body.iter().map(Buffer::len).sum(),
            body,
        })
    }

    /// The flatbuffer of the next message.
    fn header(&mut self) -> Result<Option<Bytes>, WireError> {
        let mut prefix = [0; Self::PREFIX_LEN];
        if self.fill(&mut prefix).is_none() {
            return Ok(None);
        }
        let len = match prefix {
            [0xff, 0xff, 0xff, 0xff, a, b, c, d] => u32::from_le_bytes([a, b, c, d]) as usize,
            _ => return Err(inconsistent("no continuation marker")),
        };
        let mut header = BytesMut::zeroed(len);
        self.fill(&mut header)
            .ok_or_else(|| inconsistent("a header is cut off"))?;
        Ok(Some(header.freeze()))
    }

    /// Copies the next bytes.
    fn fill(&mut self, mut to: &mut [u8]) -> Option<()> {
        while !to.is_empty() {
            let piece = self.piece(to.len())?;
            let (filled, rest) = to.split_at_mut_checked(piece.len())?;
            filled.copy_from_slice(&piece);
            to = rest;
        }
        Some(())
    }

    /// The next `len` bytes, by reference.
    fn take(&mut self, mut len: usize) -> Option<Vec<Buffer>> {
        let mut taken = Vec::new();
        while len > 0 {
            let piece = self.piece(len)?;
            len -= piece.len();
            taken.push(piece);
        }
        Some(taken)
    }

    /// Some of the next bytes, at most `most`: what is left of a buffer.
    fn piece(&mut self, most: usize) -> Option<Buffer> {
        while self.current.is_empty() {
            self.current = self.buffers.next()?;
        }
        if self.current.len() <= most {
            return Some(std::mem::take(&mut self.current));
        }
        let piece = self.current.slice_with_length(0, most);
        self.current.advance(most);
        Some(piece)
    }
}

/// Arrow's encoder did what its documentation rules out.
pub(super) fn inconsistent(what: &str) -> WireError {
    ArrowError::IpcError(format!("the IPC encoder gave an unexpected stream: {what}")).into()
}
