//! [`Script`]: a request whose bytes are there, for tests, benches and fuzzers.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};

use super::error::WireError;

/// A body that yields its chunks at once.
#[derive(Debug)]
pub(crate) struct Script(pub(crate) VecDeque<Bytes>);

impl Script {
    /// `bytes` in chunks whose lengths come from `lens`, again and again; in one without them.
    #[cfg(any(test, feature = "fuzz"))]
    pub(crate) fn cut(bytes: &Bytes, lens: &[usize]) -> Self {
        let mut chunks = VecDeque::new();
        let mut rest = bytes.clone();
        let mut lens = lens.iter().cycle();
        while !rest.is_empty() {
            let len = lens.next().map_or(rest.len(), |len| *len).max(1);
            chunks.push_back(rest.split_to(len.min(rest.len())));
        }
        Self(chunks)
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = WireError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, WireError>>> {
        Poll::Ready(self.0.pop_front().map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}
