//! A socket that gathers frames: many of them in one system call, by reference.
//!
//! h2 writes out and flushes each frame before it takes up the next. Here a write puts what it is given into a queue, a flush does nothing, and the
//! queue is written out when it is full, and **whenever the connection has nothing more to do**: [`Drain::poll`] polls the connection and
//! then writes, in the same poll and with the same waker. So what is queued when the task goes to sleep was offered to the socket, and if
//! the socket did not take all of it, it wakes the task: there is no wake-up that could get lost.
//!
//! What is queued is not copied. `AsyncWrite` is handed slices, which end with the call; the `Bytes` behind them were shown to h2 a moment
//! before, on this thread, and are found there by their address ([`segments::shown`]). Heads of frames and other small pieces are copied together.
//!
//! On their way frames are cut to what the peer takes ([`frames`](super::frames)).
//!
//! Measured with `benches/run`: see `benches/README.md`.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::{Cutter, Greeting, Part, Peer};
use super::segments::{self, Shown};

/// The queue is written out when it holds this much. More makes no measurable difference, and holds more.
const FULL: usize = 512 << 10;
/// Pieces below this are copied: less work than a place in the queue.
const COPIED: usize = 1 << 10;
/// How many pieces one system call takes; the kernel's own limit is 1,024.
const PIECES: usize = 256;
/// What a call with a short answer needs of them.
const FEW: usize = 4;
/// Memory for small pieces up to this is kept for those that come next.
const KEPT: usize = 4 << 10;

/// Two ends of a socket: what the connection reads from and writes to, and what writes out what it has written.
pub(crate) fn gather<S>(socket: S, peer: Peer) -> (Socket<S>, Drain<S>) {
    let shared = Arc::new(Mutex::new(Inner {
        socket,
        greeting: Some(Box::new(Greeting::new(peer))),
        cutter: Some(Cutter::new(peer)),
        queue: VecDeque::new(),
        queued: 0,
        small: BytesMut::new(),
        unflushed: false,
    }));
    (Socket(Arc::clone(&shared)), Drain(shared))
}

/// What the connection reads from and writes to.
pub(crate) struct Socket<S>(Arc<Mutex<Inner<S>>>);

/// What writes out the queue.
pub(crate) struct Drain<S>(Arc<Mutex<Inner<S>>>);

/// Both ends are used by one task, one after the other: nobody ever waits here.
fn lock<S>(shared: &Mutex<Inner<S>>) -> MutexGuard<'_, Inner<S>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Inner<S> {
    socket: S,
    /// What the peer says first, until it is handed on.
    greeting: Option<Box<Greeting>>,
    /// Until the peer is known, and for one whose frames are smaller than h2's.
    cutter: Option<Cutter>,
    queue: VecDeque<Bytes>,
    /// How many bytes wait, in `queue` and behind it in `small`.
    queued: usize,
    small: BytesMut,
    /// Something was written that the socket may hold back: TLS does.
    unflushed: bool,
}

impl<S: AsyncWrite + Unpin> Drain<S> {
    /// Polls the connection; when it waits, writes out what it has written.
    pub(crate) fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        connection: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<io::Result<T>> {
        match segments::showing(|| connection(cx)) {
            // At its end the connection has shut the socket down, which writes out everything.
            Poll::Ready(ended) => Poll::Ready(Ok(ended)),
            Poll::Pending => match lock(&self.0).poll_drain(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
            },
        }
    }
}

impl<S: AsyncWrite + Unpin> Inner<S> {
    fn queue_small(&mut self) {
        if !self.small.is_empty() {
            self.queue.push_back(self.small.split().freeze());
        }
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.queued > 0 {
            let written = ready!(if self.queue.len() < FEW {
                self.poll_write_out::<FEW>(cx)
            } else {
                self.poll_write_out::<PIECES>(cx)
            })?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.advance(written);
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes up to so many pieces in one system call.
    fn poll_write_out<const MOST: usize>(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); MOST];
        let small = (!self.small.is_empty()).then_some(&self.small[..]);
        let pieces = self.queue.iter().map(|piece| &piece[..]).chain(small);
        let mut filled = 0;
        for (slice, piece) in slices.iter_mut().zip(pieces) {
            *slice = IoSlice::new(piece);
            filled += 1;
        }
        let slices = slices.get(..filled).unwrap_or_default();
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    /// Takes what was written from the front of the queue.
    fn advance(&mut self, mut written: usize) {
        self.queued = self.queued.saturating_sub(written);
        while let Some(front) = self.queue.front_mut() {
            if written < front.len() {
                front.advance(written);
                return;
            }
            written -= front.len();
            self.queue.pop_front();
        }
        self.small.advance(written.min(self.small.len()));
        if self.small.is_empty() && self.small.capacity() > KEPT {
            self.small = BytesMut::new();
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = slices.iter().map(|slice| slice.len()).sum();
        if self.queued == 0 && len >= FULL && self.cutter.is_none() {
            self.unflushed = true;
            return Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        }
        if self.queued >= FULL {
            match self.poll_drain(cx) {
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                // The socket wakes the task when it takes more.
                Poll::Pending if self.queued >= FULL => return Poll::Pending,
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
        }
        segments::shown(|shown| {
            for slice in slices {
                let Some(mut cutter) = self.cutter.take() else {
                    self.queue(slice, shown);
                    continue;
                };
                let mut slice: &[u8] = slice;
                while let Some(part) = cutter.next(&mut slice) {
                    match part {
                        Part::Header(header) => self.queue(&header, shown),
                        Part::Payload(payload) => self.queue(payload, shown),
                    }
                }
                self.cutter = Some(cutter);
            }
        });
        Poll::Ready(Ok(len))
    }

    fn queue(&mut self, slice: &[u8], shown: &Shown) {
        self.queued += slice.len();
        let piece = (slice.len() >= COPIED)
            .then(|| shown.piece(slice))
            .flatten();
        match piece {
            Some(piece) => {
                self.queue_small();
                self.queue.push_back(piece);
            }
            None => self.small.extend_from_slice(slice),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        lock(&self.0).poll_write(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        lock(&self.0).poll_write(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Nothing: h2 flushes after each frame. [`Drain::poll`] writes.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = lock(&self.0);
        ready!(inner.poll_drain(cx))?;
        Pin::new(&mut inner.socket).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Inner {
            socket,
            greeting,
            cutter,
            ..
        } = &mut *lock(&self.0);
        let Some(unread) = greeting else {
            return Pin::new(socket).poll_read(cx, buffer);
        };
        ready!(unread.poll_read(cx, socket, cutter))?;
        if unread.give(buffer) {
            *greeting = None;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::wire::frames::{DATA, FRAME_HEADER};
    use crate::wire::segments::Segments;

    /// Of a peer whose frames are as large as h2's.
    fn gather_whole<S>(socket: S) -> (Socket<S>, Drain<S>) {
        let ends = gather(socket, Peer::Client);
        lock(&ends.1.0).cutter = None;
        ends
    }

    fn cx() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    fn write<S: AsyncWrite + Unpin>(socket: &mut Socket<S>, buffer: &mut impl Buf) -> Poll<usize> {
        let mut slices = [IoSlice::new(&[]); 16];
        let count = buffer.chunks_vectored(&mut slices);
        let written = Pin::new(socket).poll_write_vectored(&mut cx(), &slices[..count]);
        let written = match written {
            Poll::Ready(written) => written.unwrap(),
            Poll::Pending => return Poll::Pending,
        };
        buffer.advance(written);
        Poll::Ready(written)
    }

    /// Pieces whose bytes tell where they belong.
    fn pieces(sizes: &[usize]) -> (Segments, Vec<u8>) {
        let mut segments = Segments::new();
        let mut all = Vec::new();
        for (index, &size) in sizes.iter().enumerate() {
            let piece: Vec<u8> = (0..size).map(|n| (n * 31 + index) as u8).collect();
            all.extend_from_slice(&piece);
            segments.push(piece.into());
        }
        (segments, all)
    }

    #[tokio::test]
    async fn everything_comes_out_in_order_through_a_socket_that_takes_little() {
        let (mut segments, all) = pieces(&[5, 2000, 1, 70_000, 900, 300_000, 3, 16_384]);
        let (here, mut there) = duplex(777);
        let (mut socket, drain) = gather_whole(here);
        let reader = tokio::spawn(async move {
            let mut read = vec![0; all.len()];
            there.read_exact(&mut read).await.unwrap();
            assert!(read == all, "other bytes came out");
        });
        std::future::poll_fn(|cx| {
            let polled = drain.poll(cx, |_| {
                while segments.has_remaining() {
                    // In frames, as h2 cuts them.
                    let mut frame = segments.clone().take(16_384);
                    let left = frame.remaining();
                    if write(&mut socket, &mut frame).is_pending() {
                        break;
                    }
                    segments.advance(left - frame.remaining());
                }
                Poll::<()>::Pending
            });
            assert!(polled.is_pending());
            let idle = lock(&drain.0).queued == 0 && !segments.has_remaining();
            if idle { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        reader.await.unwrap();
    }

    #[test]
    fn large_pieces_are_queued_by_reference() {
        let (mut segments, _) = pieces(&[10, 5000, 20, 6000]);
        let memory: Vec<_> = segments.clone().parts().map(|part| part.as_ptr()).collect();
        let (mut socket, drain) = gather_whole(tokio::io::sink());
        segments::showing(|| {
            assert_eq!(write(&mut socket, &mut segments), Poll::Ready(11_030));
        });
        let inner = lock(&drain.0);
        let queued: Vec<_> = inner.queue.iter().map(|piece| piece.as_ptr()).collect();
        assert_eq!((queued.len(), inner.queued), (4, 11_030));
        assert_eq!((queued[1], queued[3]), (memory[1], memory[3]));
    }

    #[tokio::test]
    async fn frames_that_are_too_large_for_the_peer_are_cut_by_reference() {
        let (here, there) = duplex(1 << 20);
        let (mut socket, drain) = gather(here, Peer::Client);
        let mut there = there;
        // SETTINGS without any: frames of 16 KiB.
        let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        there.write_all(hello).await.unwrap();
        let mut read = [0; 24 + 15];
        socket.read_exact(&mut read).await.unwrap();
        assert_eq!(read[26], 6, "one more setting");

        let (payload, _) = pieces(&[40_000]);
        let memory = payload.chunk().as_ptr();
        let header = [0, 0x9c, 0x40, DATA, 1, 0, 0, 0, 1];
        let mut frame = Segments::from(Bytes::copy_from_slice(&header));
        frame.append(payload);
        segments::showing(|| {
            assert_eq!(write(&mut socket, &mut frame), Poll::Ready(40_009));
        });
        let inner = lock(&drain.0);
        assert_eq!(inner.queued, 3 * FRAME_HEADER + 40_000);
        let queue: Vec<_> = inner.queue.iter().map(|part| &part[..]).collect();
        let [first, a, second, b, third, c] = queue[..] else {
            panic!("{} parts", queue.len());
        };
        assert_eq!(first, [0, 0x40, 0, DATA, 0, 0, 0, 0, 1]);
        assert_eq!(second, first);
        assert_eq!(third, [0, 0x1c, 0x40, DATA, 1, 0, 0, 0, 1]);
        assert_eq!((a.as_ptr(), a.len()), (memory, 16_384));
        assert_eq!(b.as_ptr(), memory.wrapping_add(16_384));
        assert_eq!(c.as_ptr(), memory.wrapping_add(32_768));
    }

    #[test]
    fn what_is_not_shown_is_copied() {
        let (mut socket, drain) = gather_whole(tokio::io::sink());
        let bytes = vec![7; 5000];
        let written = Pin::new(&mut socket).poll_write(&mut cx(), &bytes);
        assert!(matches!(written, Poll::Ready(Ok(5000))));
        assert_eq!(lock(&drain.0).small, bytes);
    }

    #[test]
    fn a_full_queue_waits_for_the_socket() {
        let (here, _there) = duplex(1);
        let (mut socket, drain) = gather_whole(here);
        let (mut segments, _) = pieces(&[FULL - 1, FULL - 1, 5000]);
        segments::showing(|| {
            for _ in 0..2 {
                let mut frame = segments.clone().take(FULL - 1);
                assert!(write(&mut socket, &mut frame).is_ready());
                segments.advance(FULL - 1);
            }
            assert!(write(&mut socket, &mut segments).is_pending());
        });
        assert!(lock(&drain.0).queued >= FULL);
    }
}
