//! Undoing gzip, piece by piece as it arrives.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use flate2::write::GzDecoder;
use http_body::Body;

use crate::wire::error::WireError;
use crate::wire::grpc::Chunks;

/// How many bytes are read and written before the thread's other tasks have a turn: about
/// half a millisecond, at the 250 to 1100 MB/s that were measured. A message may be of
/// hundreds of megabytes.
const TURN: usize = 256 << 10;
/// The size of the pieces that a decompressed message is kept in. A buffer that grows
/// would be copied again and again, and be there twice meanwhile.
const PIECE: usize = 256 << 10;
/// How many members one message may have, of which clients send one. An empty one is 20
/// bytes, and costs a decoder of its own: 4 µs, a hundred times what 20 bytes of data do.
const MAX_MEMBERS: usize = 1024;
/// What a decoder of its own costs, in bytes of data.
const MEMBER_WORK: usize = 2 << 10;

/// One message on its way out of its compression.
///
/// The state is here and not in a future, as that of the readers is. Compressed bytes are
/// decompressed as they arrive and never gathered; what comes of them is kept in memory
/// that grows with it, up to the limit.
#[derive(Debug)]
pub(crate) struct Inflate {
    /// How many compressed bytes have not arrived yet.
    missing: usize,
    decoder: GzDecoder<Pieces>,
    /// Those that ended before the one at hand.
    members: usize,
}

impl Inflate {
    /// Will read `len` bytes, of which at most `limit` may come.
    pub(super) fn new(len: usize, limit: usize) -> Self {
        Self {
            missing: len,
            decoder: GzDecoder::new(Pieces {
                limit,
                ..Pieces::default()
            }),
            members: 0,
        }
    }

    /// Reads on, and puts the message in front of `chunks` once all of it is there:
    /// how long it is.
    ///
    /// # Errors
    ///
    /// [`WireError::TooLarge`] when it goes over the limit, [`WireError::Invalid`] when
    /// it is not whole and sound gzip, and what `chunks` say.
    pub(crate) fn poll<B>(
        &mut self,
        chunks: &mut Chunks<B>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<usize, WireError>>
    where
        B: Body<Data: Buf, Error: Into<WireError>> + Unpin,
    {
        let mut done = 0;
        while self.missing > 0 {
            if done >= TURN {
                chunks.waits()?;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Some(chunk) = ready!(chunks.poll_chunk(cx))? else {
                return Poll::Ready(Err(WireError::Truncated));
            };
            let before = self.decoder.get_ref().len;
            done += self.take(chunk)?;
            chunks.grow(self.decoder.get_ref().len.saturating_sub(before));
        }
        let message = self.end_member()?;
        let len = message.len;
        chunks.put_front(message.finish());
        Poll::Ready(Ok(len))
    }

    /// Decompresses something from the front of `chunk`: how much work it was, in bytes.
    fn take(&mut self, chunk: &mut Bytes) -> Result<usize, WireError> {
        let own = chunk.len().min(self.missing);
        let before = self.decoder.get_ref().len;
        let used = self.decoder.write(chunk.get(..own).unwrap_or_default());
        let used = used.map_err(|error| self.fault(&error))?;
        if used == 0 {
            // The member has ended, and another begins.
            let message = self.end_member()?;
            self.members += 1;
            if self.members >= MAX_MEMBERS {
                return Err(WireError::invalid(format!(
                    "the message has more than {MAX_MEMBERS} gzip members"
                )));
            }
            self.decoder = GzDecoder::new(message);
            return Ok(MEMBER_WORK);
        }
        chunk.advance(used);
        self.missing -= used;
        Ok(used + self.decoder.get_ref().len.saturating_sub(before))
    }

    /// Checks that the member is whole, and takes what has been decompressed so far.
    fn end_member(&mut self) -> Result<Pieces, WireError> {
        let ended = self.decoder.try_finish();
        ended.map_err(|error| self.fault(&error))?;
        Ok(std::mem::take(self.decoder.get_mut()))
    }

    fn fault(&self, error: &io::Error) -> WireError {
        let Pieces { limit, refused, .. } = self.decoder.get_ref();
        match refused {
            Some(size) => WireError::TooLarge {
                what: "the decompressed message, as far as it was read,",
                size: *size as u64,
                limit: *limit as u64,
            },
            None => WireError::invalid(format!("the message is not whole and sound gzip: {error}")),
        }
    }
}

/// What has been decompressed.
#[derive(Debug, Default)]
struct Pieces {
    limit: usize,
    /// The length of all pieces.
    len: usize,
    full: VecDeque<Bytes>,
    last: Vec<u8>,
    /// The length that was over the limit. Once set, nothing more is kept.
    refused: Option<usize>,
}

impl Pieces {
    fn finish(mut self) -> VecDeque<Bytes> {
        self.full.push_back(self.last.into());
        self.full
    }
}

impl Write for Pieces {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let len = self.len.saturating_add(more.len());
        if len > self.limit || self.refused.is_some() {
            self.refused.get_or_insert(len);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if self.last.len() + more.len() > PIECE {
            let full = std::mem::take(&mut self.last);
            self.full.push_back(full.into());
        }
        self.last.extend_from_slice(more);
        self.len = len;
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
