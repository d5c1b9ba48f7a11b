//! Memory for the body of a message, in step with its arrival.

use arrow::buffer::{Buffer, MutableBuffer};
use bytes::Bytes;

/// Bodies up to this size get their memory at once, on the sender's word.
const TRUSTED_BODY: usize = 64 << 10;
/// The share of a body that must be there before its memory is allocated.
const ARRIVED_SHARE: usize = 4;
/// How many chunks of a body are held before they are copied together. Each costs a
/// handle of 32 bytes, however small it is.
pub(super) const MAX_HELD_CHUNKS: usize = 1024;

/// The place of a body, filled as it arrives.
///
/// Chunks are held by reference until a quarter of the declared length is there. Then
/// the whole length is allocated, once, and what follows is copied on arrival: one copy
/// of each byte, and never more memory than four times what was received. Allocating at
/// once would let a kilobyte hold any amount; growing by doubling copies twice.
#[derive(Debug)]
pub(super) struct Place {
    /// The declared length.
    want: usize,
    /// How much has arrived.
    got: usize,
    /// Chunks that wait for memory.
    pub(super) held: Vec<Bytes>,
    /// `None` while chunks are held. Its capacity is `want`, except when the chunks are
    /// so small that handles to them would cost more than their bytes.
    pub(super) memory: Option<MutableBuffer>,
}

impl Place {
    /// For a body of `want` bytes.
    pub(super) fn new(want: usize) -> Self {
        Self {
            want,
            got: 0,
            held: Vec::new(),
            memory: (want <= TRUSTED_BODY).then(|| MutableBuffer::with_capacity(want)),
        }
    }

    /// Takes what belongs to the body from the front of `chunk`.
    pub(super) fn take(&mut self, chunk: &mut Bytes) {
        let piece = chunk.split_to(chunk.len().min(self.want - self.got));
        self.got += piece.len();
        let justified = self.justified();
        match &mut self.memory {
            Some(memory) => {
                if memory.capacity() < self.got {
                    let mut larger = MutableBuffer::with_capacity(justified);
                    larger.extend_from_slice(memory);
                    *memory = larger;
                }
                memory.extend_from_slice(&piece);
            }
            None => {
                self.held.push(piece);
                let arrived = self.got.saturating_mul(ARRIVED_SHARE) >= self.want;
                if arrived || self.held.len() >= MAX_HELD_CHUNKS {
                    let mut memory = MutableBuffer::with_capacity(justified);
                    for piece in std::mem::take(&mut self.held) {
                        memory.extend_from_slice(&piece);
                    }
                    self.memory = Some(memory);
                }
            }
        }
    }

    /// How much may be allocated for what has arrived.
    fn justified(&self) -> usize {
        self.want.min(self.got.saturating_mul(ARRIVED_SHARE))
    }

    /// The body, once all of it is there. Call it once.
    pub(super) fn finished(&mut self) -> Option<Buffer> {
        if self.got < self.want {
            return None;
        }
        self.memory.take().map(Buffer::from)
    }
}
