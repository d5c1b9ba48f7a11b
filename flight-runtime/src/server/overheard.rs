//! [`Overheard`]: what the client of a connection says, read along frame by frame.
//!
//! Whether it has spoken HTTP/2 at all, and how many streams it resets: hyper tells of neither.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::context::now;
use crate::limits::Limits;

/// The client's preface comes before its first frame, which is SETTINGS (RFC 9113, 3.4).
const PREFACE: usize = 24;
/// A frame's header: its length in the first three bytes, then its type (RFC 9113, 4.1).
const FRAME_HEADER: usize = 9;
const RST_STREAM: u8 = 3;
const MINUTE: Duration = Duration::from_secs(60);

/// A stream that notes what is read from it. What the frames say, h2 judges.
pub(super) struct Overheard<S> {
    inner: S,
    frames: Frames,
    /// Whether the first frame has been read.
    spoken: bool,
    resets: Option<Resets>,
    heard: Heard,
}

/// What a connection knows of its client.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Inner>);

#[derive(Default)]
struct Inner {
    spoken: AtomicBool,
    too_many_resets: Notify,
}

impl Heard {
    /// Whether preface and first frame are there.
    pub(super) fn spoken(&self) -> bool {
        self.0.spoken.load(Ordering::Relaxed)
    }

    /// Completes when the client has reset too many streams; and once more, when it goes on as if nothing had been said.
    pub(super) async fn too_many_resets(&self) {
        self.0.too_many_resets.notified().await;
    }
}

/// Where in its frames a client is.
struct Frames {
    /// How much of the preface, or of a frame's payload, is still to come.
    skip: usize,
    header: [u8; FRAME_HEADER],
    /// How much of the header is there.
    filled: usize,
    /// How many headers were read.
    begun: u64,
}

impl Frames {
    fn new() -> Self {
        Self {
            skip: PREFACE,
            header: [0; FRAME_HEADER],
            filled: 0,
            begun: 0,
        }
    }

    fn one_is_whole(&self) -> bool {
        self.begun > 1 || self.begun == 1 && self.skip == 0
    }

    /// Takes what was read up to the end of a header, and gives the frame's type; `None` when no header ends in it.
    fn next(&mut self, bytes: &mut &[u8]) -> Option<u8> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        *bytes = bytes.get(skipped..).unwrap_or_default();
        for slot in self.header.iter_mut().skip(self.filled) {
            let (byte, rest) = bytes.split_first()?;
            *slot = *byte;
            self.filled += 1;
            *bytes = rest;
        }
        self.filled = 0;
        self.begun += 1;
        let [a, b, c, kind, ..] = self.header;
        self.skip = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        Some(kind)
    }
}

/// How many streams may be reset.
struct Resets {
    limit: u32,
    /// When the minute began, and how many there were in it.
    began: Instant,
    count: u32,
    /// Behind GOAWAY there is no other minute: what is open may be reset, and no more can be opened.
    last: u32,
    told: bool,
}

impl Resets {
    fn new(limits: &Limits) -> Option<Self> {
        Some(Self {
            limit: limits.resets_per_minute?,
            began: now(),
            count: 0,
            last: limits.calls_per_connection,
            told: false,
        })
    }

    /// One more; whether that is one too many.
    fn one_too_many(&mut self) -> bool {
        let now = now();
        if !self.told && now.duration_since(self.began) >= MINUTE {
            (self.began, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(1);
        if self.count <= self.limit {
            return false;
        }
        (self.limit, self.count, self.told) = (self.last, 0, true);
        true
    }
}

impl<S> Overheard<S> {
    pub(super) fn new(inner: S, limits: &Limits) -> (Self, Heard) {
        let heard = Heard::default();
        let overheard = Self {
            inner,
            frames: Frames::new(),
            spoken: false,
            resets: Resets::new(limits),
            heard: heard.clone(),
        };
        (overheard, heard)
    }

    fn note(&mut self, mut bytes: &[u8]) {
        while let Some(kind) = self.frames.next(&mut bytes) {
            if kind == RST_STREAM
                && let Some(resets) = &mut self.resets
                && resets.one_too_many()
            {
                self.heard.0.too_many_resets.notify_one();
            }
        }
        if !self.spoken && self.frames.one_is_whole() {
            self.spoken = true;
            self.heard.0.spoken.store(true, Ordering::Relaxed);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Overheard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.spoken && self.resets.is_none() {
            return Pin::new(&mut self.inner).poll_read(cx, buffer);
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        self.note(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Overheard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const RESET: [u8; 13] = [0, 0, 4, RST_STREAM, 0, 0, 0, 0, 1, 0, 0, 0, 8];

    fn listen(resets: impl Into<Option<u32>>) -> (Overheard<()>, Heard) {
        let limits = Limits::default().max_resets_per_minute(resets);
        Overheard::new((), &limits.max_calls_per_connection(2))
    }

    fn told(heard: &Heard) -> bool {
        heard.too_many_resets().now_or_never().is_some()
    }

    #[test]
    fn a_client_has_spoken_once_its_first_frame_is_whole() {
        for resets in [None, Some(1)] {
            let (mut client, heard) = listen(resets);
            client.note(PREFACE);
            client.note(&[0, 0, 6, 4, 0, 0, 0, 0, 0]);
            client.note(&[0, 3, 0, 0, 0]);
            assert!(!heard.spoken());
            client.note(&[100]);
            assert!(heard.spoken());
        }
        let (mut client, heard) = listen(None);
        client.note(&[PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9, 0]].concat());
        assert!(heard.spoken());
    }

    #[tokio::test(start_paused = true)]
    async fn one_reset_too_many_in_a_minute_is_told_however_the_bytes_come() {
        let (mut client, heard) = listen(3);
        // Bytes of data that look like a reset are none.
        let data = [&[0, 0, 13, 0, 0, 0, 0, 0, 1][..], &RESET].concat();
        let bytes = [PREFACE, &data, &RESET, &data, &RESET, &RESET].concat();
        for byte in bytes {
            client.note(&[byte]);
        }
        assert!(!told(&heard));
        client.note(&RESET);
        assert!(told(&heard));
    }

    #[tokio::test(start_paused = true)]
    async fn resets_count_for_a_minute_and_behind_goaway_for_ever() {
        let (mut client, heard) = listen(3);
        client.note(PREFACE);
        for _ in 0..5 {
            client.note(&RESET.repeat(3));
            assert!(!told(&heard));
            tokio::time::advance(MINUTE).await;
        }
        client.note(&RESET.repeat(4));
        assert!(told(&heard));
        client.note(&RESET);
        tokio::time::advance(MINUTE).await;
        client.note(&RESET);
        assert!(!told(&heard));
        client.note(&RESET);
        assert!(told(&heard));
    }

    #[test]
    fn without_a_limit_nobody_counts() {
        let (mut client, heard) = listen(None);
        client.note(PREFACE);
        client.note(&RESET.repeat(100_000));
        assert!(!told(&heard));
    }
}
