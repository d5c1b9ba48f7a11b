//! An incremental parser of `FlightData` that places the body where Arrow wants it.
//!
//! A protobuf decoder needs the whole message in one piece, and leaves the body at an
//! address that Arrow must copy from once more. [`FlightDataReader`] reads the fields as
//! their bytes arrive (`Flight.proto`: `flight_descriptor` = 1, `data_header` = 2,
//! `app_metadata` = 3, `data_body` = 1000) and copies the body once, into memory aligned
//! to the 64 bytes that the Arrow columnar format recommends.
//!
//! Fields may come in any order and unknown ones are passed over, as the protobuf
//! encoding has it. Of a field that is repeated the last one counts; the descriptor,
//! being a message, is merged. Groups, which proto3 does not know, are an error.

mod place;

use std::task::{Context, Poll, ready};

use arrow::buffer::{Buffer, MutableBuffer};
use arrow_flight::FlightDescriptor;
use bytes::{Buf, Bytes};
use http_body::Body;
use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, skip_field};

use self::place::Place;
use super::compression::{Encoding, Inflate};
use super::error::WireError;
use super::grpc::{Chunks, Gather, PREFIX_LEN, Prefix, fill_prefix, parse_prefix};
use super::held::Held;

/// Metadata up to this size is copied out of the chunk that it arrived in: a handler
/// that keeps it would keep the chunk, which may be a megabyte.
const COPIED_METADATA: usize = 4096;
/// How many parts the path of a descriptor may have. An empty part is two bytes on the
/// wire and a `String` of 24 in memory.
const MAX_PATH_PARTS: usize = 4096;

/// What a reader accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The largest message in bytes, without its prefix; checked when its length is
    /// declared, before it arrives, and of a compressed one again as it is decompressed.
    pub(crate) message: usize,
}

/// One `FlightData` as it was received.
#[derive(Debug, Clone)]
pub(crate) struct Inbound {
    /// What the stream is about; on the first message of a DoPut or DoExchange.
    pub(crate) descriptor: Option<FlightDescriptor>,
    /// The flatbuffer of the IPC message; empty when there is none.
    pub(crate) header: Bytes,
    /// Metadata of the application. `None` when the field is absent, and `Some` of
    /// nothing when it is there but empty.
    pub(crate) app_metadata: Option<Bytes>,
    /// The body of the IPC message, aligned to 64 bytes; empty when there is none.
    pub(crate) body: Buffer,
}

impl Default for Inbound {
    fn default() -> Self {
        Self {
            descriptor: None,
            header: Bytes::new(),
            app_metadata: None,
            // An empty `Vec<u8>` would be aligned to one byte.
            body: MutableBuffer::new(0).into(),
        }
    }
}

/// Reads the `FlightData` messages of a request body.
///
/// The state lives in the reader, not in the future: [`FlightDataReader::next`] may be
/// dropped and called again without losing bytes.
#[derive(Debug)]
pub(crate) struct FlightDataReader<B> {
    chunks: Chunks<B>,
    encoding: Encoding,
    limits: Limits,
    state: State,
    /// What is known of the message at hand.
    inbound: Inbound,
}

#[derive(Debug)]
enum State {
    Prefix {
        bytes: [u8; PREFIX_LEN],
        len: usize,
    },
    /// Inside a message that is compressed: it is parsed once it no longer is, because
    /// only then its length is known.
    Inflate(Box<Inflate>),
    Message {
        /// Bytes of the message that have not been consumed.
        left: usize,
        part: Part,
    },
    Done,
}

impl State {
    const START: Self = Self::Prefix {
        bytes: [0; PREFIX_LEN],
        len: 0,
    };

    fn message(left: usize) -> Self {
        Self::Message {
            left,
            part: Part::START,
        }
    }
}

/// Where in a message the parser stands.
#[derive(Debug)]
enum Part {
    /// Before or inside a key.
    Key(Varint),
    /// Inside the length of a field; `None` is an unknown one.
    Len(Option<Known>, Varint),
    /// Inside a field that is small, or not Arrow's.
    Bytes(Known, Gather),
    /// Inside `data_body`.
    Body(Place),
    /// Inside an unknown varint.
    SkipVarint(Varint),
    /// Inside an unknown field, of which so many bytes are left.
    Skip(usize),
}

impl Part {
    const START: Self = Self::Key(Varint::START);
}

/// The fields of `FlightData`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Descriptor,
    Header,
    AppMetadata,
    Body,
}

impl Known {
    fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Descriptor),
            2 => Some(Self::Header),
            3 => Some(Self::AppMetadata),
            1000 => Some(Self::Body),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Descriptor => "flight_descriptor",
            Self::Header => "data_header",
            Self::AppMetadata => "app_metadata",
            Self::Body => "data_body",
        }
    }
}

impl<B> FlightDataReader<B>
where
    B: Body<Data: Buf, Error: Into<WireError>> + Unpin,
{
    /// Reads messages within `limits` from `body`.
    pub(crate) fn new(body: B, encoding: Encoding, limits: Limits) -> Self {
        Self {
            chunks: Chunks::new(body),
            encoding,
            limits,
            state: State::START,
            inbound: Inbound::default(),
        }
    }

    /// Has `held` know of messages that wait for their rest.
    pub(crate) fn holding(mut self, held: Held) -> Self {
        self.chunks.tell(held);
        self
    }

    /// The body, to ask how it ended.
    #[cfg(test)]
    pub(crate) fn body(&self) -> &B {
        self.chunks.body()
    }

    /// The next message, or `None` after the last one.
    ///
    /// After an error the reader is at its end. Cancel-safe.
    ///
    /// # Errors
    ///
    /// [`WireError::TooLarge`], [`WireError::Compressed`], [`WireError::Truncated`],
    /// [`WireError::Invalid`] for bytes that are not a `FlightData`, and the body's own.
    pub(crate) async fn next(&mut self) -> Result<Option<Inbound>, WireError> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// [`FlightDataReader::next`] for a hand-written future or stream.
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Inbound>, WireError>> {
        let result = ready!(self.poll_message(cx));
        if !matches!(result, Ok(Some(_))) {
            self.state = State::Done;
            self.inbound = Inbound::default();
        }
        Poll::Ready(result)
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Inbound>, WireError>> {
        loop {
            match &mut self.state {
                State::Done => return Poll::Ready(Ok(None)),
                State::Prefix { bytes, len } => {
                    let Some(chunk) = ready!(self.chunks.poll_chunk(cx))? else {
                        let clean = *len == 0;
                        return Poll::Ready(clean.then_some(None).ok_or(WireError::Truncated));
                    };
                    if fill_prefix(bytes, len, chunk) {
                        let limit = self.limits.message;
                        let Prefix { compressed, len } = parse_prefix(*bytes, limit)?;
                        self.state = if compressed {
                            State::Inflate(self.encoding.inflate(len, limit)?)
                        } else {
                            State::message(len)
                        };
                    }
                }
                State::Inflate(inflate) => {
                    let left = ready!(inflate.poll(&mut self.chunks, cx))?;
                    self.state = State::message(left);
                }
                State::Message { left, part } => {
                    if part.complete(&mut self.inbound)? {
                        *part = Part::START;
                    }
                    if *left == 0 {
                        if !part.between_fields() {
                            return Poll::Ready(Err(WireError::invalid(
                                "the message ends inside a field of FlightData",
                            )));
                        }
                        self.state = State::START;
                        self.chunks.whole();
                        return Poll::Ready(Ok(Some(std::mem::take(&mut self.inbound))));
                    }
                    let Some(chunk) = ready!(self.chunks.poll_chunk(cx))? else {
                        return Poll::Ready(Err(WireError::Truncated));
                    };
                    part.consume(chunk, left)?;
                }
            }
        }
    }
}

impl Part {
    /// Stores a field of which all bytes are there. True when the next one may start.
    fn complete(&mut self, inbound: &mut Inbound) -> Result<bool, WireError> {
        match self {
            Self::Key(_) | Self::Len(..) | Self::SkipVarint(_) => return Ok(false),
            Self::Skip(left) => return Ok(*left == 0),
            Self::Bytes(known, gather) => {
                let Some(bytes) = gather.finished() else {
                    return Ok(false);
                };
                match known {
                    Known::Descriptor => merge_descriptor(&mut inbound.descriptor, bytes)?,
                    Known::AppMetadata => inbound.app_metadata = Some(detach(bytes)),
                    // The body is never gathered.
                    Known::Header | Known::Body => inbound.header = bytes,
                }
            }
            Self::Body(place) => {
                let Some(body) = place.finished() else {
                    return Ok(false);
                };
                inbound.body = body;
            }
        }
        Ok(true)
    }

    /// Whether a message may end here.
    fn between_fields(&self) -> bool {
        matches!(self, Self::Key(varint) if varint.is_empty())
    }

    /// Consumes bytes of the message, of which `left` remain, from the front of `chunk`.
    fn consume(&mut self, chunk: &mut Bytes, left: &mut usize) -> Result<(), WireError> {
        // Never reach into the next message.
        let mut own = chunk.slice(..chunk.len().min(*left));
        let before = own.len();
        match self {
            Self::Key(varint) => {
                if let Some(key) = varint.read(&mut own)? {
                    *self = Self::after_key(key)?;
                }
            }
            Self::Len(known, varint) => {
                if let Some(len) = varint.read(&mut own)? {
                    let known = *known;
                    let room = *left - (before - own.len());
                    let len = usize::try_from(len).ok().filter(|len| *len <= room);
                    let Some(len) = len else {
                        return Err(too_long(known, room));
                    };
                    *self = match known {
                        None => Self::Skip(len),
                        Some(Known::Body) => Self::Body(Place::new(len)),
                        Some(known) => Self::Bytes(known, Gather::new(len)),
                    };
                }
            }
            Self::Bytes(_, gather) => gather.take(&mut own),
            Self::Body(place) => place.take(&mut own),
            Self::SkipVarint(varint) => {
                if varint.read(&mut own)?.is_some() {
                    *self = Self::START;
                }
            }
            Self::Skip(rest) => {
                if *rest > *left {
                    return Err(too_long(None, *left));
                }
                let count = own.len().min(*rest);
                own.advance(count);
                *rest -= count;
            }
        }
        let used = before - own.len();
        chunk.advance(used);
        *left -= used;
        Ok(())
    }

    fn after_key(key: u64) -> Result<Self, WireError> {
        let (wire, number) = (key & 7, key >> 3);
        let number = u32::try_from(number)
            .ok()
            .filter(|number| (1..1 << 29).contains(number))
            .ok_or_else(|| {
                WireError::invalid(format!(
                    "the message is not FlightData: {number} is not a field number"
                ))
            })?;
        match (Known::from_number(number), wire) {
            (known, 2) => Ok(Self::Len(known, Varint::START)),
            (Some(known), wire) => Err(WireError::invalid(format!(
                "the message is not FlightData: field {number} ({}) has wire type {wire}, \
                 expected 2 (length-delimited)",
                known.name()
            ))),
            (None, 0) => Ok(Self::SkipVarint(Varint::START)),
            (None, 1) => Ok(Self::Skip(8)),
            (None, 5) => Ok(Self::Skip(4)),
            (None, wire) => Err(WireError::invalid(format!(
                "the message is not FlightData: field {number} has wire type {wire}, \
                 which proto3 does not have"
            ))),
        }
    }
}

fn too_long(known: Option<Known>, room: usize) -> WireError {
    WireError::invalid(format!(
        "{} of FlightData claims more than the {room} bytes that are left in its message",
        known.map_or("a field", Known::name)
    ))
}

fn merge_descriptor(to: &mut Option<FlightDescriptor>, bytes: Bytes) -> Result<(), WireError> {
    let invalid =
        |error: prost::DecodeError| WireError::invalid(format!("flight_descriptor: {error}"));
    let mut rest = bytes.clone();
    let mut parts = to.as_ref().map_or(0, |descriptor| descriptor.path.len());
    while rest.has_remaining() {
        let (number, wire) = decode_key(&mut rest).map_err(invalid)?;
        parts += usize::from(number == 3 && wire == WireType::LengthDelimited);
        skip_field(wire, number, &mut rest, DecodeContext::default()).map_err(invalid)?;
    }
    if parts > MAX_PATH_PARTS {
        return Err(WireError::invalid(format!(
            "the path of flight_descriptor has {parts} parts, at most {MAX_PATH_PARTS} are \
             accepted"
        )));
    }
    to.get_or_insert_default().merge(bytes).map_err(invalid)
}

/// Small values leave the chunk that they arrived in, so as not to keep it.
fn detach(bytes: Bytes) -> Bytes {
    if bytes.len() <= COPIED_METADATA {
        Bytes::copy_from_slice(&bytes)
    } else {
        bytes
    }
}

/// A varint that arrives byte by byte.
#[derive(Debug, Clone, Copy)]
struct Varint {
    value: u64,
    shift: u32,
}

impl Varint {
    const START: Self = Self { value: 0, shift: 0 };

    fn is_empty(&self) -> bool {
        self.shift == 0
    }

    /// Reads on; `None` when `from` ends before the varint does.
    fn read(&mut self, from: &mut Bytes) -> Result<Option<u64>, WireError> {
        while from.has_remaining() {
            let byte = from.get_u8();
            // The tenth byte has room for one bit.
            if self.shift == 63 && byte > 1 {
                return Err(WireError::invalid(
                    "the message is not FlightData: a number has more than 64 bits",
                ));
            }
            self.value |= u64::from(byte & 0x7f) << self.shift;
            self.shift += 7;
            if byte & 0x80 == 0 {
                return Ok(Some(self.value));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
