//! Frames larger than the peer takes, so that h2 has fewer of them to handle.
//!
//! h2 takes up, accounts for and writes each DATA frame by itself, and a frame is as large as its peer allows: 16 KiB for clients in Rust, Go and
//! Java, which is 65,536 times the same work for a gibibyte. So h2 is told that its peer takes frames of [`LARGE`] ([`Greeting`]), and its frames
//! are cut to what the peer takes where they are queued ([`Cutter`]). What the peer gets is what it allows (RFC 9113, 4.2), flow control counts
//! the same bytes, and the order of frames stays.
//!
//! Only the first SETTINGS count. A peer that changes its mind later is obeyed by h2 itself, and frames that are cut smaller than need be are right, too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::poll_read_buf;

/// What a client says before its first frame (RFC 9113, 3.4).
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A frame's header: its length in the first three bytes, its type, its flags, its stream (RFC 9113, 4.1).
pub(crate) const FRAME_HEADER: usize = 9;
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const CONTINUATION: u8 = 9;
/// Of DATA and HEADERS: the stream ends.
const END_STREAM: u8 = 1;
/// Of SETTINGS.
const ACK: u8 = 1;
/// Of HEADERS and CONTINUATION: the headers end.
pub(crate) const END_HEADERS: u8 = 4;
/// The setting that is told.
const MAX_FRAME_SIZE: u16 = 5;
/// One setting: its name and its value (RFC 9113, 6.5.1).
const SETTING: usize = 6;
/// What MAX_FRAME_SIZE may be (RFC 9113, 6.5.2), and what it is when nobody says.
const FRAME_SIZES: std::ops::RangeInclusive<usize> = 1 << 14..=(1 << 24) - 1;
/// More settings than anybody sends are left alone.
const MOST_SETTINGS: usize = 1 << 10;

/// What h2 is told. With 256 KiB a server takes a tenth more processor time; larger ones would only be longer in the way of other calls.
pub(crate) const LARGE: usize = 1 << 20;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer {
    Client,
    Server,
}

/// The length of the frame behind a header.
pub(crate) fn length([a, b, c, ..]: [u8; FRAME_HEADER]) -> usize {
    usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)
}

/// A header of a frame of another length and with other flags.
fn with(
    [.., kind, _, s, t, u, v]: [u8; FRAME_HEADER],
    length: usize,
    flags: u8,
) -> [u8; FRAME_HEADER] {
    let [.., a, b, c] = length.to_be_bytes();
    [a, b, c, kind, flags, s, t, u, v]
}

/// What a peer says first: its SETTINGS, behind the preface if it is a client. It is read whole, and handed on with one more setting.
pub(crate) struct Greeting {
    preface: &'static [u8],
    held: BytesMut,
    /// There is no more to come, or nothing that matters.
    is_over: bool,
}

/// What is known of a greeting.
enum Heard {
    /// It has only begun.
    Part,
    /// It is none that has to be changed, or that h2 would take.
    Other,
    /// The peer's frames are of this size at most, and its SETTINGS end here.
    Frames { most: usize, end: usize },
}

impl Greeting {
    pub(crate) fn new(peer: Peer) -> Self {
        let held = BytesMut::with_capacity(512);
        Self {
            preface: match peer {
                Peer::Client => PREFACE,
                Peer::Server => b"",
            },
            held,
            is_over: false,
        }
    }

    /// Reads until it is whole, and changes it. Has frames cut from there on, or not looked at.
    pub(crate) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut S,
        cutter: &mut Option<Cutter>,
    ) -> Poll<io::Result<()>> {
        while !self.is_over {
            match self.heard() {
                Heard::Part => {
                    let read = ready!(poll_read_buf(Pin::new(&mut *socket), cx, &mut self.held))?;
                    self.is_over = read == 0;
                }
                Heard::Other => {
                    *cutter = None;
                    self.is_over = true;
                }
                Heard::Frames { most, end } => {
                    self.change(end);
                    if let Some(cutter) = cutter {
                        cutter.most = most;
                    }
                    self.is_over = true;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn heard(&self) -> Heard {
        let preface = self.preface.len().min(self.held.len());
        if self.held.get(..preface) != self.preface.get(..preface) {
            return Heard::Other;
        }
        let begins = self.preface.len();
        let header = self.held.get(begins..).and_then(<[u8]>::first_chunk);
        let Some(&header) = header else {
            return Heard::Part;
        };
        let length = length(header);
        let [_, _, _, kind, flags, stream @ ..] = header;
        if (kind, flags & ACK, stream) != (SETTINGS, 0, [0; 4])
            || length > MOST_SETTINGS
            || !length.is_multiple_of(SETTING)
        {
            return Heard::Other;
        }
        let end = begins + FRAME_HEADER + length;
        let Some(settings) = self.held.get(begins + FRAME_HEADER..end) else {
            return Heard::Part;
        };
        let mut most = *FRAME_SIZES.start();
        for mut setting in settings.chunks_exact(SETTING) {
            if setting.get_u16() == MAX_FRAME_SIZE {
                most = setting.get_u32() as usize;
                if !FRAME_SIZES.contains(&most) {
                    return Heard::Other;
                }
            }
        }
        if most >= LARGE {
            return Heard::Other;
        }
        Heard::Frames { most, end }
    }

    /// Adds the setting. The last of a name is the one that holds (RFC 9113, 6.5.3).
    fn change(&mut self, end: usize) {
        let rest = self.held.split_off(end);
        self.held.put_u16(MAX_FRAME_SIZE);
        self.held.put_u32(LARGE as u32);
        self.held.unsplit(rest);
        let header = self
            .held
            .get_mut(self.preface.len()..)
            .and_then(<[u8]>::first_chunk_mut);
        if let Some(header) = header {
            let longer = length(*header) + SETTING;
            let [_, _, _, _, flags, ..] = *header;
            *header = with(*header, longer, flags);
        }
    }

    /// Hands on what was read. Whether that is all of it.
    pub(crate) fn give(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let some = self.held.len().min(buffer.remaining());
        buffer.put_slice(&self.held.split_to(some));
        self.held.is_empty()
    }
}

/// Cuts frames to a size, as they are written.
pub(crate) struct Cutter {
    most: usize,
    /// The header of the frame that is written, and how much of it is there.
    header: [u8; FRAME_HEADER],
    filled: usize,
    /// How much is left of the frame that is written …
    frame: usize,
    /// … and of the one that the peer gets.
    piece: usize,
}

/// What comes of frames that are cut.
#[derive(Debug, PartialEq)]
pub(crate) enum Part<'a> {
    Header([u8; FRAME_HEADER]),
    Payload(&'a [u8]),
}

impl Cutter {
    /// Of a connection on which nothing has been written. It cuts nothing before the peer's greeting: until then h2's frames are small.
    pub(crate) fn new(peer: Peer) -> Self {
        // What a server reads first is no frame.
        let preface = match peer {
            Peer::Client => 0,
            Peer::Server => PREFACE.len(),
        };
        Self {
            most: usize::MAX,
            header: [0; FRAME_HEADER],
            filled: 0,
            frame: preface,
            piece: preface,
        }
    }

    /// The next part of what was written, which is taken from `bytes`; `None` when they are used up.
    pub(crate) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Part<'a>> {
        if self.piece > 0 {
            let (part, rest) = bytes.split_at(self.piece.min(bytes.len()));
            *bytes = rest;
            self.piece -= part.len();
            self.frame -= part.len();
            return (!part.is_empty()).then_some(Part::Payload(part));
        }
        if self.frame > 0 {
            let [_, _, _, kind, flags, ..] = &mut self.header;
            if *kind == HEADERS {
                (*kind, *flags) = (CONTINUATION, *flags & END_HEADERS);
            }
            return Some(self.begin_piece());
        }
        for slot in self.header.iter_mut().skip(self.filled) {
            let (byte, rest) = bytes.split_first()?;
            *slot = *byte;
            self.filled += 1;
            *bytes = rest;
        }
        self.filled = 0;
        self.frame = length(self.header);
        Some(self.begin_piece())
    }

    fn begin_piece(&mut self) -> Part<'static> {
        let [_, _, _, kind, flags, ..] = self.header;
        let of_last = match kind {
            DATA => END_STREAM,
            HEADERS | CONTINUATION => END_HEADERS,
            // What is written of others is small.
            _ => {
                self.piece = self.frame;
                return Part::Header(self.header);
            }
        };
        self.piece = self.frame.min(self.most);
        let is_last = self.piece == self.frame;
        let flags = if is_last { flags } else { flags & !of_last };
        Part::Header(with(self.header, self.piece, flags))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures::FutureExt;

    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let header = with([0, 0, 0, kind, 0, 0, 0, 0, 7], payload.len(), flags);
        [&header, payload].concat()
    }

    fn settings(all: &[(u16, u32)]) -> Vec<u8> {
        let mut payload = Vec::new();
        for (name, value) in all {
            payload.put_u16(*name);
            payload.put_u32(*value);
        }
        let mut frame = frame(SETTINGS, 0, &payload);
        frame[8] = 0;
        frame
    }

    /// What h2 gets of what a peer says, in reads of `step` bytes, and to what size frames are cut.
    fn greet(peer: Peer, said: &[u8], step: usize) -> (Option<usize>, Vec<u8>) {
        let mut greeting = Greeting::new(peer);
        let mut socket = Steps { said, step };
        let mut cutter = Some(Cutter::new(peer));
        let mut given = Vec::new();
        loop {
            poll_fn(|cx| greeting.poll_read(cx, &mut socket, &mut cutter))
                .now_or_never()
                .unwrap()
                .unwrap();
            let mut memory = [0; 5];
            let mut buffer = ReadBuf::new(&mut memory);
            let over = greeting.give(&mut buffer);
            given.extend_from_slice(buffer.filled());
            if over {
                break;
            }
        }
        given.extend_from_slice(socket.said);
        (cutter.map(|cutter| cutter.most), given)
    }

    /// A peer whose words come in reads of `step` bytes.
    struct Steps<'a> {
        said: &'a [u8],
        step: usize,
    }

    impl AsyncRead for Steps<'_> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let some = self.step.min(self.said.len()).min(buffer.remaining());
            let (read, rest) = self.said.split_at(some);
            buffer.put_slice(read);
            self.said = rest;
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_greeting_gets_one_more_setting_however_it_comes() {
        let large = u32::try_from(LARGE).unwrap();
        for (said, most) in [
            (vec![], 16_384),
            (vec![(3, 100), (5, 16_384), (4, 65_535)], 16_384),
            (vec![(5, 16_384), (5, 20_000)], 20_000),
        ] {
            for (peer, preface) in [(Peer::Client, PREFACE), (Peer::Server, b"")] {
                let rest = frame(8, 0, &[0; 4]);
                let bytes = [preface, &settings(&said), &rest].concat();
                let more = [&said[..], &[(5, large)]].concat();
                let expected = [preface, &settings(&more), &rest].concat();
                for step in [1, 7, 33, 1000] {
                    let (cut, given) = greet(peer, &bytes, step);
                    assert_eq!((cut, given), (Some(most), expected.clone()), "{step}");
                }
            }
        }
    }

    #[test]
    fn what_h2_is_to_judge_or_needs_no_change_is_left_alone() {
        for said in [
            settings(&[(5, 16_383)]),
            settings(&[(5, 1 << 24)]),
            settings(&[(5, 1 << 20)]),
            settings(&[(1, 1); 200]),
            frame(SETTINGS, 0, &[0; 6]),
            frame(SETTINGS, ACK, &[]),
            frame(SETTINGS, 0, &[0; 5]),
            frame(8, 0, &[0; 4]),
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        ] {
            for step in [1, 1000] {
                assert_eq!(greet(Peer::Server, &said, step), (None, said.clone()));
            }
        }
        let said = b"GET / HTTP/1.1\r\n\r\n".to_vec();
        assert_eq!(greet(Peer::Client, &said, 1), (None, said));
    }

    #[test]
    fn a_greeting_that_breaks_off_is_handed_on_as_it_is() {
        for said in [vec![], vec![0, 0, 6, 4]] {
            assert_eq!(greet(Peer::Server, &said, 1000).1, said);
        }
    }

    /// What the peer gets of what is written in slices of `step` bytes.
    fn cut(peer: Peer, most: usize, written: &[u8], step: usize) -> Vec<u8> {
        let mut cutter = Cutter::new(peer);
        cutter.most = most;
        let mut all = Vec::new();
        for mut slice in written.chunks(step) {
            while let Some(part) = cutter.next(&mut slice) {
                match part {
                    Part::Header(header) => all.extend_from_slice(&header),
                    Part::Payload(payload) => all.extend_from_slice(payload),
                }
            }
            assert!(slice.is_empty());
        }
        all
    }

    #[test]
    fn frames_are_cut_and_their_flags_stay_where_they_belong() {
        let bytes: Vec<u8> = (0..=255).collect();
        let written = [
            frame(HEADERS, END_STREAM | END_HEADERS, &bytes[..25]),
            frame(HEADERS, END_STREAM, &bytes[..11]),
            frame(CONTINUATION, END_HEADERS, &bytes[..20]),
            frame(DATA, END_STREAM, &bytes[..20]),
            frame(DATA, END_STREAM, &[]),
            frame(DATA, 0, &bytes[..3]),
            frame(SETTINGS, ACK, &[]),
            frame(7, 0, &bytes[..40]),
        ];
        let expected = [
            frame(HEADERS, END_STREAM, &bytes[..10]),
            frame(CONTINUATION, 0, &bytes[10..20]),
            frame(CONTINUATION, END_HEADERS, &bytes[20..25]),
            frame(HEADERS, END_STREAM, &bytes[..10]),
            frame(CONTINUATION, 0, &bytes[10..11]),
            frame(CONTINUATION, 0, &bytes[..10]),
            frame(CONTINUATION, END_HEADERS, &bytes[10..20]),
            frame(DATA, 0, &bytes[..10]),
            frame(DATA, END_STREAM, &bytes[10..20]),
            frame(DATA, END_STREAM, &[]),
            frame(DATA, 0, &bytes[..3]),
            frame(SETTINGS, ACK, &[]),
            frame(7, 0, &bytes[..40]),
        ];
        let (written, expected) = (written.concat(), expected.concat());
        for step in [1, 9, 10, 1000] {
            assert_eq!(cut(Peer::Client, 10, &written, step), expected);
            assert_eq!(cut(Peer::Client, 1000, &written, step), written);
            let (written, expected) = ([PREFACE, &written].concat(), [PREFACE, &expected].concat());
            assert_eq!(cut(Peer::Server, 10, &written, step), expected);
        }
    }
}
