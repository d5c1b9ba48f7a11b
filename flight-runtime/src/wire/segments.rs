//! Many `Bytes` seen as one [`Buf`].
//!
//! hyper and h2 make one DATA frame, and one `writev`, of what a body yields at once.
//! A body that yields each Arrow buffer by itself makes a frame and a system call of
//! each; one that copies them together pays for every byte. [`Segments`] does neither:
//! `chunks_vectored` shows all buffers to the socket as they are.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};

use super::progress::{Progress, Receipt};

thread_local! {
    /// What [`Segments::chunks_vectored`] has shown last; `None` while nobody asks.
    static SHOWN: RefCell<Option<Shown>> = const { RefCell::new(None) };
}

/// The byte strings behind slices that were just handed out, so that whoever is given the slices can keep what they point to.
#[derive(Default)]
pub(crate) struct Shown(Vec<Bytes>);

impl Shown {
    /// The byte string of which `slice` is a part.
    pub(crate) fn piece(&self, slice: &[u8]) -> Option<Bytes> {
        let range = slice.as_ptr_range();
        let whole = self.0.iter().find(|bytes| {
            let whole = bytes.as_ptr_range();
            whole.start <= range.start && range.end <= whole.end
        })?;
        Some(whole.slice_ref(slice))
    }
}

/// Remembers on this thread what is shown while `write` runs, and nothing beyond: it keeps memory alive.
pub(crate) fn showing<T>(write: impl FnOnce() -> T) -> T {
    /// Also when `write` panics.
    struct Forget;
    impl Drop for Forget {
        fn drop(&mut self) {
            SHOWN.set(None);
        }
    }
    SHOWN.set(Some(Shown::default()));
    let _forget = Forget;
    write()
}

/// What was shown last.
pub(crate) fn shown<T>(look: impl FnOnce(&Shown) -> T) -> T {
    SHOWN.with_borrow(|shown| look(shown.as_ref().unwrap_or(&Shown(Vec::new()))))
}

/// An ordered list of byte strings that reads as one.
///
/// Segments are kept as they are pushed. Merging small ones is left to the encoder,
/// which can write them into one buffer in the first place.
#[derive(Debug, Clone, Default)]
pub struct Segments {
    /// Empty only at the end. By itself, because most messages are in one piece.
    first: Bytes,
    /// What comes behind it; none is empty.
    others: VecDeque<Bytes>,
    /// The sum of their lengths.
    len: usize,
    /// Who wants to know when they are taken.
    receipt: Option<Receipt>,
}

impl Segments {
    /// No bytes at all.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Appends `bytes` by reference.
    pub(crate) fn push(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        self.len += bytes.len();
        if self.first.is_empty() {
            self.first = bytes;
        } else {
            self.others.push_back(bytes);
        }
    }

    /// The first one, behind which the next takes its place.
    fn pop(&mut self) -> Bytes {
        let next = self.others.pop_front().unwrap_or_default();
        std::mem::replace(&mut self.first, next)
    }

    /// The segments themselves.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Bytes> {
        let first = std::iter::once(&self.first).filter(|first| !first.is_empty());
        first.chain(&self.others)
    }

    /// Says to `progress` how much of it is taken.
    pub(crate) fn told(mut self, progress: &Arc<Progress>) -> Self {
        self.receipt = Some(Receipt::new(progress, self.len));
        self
    }

    fn taken(&mut self, count: usize) {
        if let Some(receipt) = &mut self.receipt {
            receipt.take(count);
        }
    }

    /// Appends all of `other` by reference.
    pub(crate) fn append(&mut self, other: Self) {
        self.push(other.first);
        for part in other.others {
            self.push(part);
        }
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes are left.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many segments are left.
    #[cfg(test)]
    pub(crate) fn segments(&self) -> usize {
        self.parts().count()
    }

    /// Everything as one string: free when there is one segment, a copy otherwise.
    #[cfg(test)]
    pub(crate) fn into_bytes(mut self) -> Bytes {
        self.copy_to_bytes(self.len)
    }
}

impl From<Bytes> for Segments {
    fn from(bytes: Bytes) -> Self {
        let mut segments = Self::new();
        segments.push(bytes);
        segments
    }
}

impl Buf for Segments {
    fn remaining(&self) -> usize {
        self.len
    }

    fn chunk(&self) -> &[u8] {
        &self.first
    }

    fn chunks_vectored<'a>(&'a self, dst: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (slot, part) in dst.iter_mut().zip(self.parts()) {
            *slot = IoSlice::new(part);
            filled += 1;
        }
        SHOWN.with_borrow_mut(|shown| {
            if let Some(Shown(shown)) = shown {
                shown.clear();
                shown.extend(self.parts().take(filled).cloned());
            }
        });
        filled
    }

    /// # Panics
    ///
    /// When `count` is more than is left, as the contract of [`Buf`] has it.
    fn advance(&mut self, mut count: usize) {
        assert!(
            count <= self.len,
            "advanced by {count} with {} left",
            self.len
        );
        self.taken(count);
        self.len -= count;
        while !self.first.is_empty() {
            if count < self.first.len() {
                self.first.advance(count);
                return;
            }
            count -= self.pop().len();
        }
    }

    /// Free when the bytes lie in the first segment, a copy otherwise.
    ///
    /// # Panics
    ///
    /// When `count` is more than is left, as the contract of [`Buf`] has it.
    fn copy_to_bytes(&mut self, count: usize) -> Bytes {
        assert!(
            count <= self.len,
            "asked for {count} with {} left",
            self.len
        );
        if count > self.first.len() {
            let mut copy = BytesMut::with_capacity(count);
            while copy.len() < count {
                let chunk = self.chunk();
                let take = chunk.len().min(count - copy.len());
                copy.extend_from_slice(chunk.get(..take).unwrap_or_default());
                self.advance(take);
            }
            return copy.freeze();
        }
        self.len -= count;
        self.taken(count);
        match count == self.first.len() {
            true => self.pop(),
            false => self.first.split_to(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(parts: &[&'static str]) -> Segments {
        let mut segments = Segments::new();
        for part in parts {
            segments.push(Bytes::from_static(part.as_bytes()));
        }
        segments
    }

    #[test]
    fn reads_as_one_string() {
        let mut all = segments(&["ab", "", "cde", "f"]);
        assert_eq!((all.len(), all.remaining(), all.segments()), (6, 6, 3));
        assert_eq!(all.chunk(), b"ab");
        all.advance(3);
        assert_eq!(all.chunk(), b"de");
        assert_eq!(all.clone().into_bytes(), "def");
        all.advance(3);
        assert!(all.is_empty());
        assert_eq!(all.chunk(), b"");
        all.advance(0);
    }

    #[test]
    fn shows_every_segment_to_the_socket() {
        let all = segments(&["ab", "cde", "f"]);
        let mut slices = [IoSlice::new(&[]), IoSlice::new(&[])];
        assert_eq!(all.chunks_vectored(&mut slices), 2);
        assert_eq!(&*slices[1], b"cde");
        let mut slices = [IoSlice::new(&[]); 8];
        assert_eq!(all.chunks_vectored(&mut slices), 3);
    }

    #[test]
    fn copies_only_across_segments() {
        let part = Bytes::from(vec![1, 2, 3, 4]);
        let mut all = Segments::from(part.clone());
        all.push(Bytes::from_static(&[5, 6]));
        let first = all.copy_to_bytes(2);
        assert_eq!(first.as_ptr(), part.as_ptr());
        assert_eq!(all.copy_to_bytes(3), [3, 4, 5].as_slice());
        assert_eq!(all.copy_to_bytes(1), [6].as_slice());
        assert_eq!(all.copy_to_bytes(0), Bytes::new());
        let whole = Segments::from(part.clone()).into_bytes();
        assert_eq!(whole.as_ptr(), part.as_ptr());
    }

    #[test]
    #[should_panic(expected = "advanced by 3 with 2 left")]
    fn advancing_past_the_end_is_a_bug_of_the_caller() {
        segments(&["ab"]).advance(3);
    }
}
