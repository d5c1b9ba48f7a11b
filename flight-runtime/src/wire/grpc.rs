//! The length-prefixed message framing of gRPC over HTTP/2.
//!
//! A message is one byte that says whether it is compressed, four bytes of length,
//! big-endian, and that many bytes ("Length-Prefixed-Message" in the gRPC over HTTP/2
//! protocol). DATA frames cut the stream of messages anywhere.
//!
//! `FlightData` has a reader of its own in [`flight_data`](super::flight_data), which
//! places the body; [`MessageReader`] is for all other, small messages.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body::Body;

use super::compression::{Encoding, Inflate};
use super::error::WireError;
use super::held::Held;

/// Bytes in front of each message: the compressed flag and the length.
pub(crate) const PREFIX_LEN: usize = 5;

/// Frames `message` for the wire: prefix and message in one allocation.
///
/// # Errors
///
/// [`WireError::TooLarge`] when the message is longer than the four bytes of length
/// can say.
pub(crate) fn encode_message<M: prost::Message>(message: &M) -> Result<Bytes, WireError> {
    let len = message.encoded_len();
    let mut framed = BytesMut::with_capacity(PREFIX_LEN.saturating_add(len));
    put_prefix(&mut framed, len)?;
    message
        .encode(&mut framed)
        .map_err(|error| WireError::Io(error.into()))?;
    Ok(framed.freeze())
}

/// Writes the prefix of an uncompressed message of `len` bytes.
pub(crate) fn put_prefix(to: &mut impl BufMut, len: usize) -> Result<(), WireError> {
    let Ok(short) = u32::try_from(len) else {
        return Err(WireError::TooLarge {
            what: "the message",
            size: len as u64,
            limit: u64::from(u32::MAX),
        });
    };
    to.put_u8(0);
    to.put_u32(short);
    Ok(())
}

/// What a prefix says of the message that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefix {
    /// Whether it is compressed, in the encoding of the call.
    pub(crate) compressed: bool,
    /// Its length as it travels.
    pub(crate) len: usize,
}

/// Reads a prefix.
///
/// # Errors
///
/// [`WireError::Invalid`] for a flag that is none, and [`WireError::TooLarge`] when the
/// length is over `limit`.
pub(crate) fn parse_prefix(prefix: [u8; PREFIX_LEN], limit: usize) -> Result<Prefix, WireError> {
    let [flag, a, b, c, d] = prefix;
    let compressed = match flag {
        0 => false,
        1 => true,
        other => {
            return Err(WireError::invalid(format!(
                "the request is not gRPC: a message starts with the byte {other}, \
                 expected 0 or 1 (the compressed flag)"
            )));
        }
    };
    let size = u32::from_be_bytes([a, b, c, d]);
    match usize::try_from(size) {
        Ok(len) if len <= limit => Ok(Prefix { compressed, len }),
        _ => Err(WireError::TooLarge {
            what: "the message",
            size: u64::from(size),
            limit: limit as u64,
        }),
    }
}

/// The DATA of a body, chunk by chunk; what [`MessageReader`] and
/// [`FlightDataReader`](super::flight_data::FlightDataReader) have in common.
#[derive(Debug)]
pub(crate) struct Chunks<B> {
    body: B,
    /// A message that was decompressed, which comes before `chunk`.
    inflated: VecDeque<Bytes>,
    /// What has arrived and is not consumed yet.
    chunk: Bytes,
    /// What is here of the message at hand.
    held: Held,
}

impl<B> Chunks<B>
where
    B: Body<Data: Buf, Error: Into<WireError>> + Unpin,
{
    /// Reads `body` from where it stands.
    pub(crate) fn new(body: B) -> Self {
        Self {
            body,
            inflated: VecDeque::new(),
            chunk: Bytes::new(),
            held: Held::default(),
        }
    }

    /// Tells `held` of messages that wait for their rest.
    pub(crate) fn tell(&mut self, held: Held) {
        self.held = held;
    }

    /// The message at hand is whole.
    pub(crate) fn whole(&mut self) {
        self.held.whole(self.chunk.len());
    }

    /// So many bytes more are held than have come.
    pub(crate) fn grow(&mut self, bytes: usize) {
        self.held.grows(bytes);
    }

    /// The rest of the message comes later, although more of it may be here.
    ///
    /// # Errors
    ///
    /// When what is here of it is too much.
    #[cfg(feature = "gzip")]
    pub(crate) fn waits(&mut self) -> Result<(), WireError> {
        self.held.waits()
    }

    /// Puts the pieces of a message before what has arrived behind it.
    #[cfg(feature = "gzip")]
    pub(crate) fn put_front(&mut self, message: VecDeque<Bytes>) {
        self.inflated = message;
    }

    /// The body itself, to ask how it ended.
    pub(crate) fn body(&self) -> &B {
        &self.body
    }

    /// Waits for at least one byte; `None` is the end of the body.
    ///
    /// Trailers are passed over: gRPC gives no meaning to those of a request.
    pub(crate) fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<&mut Bytes>, WireError>> {
        while self.inflated.front().is_some_and(Bytes::is_empty) {
            self.inflated.pop_front();
        }
        if !self.inflated.is_empty() {
            return Poll::Ready(Ok(self.inflated.front_mut()));
        }
        while self.chunk.is_empty() {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => {
                    self.held.waits()?;
                    return Poll::Pending;
                }
                Poll::Ready(None) => return Poll::Ready(Ok(None)),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error.into())),
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(mut data) = frame.into_data() {
                        self.chunk = data.copy_to_bytes(data.remaining());
                        self.held.grows(self.chunk.len());
                    }
                }
            }
        }
        Poll::Ready(Ok(Some(&mut self.chunk)))
    }
}

/// Reads framed messages from a body.
///
/// The state lives in the reader, not in the future, so that [`MessageReader::next`]
/// may be dropped and called again (in `select!`, or under a time-out) without losing
/// bytes.
#[derive(Debug)]
pub(crate) struct MessageReader<B> {
    chunks: Chunks<B>,
    encoding: Encoding,
    limit: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Between messages, or inside a prefix of which `len` bytes are there.
    Prefix { bytes: [u8; PREFIX_LEN], len: usize },
    /// Inside a message that is compressed.
    Inflate(Box<Inflate>),
    /// Inside a message.
    Message { gather: Gather },
    /// After the end or an error.
    Done,
}

impl State {
    /// Before the first byte of a message.
    const START: Self = Self::Prefix {
        bytes: [0; PREFIX_LEN],
        len: 0,
    };

    fn message(len: usize) -> Self {
        Self::Message {
            gather: Gather::new(len),
        }
    }
}

impl<B> MessageReader<B>
where
    B: Body<Data: Buf, Error: Into<WireError>> + Unpin,
{
    /// Reads messages of at most `limit` bytes, compressed or not, from `body`.
    pub(crate) fn new(body: B, encoding: Encoding, limit: usize) -> Self {
        Self {
            chunks: Chunks::new(body),
            encoding,
            limit,
            state: State::START,
        }
    }

    /// Has `held` know of messages that wait for their rest.
    pub(crate) fn holding(mut self, held: Held) -> Self {
        self.chunks.tell(held);
        self
    }

    /// The body, to ask what came with it.
    pub(crate) fn body(&self) -> &B {
        self.chunks.body()
    }

    /// A message of this length, which it has given out, waits for what comes behind it and is held until then.
    pub(crate) fn keeps(&mut self, len: usize) {
        self.chunks.grow(len);
    }

    /// The bytes of the next message, or `None` after the last one.
    ///
    /// After an error the reader is at its end. Cancel-safe.
    ///
    /// # Errors
    ///
    /// What [`parse_prefix`] and [`Encoding::inflate`] say, [`WireError::Truncated`] when the body ends inside
    /// a message, and the body's own errors.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, WireError> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// [`MessageReader::next`] for a hand-written future or stream.
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, WireError>> {
        let result = ready!(self.poll_message(cx));
        if !matches!(result, Ok(Some(_))) {
            self.state = State::Done;
        }
        Poll::Ready(result)
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, WireError>> {
        loop {
            match &mut self.state {
                State::Done => return Poll::Ready(Ok(None)),
                State::Prefix { bytes, len } => {
                    let Some(chunk) = ready!(self.chunks.poll_chunk(cx))? else {
                        let clean = *len == 0;
                        return Poll::Ready(clean.then_some(None).ok_or(WireError::Truncated));
                    };
                    if fill_prefix(bytes, len, chunk) {
                        let Prefix { compressed, len } = parse_prefix(*bytes, self.limit)?;
                        self.state = if compressed {
                            State::Inflate(self.encoding.inflate(len, self.limit)?)
                        } else {
                            State::message(len)
                        };
                    }
                }
                State::Inflate(inflate) => {
                    let len = ready!(inflate.poll(&mut self.chunks, cx))?;
                    self.state = State::message(len);
                }
                State::Message { gather } => {
                    if let Some(message) = gather.finished() {
                        self.state = State::START;
                        self.chunks.whole();
                        return Poll::Ready(Ok(Some(message)));
                    }
                    let Some(chunk) = ready!(self.chunks.poll_chunk(cx))? else {
                        return Poll::Ready(Err(WireError::Truncated));
                    };
                    gather.take(chunk);
                }
            }
        }
    }
}

/// Moves bytes from `chunk` into the prefix; true when it is complete.
pub(crate) fn fill_prefix(
    prefix: &mut [u8; PREFIX_LEN],
    len: &mut usize,
    chunk: &mut Bytes,
) -> bool {
    let room = prefix.get_mut(*len..).unwrap_or_default();
    let count = room.len().min(chunk.len());
    chunk.copy_to_slice(room.get_mut(..count).unwrap_or_default());
    *len += count;
    *len == PREFIX_LEN
}

/// A string of known length that arrives in chunks.
///
/// When one chunk holds all of it, it stays where it is. Otherwise it is copied into a
/// buffer that grows with what arrives and never with what was announced, so that the
/// sender's word alone allocates nothing.
#[derive(Debug)]
pub(crate) struct Gather {
    /// How much is missing.
    missing: usize,
    whole: Bytes,
    pieces: BytesMut,
}

impl Gather {
    /// Will gather `len` bytes.
    pub(crate) fn new(len: usize) -> Self {
        Self {
            missing: len,
            whole: Bytes::new(),
            pieces: BytesMut::new(),
        }
    }

    /// Takes what it can use from the front of `chunk`.
    pub(crate) fn take(&mut self, chunk: &mut Bytes) {
        let count = self.missing.min(chunk.len());
        let piece = chunk.split_to(count);
        if count == self.missing && self.pieces.is_empty() {
            self.whole = piece;
        } else {
            self.pieces.extend_from_slice(&piece);
        }
        self.missing -= count;
    }

    /// The bytes, once all of them are there. Call it once.
    pub(crate) fn finished(&mut self) -> Option<Bytes> {
        (self.missing == 0).then(|| {
            if self.pieces.is_empty() {
                std::mem::take(&mut self.whole)
            } else {
                std::mem::take(&mut self.pieces).freeze()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::wire::script::Script;

    /// These chunks.
    fn script<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Script {
        Script(chunks.into_iter().map(Bytes::copy_from_slice).collect())
    }

    fn next<B>(reader: &mut MessageReader<B>) -> Result<Option<Bytes>, WireError>
    where
        B: Body<Data: Buf, Error: Into<WireError>> + Unpin,
    {
        reader.next().now_or_never().expect("a script never waits")
    }

    const TWO: &[u8] = &[0, 0, 0, 0, 3, b'a', b'b', b'c', 0, 0, 0, 0, 0];

    #[test]
    fn reads_whole_and_byte_by_byte() {
        for size in [1, 2, 3, 5, 7, TWO.len()] {
            let mut reader = MessageReader::new(script(TWO.chunks(size)), Encoding::Identity, 3);
            assert_eq!(next(&mut reader).unwrap().unwrap(), "abc", "{size}");
            assert_eq!(next(&mut reader).unwrap().unwrap(), "", "{size}");
            assert!(next(&mut reader).unwrap().is_none(), "{size}");
            assert!(next(&mut reader).unwrap().is_none(), "{size}");
        }
    }

    #[test]
    fn a_whole_message_stays_where_it_is() {
        let chunk = Bytes::from_static(TWO);
        let mut reader = MessageReader::new(Script([chunk.clone()].into()), Encoding::Identity, 3);
        let message = next(&mut reader).unwrap().unwrap();
        assert_eq!(message.as_ptr(), chunk[5..].as_ptr());
    }

    #[test]
    fn an_end_inside_a_message_is_truncated() {
        for end in 1..TWO.len() {
            let mut reader = MessageReader::new(script([&TWO[..end]]), Encoding::Identity, 3);
            let mut last = next(&mut reader);
            if end >= 8 {
                assert_eq!(last.unwrap().unwrap(), "abc");
                last = next(&mut reader);
            }
            if end == 8 {
                assert!(last.unwrap().is_none());
            } else {
                assert!(matches!(last, Err(WireError::Truncated)), "{end}");
                assert!(next(&mut reader).unwrap().is_none(), "an error is the end");
            }
        }
    }

    #[test]
    fn the_limit_is_checked_before_anything_arrives() {
        let mut reader = MessageReader::new(script([&TWO[..5]]), Encoding::Identity, 2);
        assert!(matches!(
            next(&mut reader),
            Err(WireError::TooLarge {
                size: 3,
                limit: 2,
                ..
            })
        ));
        let bomb = [0, 0xff, 0xff, 0xff, 0xff, 1];
        let mut reader = MessageReader::new(script([&bomb[..]]), Encoding::Identity, usize::MAX);
        assert!(matches!(next(&mut reader), Err(WireError::Truncated)));
    }

    #[test]
    fn flags_are_read() {
        let mut reader = MessageReader::new(script([&[1, 0, 0, 0, 0][..]]), Encoding::Identity, 9);
        assert!(matches!(next(&mut reader), Err(WireError::Compressed)));
        let mut reader =
            MessageReader::new(script([&[b'G', 0, 0, 0, 0][..]]), Encoding::Identity, 9);
        let text = next(&mut reader).unwrap_err().to_string();
        assert!(text.contains("starts with the byte 71"), "{text}");
    }

    #[test]
    fn encodes_prefix_and_message() {
        let action = arrow_flight::Action {
            r#type: "x".into(),
            body: Bytes::from_static(b"yz"),
        };
        let framed = encode_message(&action).unwrap();
        let mut reader = MessageReader::new(Script([framed].into()), Encoding::Identity, 99);
        let message = next(&mut reader).unwrap().unwrap();
        let back: arrow_flight::Action = prost::Message::decode(message).unwrap();
        assert_eq!(back, action);
    }

    #[test]
    fn over_four_gib_is_an_error_not_a_wrapped_length() {
        let mut to = BytesMut::new();
        assert!(put_prefix(&mut to, u32::MAX as usize).is_ok());
        assert!(matches!(
            put_prefix(&mut to, u32::MAX as usize + 1),
            Err(WireError::TooLarge { .. })
        ));
    }
}
