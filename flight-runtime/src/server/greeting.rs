//! [`Greeting`]: whether the client of a connection has spoken HTTP/2.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The client's preface comes before its first frame, which is SETTINGS (RFC 9113, 3.4).
const PREFACE: usize = 24;
/// A frame's header: its length in the first three bytes (RFC 9113, 4.1).
const FRAME_HEADER: usize = 9;

/// A stream that notes when preface and first frame have been read. What they say, h2 judges.
pub(super) struct Greeting<S> {
    inner: S,
    /// How many bytes have been read.
    read: usize,
    /// The length of the first frame, as far as it is known.
    length: usize,
    spoken: Spoken,
}

/// Whether the client has spoken.
#[derive(Clone, Default)]
pub(super) struct Spoken(Arc<AtomicBool>);

impl Spoken {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<S> Greeting<S> {
    pub(super) fn new(inner: S) -> (Self, Spoken) {
        let spoken = Spoken::default();
        let greeting = Self {
            inner,
            read: 0,
            length: 0,
            spoken: spoken.clone(),
        };
        (greeting, spoken)
    }

    fn note(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if (PREFACE..PREFACE + 3).contains(&self.read) {
                self.length = self.length << 8 | usize::from(*byte);
            }
            self.read += 1;
            if self.read >= PREFACE + FRAME_HEADER + self.length {
                self.spoken.0.store(true, Ordering::Relaxed);
                return;
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Greeting<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.spoken.get() {
            return Pin::new(&mut self.inner).poll_read(cx, buffer);
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        self.note(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Greeting<S> {
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
    use super::*;

    #[test]
    fn a_client_has_spoken_once_its_first_frame_is_whole() {
        let (mut greeting, spoken) = Greeting::new(());
        greeting.note(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        greeting.note(&[0, 0, 6, 4, 0, 0, 0, 0, 0]);
        greeting.note(&[0, 3, 0, 0, 0]);
        assert!(!spoken.get());
        greeting.note(&[100]);
        assert!(spoken.get());
    }
}
