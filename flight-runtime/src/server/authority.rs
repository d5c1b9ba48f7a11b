//! [`Authority`]: lets gRPC's C++ and Python clients call over a Unix domain socket.
//!
//! gRPC-core sends the percent-encoded path of the socket as `:authority` (`tmp%2Fflight.sock`). A `%` is no part of an
//! authority's host to the `http` crate, so h2 resets the call with PROTOCOL_ERROR before anybody sees it
//! (hyperium/h2#487, grpc/grpc#38142). On a Unix domain socket the authority says nothing, so the `%` becomes a `-` on its way
//! in: a byte for a byte, in the header block itself. The lengths of frames and of HPACK strings stay, and the dynamic table
//! of h2 takes up the value that it read, so later references to it are right too.
//!
//! Blocks that go on in CONTINUATION frames, and values in Huffman code, which gRPC-core does not use, pass as they are.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::wire::frames::{END_HEADERS, FRAME_HEADER, HEADERS, PREFACE, length};

/// Of HEADERS: how much padding there is comes first.
const PADDED: u8 = 0x8;
/// Of HEADERS: five bytes of a priority come before the block.
const PRIORITY: u8 = 0x20;
/// A larger HEADERS frame passes as it is: what h2 takes of headers is less.
const MOST: usize = 64 * 1024;

/// A stream whose HEADERS frames have an authority that h2 takes.
pub(super) struct Authority<S> {
    inner: S,
    state: State,
    /// The beginning of a frame that is not whole yet.
    held: Vec<u8>,
    /// What can be read, from the frame before.
    ready: io::Cursor<Vec<u8>>,
}

enum State {
    /// This many bytes pass as they are.
    Pass(usize),
    /// A frame's header is gathered.
    Header,
    /// A HEADERS frame of this length, header included, is gathered.
    Block(usize),
}

impl<S> Authority<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            state: State::Pass(PREFACE.len()),
            held: Vec::new(),
            ready: io::Cursor::default(),
        }
    }

    /// Takes bytes in; gives what may be read of them, before and after the frames that are held.
    fn take(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        loop {
            match self.state {
                State::Pass(0) => self.state = State::Header,
                State::Pass(count) => {
                    let (pass, rest) = bytes.split_at(count.min(bytes.len()));
                    out.extend_from_slice(pass);
                    self.state = State::Pass(count - pass.len());
                    bytes = rest;
                    if bytes.is_empty() {
                        return;
                    }
                }
                State::Header => {
                    if !self.gather(&mut bytes, FRAME_HEADER) {
                        return;
                    }
                    let Some(&header) = self.held.first_chunk() else {
                        return;
                    };
                    let length = length(header);
                    let [_, _, _, kind, flags, ..] = header;
                    if kind == HEADERS && flags & END_HEADERS != 0 && length <= MOST {
                        self.state = State::Block(FRAME_HEADER + length);
                    } else {
                        out.append(&mut self.held);
                        self.state = State::Pass(length);
                    }
                }
                State::Block(length) => {
                    if !self.gather(&mut bytes, length) {
                        return;
                    }
                    if let Some(block) = block_of(&mut self.held) {
                        mend(block);
                    }
                    out.append(&mut self.held);
                    self.state = State::Header;
                }
            }
        }
    }

    /// Whether this many bytes are held now.
    fn gather(&mut self, bytes: &mut &[u8], length: usize) -> bool {
        let missing = length.saturating_sub(self.held.len());
        let (taken, rest) = bytes.split_at(missing.min(bytes.len()));
        self.held.extend_from_slice(taken);
        *bytes = rest;
        self.held.len() >= length
    }
}

/// The header block in a HEADERS frame, without padding and priority (RFC 9113, 6.2).
fn block_of(frame: &mut [u8]) -> Option<&mut [u8]> {
    let flags = *frame.get(4)?;
    let payload = frame.get_mut(FRAME_HEADER..)?;
    let (start, padding) = match flags & PADDED {
        0 => (0, 0),
        _ => (1, usize::from(*payload.first()?)),
    };
    let start = if flags & PRIORITY == 0 {
        start
    } else {
        start + 5
    };
    let end = payload.len().checked_sub(padding)?;
    payload.get_mut(start..end)
}

/// Walks over a header block (RFC 7541, 6) and mends the authority in it. What is malformed is left to h2 to refuse.
fn mend(block: &mut [u8]) -> Option<()> {
    let mut at = 0;
    while at < block.len() {
        let first = *block.get(at)?;
        let prefix = match first {
            // An indexed field is all in its index; a size update in its size.
            0x80.. => {
                integer(block, &mut at, 7)?;
                continue;
            }
            0x40..=0x7f => 6,
            0x20..=0x3f => {
                integer(block, &mut at, 5)?;
                continue;
            }
            // Without indexing, or never indexed.
            _ => 4,
        };
        let is_authority = match integer(block, &mut at, prefix)? {
            // `:authority` is the first of the static table.
            1 => true,
            0 => {
                let (start, end, _) = string(block, &mut at)?;
                block.get(start..end)? == b":authority"
            }
            _ => false,
        };
        let (start, end, huffman) = string(block, &mut at)?;
        if is_authority && !huffman {
            for byte in block
                .get_mut(start..end)?
                .iter_mut()
                .filter(|byte| **byte == b'%')
            {
                *byte = b'-';
            }
        }
    }
    Some(())
}

/// An integer with a prefix of so many bits (RFC 7541, 5.1).
fn integer(block: &[u8], at: &mut usize, bits: u32) -> Option<usize> {
    let mask = (1 << bits) - 1;
    let mut value = usize::from(*block.get(*at)? & mask);
    *at += 1;
    if value < usize::from(mask) {
        return Some(value);
    }
    for shift in (0..28).step_by(7) {
        let byte = *block.get(*at)?;
        *at += 1;
        value = value.checked_add(usize::from(byte & 0x7f) << shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Where a string begins and ends, and whether it is in Huffman code (RFC 7541, 5.2).
fn string(block: &[u8], at: &mut usize) -> Option<(usize, usize, bool)> {
    let huffman = *block.get(*at)? & 0x80 != 0;
    let length = integer(block, at, 7)?;
    let start = *at;
    let end = start
        .checked_add(length)
        .filter(|end| *end <= block.len())?;
    *at = end;
    Some((start, end, huffman))
}

impl<S: AsyncRead + Unpin> AsyncRead for Authority<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            let position = this.ready.position() as usize;
            if let Some(rest) = this
                .ready
                .get_ref()
                .get(position..)
                .filter(|rest| !rest.is_empty())
            {
                let count = rest.len().min(buffer.remaining());
                buffer.put_slice(rest.get(..count).unwrap_or_default());
                this.ready.set_position((position + count) as u64);
                return Poll::Ready(Ok(()));
            }
            if let State::Pass(count @ 1..) = this.state {
                // The body of a frame goes straight to its reader, whose buffer may be larger than what is left of it.
                let before = buffer.filled().len();
                if buffer.remaining() <= count {
                    std::task::ready!(Pin::new(&mut this.inner).poll_read(cx, buffer))?;
                } else {
                    let mut part = ReadBuf::new(buffer.initialize_unfilled_to(count));
                    std::task::ready!(Pin::new(&mut this.inner).poll_read(cx, &mut part))?;
                    let read = part.filled().len();
                    buffer.advance(read);
                }
                this.state = State::Pass(count - (buffer.filled().len() - before));
                return Poll::Ready(Ok(()));
            }
            let mut bytes = [0; 4096];
            let mut part = ReadBuf::new(&mut bytes);
            std::task::ready!(Pin::new(&mut this.inner).poll_read(cx, &mut part))?;
            if part.filled().is_empty() {
                // The end, perhaps inside a frame: h2 sees what there is.
                let held = std::mem::take(&mut this.held);
                if held.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                this.ready = io::Cursor::new(held);
                continue;
            }
            let mut ready = std::mem::take(this.ready.get_mut());
            ready.clear();
            this.take(part.filled(), &mut ready);
            this.ready = io::Cursor::new(ready);
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Authority<S> {
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags, 0, 0, 0, 1];
        frame.extend_from_slice(payload);
        frame
    }

    /// An indexed field, a size update, the authority by index, another field that has a `%`, the authority by name.
    fn block(authority: &str) -> Vec<u8> {
        let mut block = vec![
            0x83,
            0x3f,
            0xe1,
            0x1f,
            0x41,
            u8::try_from(authority.len()).unwrap(),
        ];
        block.extend_from_slice(authority.as_bytes());
        block.extend_from_slice(b"\x00\x03x-a\x04100%\x10\x0a:authority\x03a%b");
        block
    }

    async fn through(input: &[u8], at_once: usize) -> Vec<u8> {
        let (mut near, far) = duplex(at_once);
        let input = input.to_vec();
        let writer = tokio::spawn(async move { near.write_all(&input).await });
        let mut output = Vec::new();
        Authority::new(far).read_to_end(&mut output).await.unwrap();
        writer.await.unwrap().unwrap();
        output
    }

    #[tokio::test]
    async fn the_authority_is_mended_and_nothing_else_changes() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        let data = frame(0, 0, &[b'%'; 5000]);
        let mut sent = preface.to_vec();
        let mut expected = preface.to_vec();
        for flags in [END_HEADERS, END_HEADERS | PADDED, END_HEADERS | PRIORITY, 0] {
            let wrap = |block: Vec<u8>| match flags {
                flags if flags & PADDED != 0 => [vec![3], block, vec![b'%'; 3]].concat(),
                flags if flags & PRIORITY != 0 => [vec![0; 5], block].concat(),
                _ => block,
            };
            let mended = if flags == 0 {
                block("tmp%2Fs")
            } else {
                let text = String::from_utf8_lossy(&block("tmp-2Fs")).into_owned();
                assert!(text.contains("100%"));
                let mut block = block("tmp-2Fs");
                let end = block.len();
                block[end - 2] = b'-';
                block
            };
            sent.extend(frame(HEADERS, flags, &wrap(block("tmp%2Fs"))));
            sent.extend(&data);
            expected.extend(frame(HEADERS, flags, &wrap(mended)));
            expected.extend(&data);
        }
        for at_once in [1, 7, 100, 1 << 20] {
            assert_eq!(
                through(&sent, at_once).await,
                expected,
                "{at_once} bytes at once"
            );
        }
    }

    #[tokio::test]
    async fn what_is_cut_or_malformed_passes_as_it_is() {
        let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        for payload in [
            &[0x41, 200, b'%'][..],
            &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x41],
            &[],
        ] {
            sent.extend(frame(HEADERS, END_HEADERS, payload));
            sent.extend(frame(HEADERS, END_HEADERS | PADDED, payload));
        }
        sent.extend(&frame(HEADERS, END_HEADERS, b"cut short")[..12]);
        for at_once in [1, 1 << 20] {
            assert_eq!(through(&sent, at_once).await, sent);
        }
    }
}
