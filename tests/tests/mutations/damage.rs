//! Damage to streams, where it hurts: the counts, offsets and lengths of Arrow's messages, and any byte.

use flight_runtime::__fuzz::frame;
use flight_runtime::arrow::ipc::{Message, MessageHeader, RecordBatch, root_as_message};

use super::generate::Dice;

/// A message of a stream.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) header: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// Where in the header numbers of 64 bits are.
    numbers: Vec<usize>,
    /// Where in the body buffers begin: with their uncompressed lengths, where they are compressed.
    buffers: Vec<usize>,
}

impl Part {
    pub(crate) fn new(header: Vec<u8>, body: Vec<u8>) -> Self {
        let mut part = Self {
            header,
            body,
            numbers: Vec::new(),
            buffers: Vec::new(),
        };
        let Ok(message) = root_as_message(&part.header) else {
            return part;
        };
        let (mut numbers, mut buffers) = (Vec::new(), Vec::new());
        if let Some(batch) = batch(message) {
            let begin = part.header.as_ptr() as usize;
            let mut add = |bytes: &[u8]| {
                let at = bytes.as_ptr() as usize - begin;
                numbers.extend((at..at + bytes.len()).step_by(8));
            };
            let nodes = batch.nodes().map(|nodes| nodes.bytes());
            let places = batch.buffers().map(|buffers| buffers.bytes());
            let counts = batch.variadicBufferCounts().map(|counts| counts.bytes());
            [nodes, places, counts]
                .into_iter()
                .flatten()
                .for_each(&mut add);
            let begins = batch.buffers().into_iter().flatten();
            buffers.extend(begins.map(|buffer| buffer.offset() as usize));
        }
        // Numbers of tables are found by their value.
        let mut known = vec![message.bodyLength()];
        known.extend(batch(message).map(|batch| batch.length()));
        for at in (0..part.header.len().saturating_sub(7)).step_by(4) {
            let found = i64::from_le_bytes(part.header[at..at + 8].try_into().unwrap());
            if found != 0 && known.contains(&found) {
                numbers.push(at);
            }
        }
        (part.numbers, part.buffers) = (numbers, buffers);
        part
    }
}

fn batch(message: Message<'_>) -> Option<RecordBatch<'_>> {
    match message.header_type() {
        MessageHeader::DictionaryBatch => message.header_as_dictionary_batch()?.data(),
        _ => message.header_as_record_batch(),
    }
}

/// Numbers at the edges of what their types hold, and of what decoders compute with them.
const EDGES: [i64; 22] = [
    0,
    1,
    -1,
    2,
    7,
    8,
    64,
    127,
    128,
    255,
    1 << 15,
    1 << 16,
    1 << 20,
    1 << 27,
    i32::MAX as i64,
    1 << 31,
    u32::MAX as i64,
    1 << 40,
    1 << 61,
    i64::MAX - 7,
    i64::MAX,
    i64::MIN,
];

/// Another number in place of this one.
fn number(was: i64, dice: &mut Dice) -> i64 {
    match dice.below(8) {
        0 => was.wrapping_add(1),
        1 => was.wrapping_sub(1),
        2 => was.wrapping_add(8),
        3 => was.wrapping_sub(8),
        4 => was ^ (1 << dice.below(64)),
        5 => was.wrapping_mul(2),
        _ => dice.pick(&EDGES),
    }
}

fn read(bytes: &[u8], at: usize) -> i64 {
    let word = bytes.get(at..at + 8).and_then(|word| word.try_into().ok());
    word.map_or(0, i64::from_le_bytes)
}

fn write(bytes: &mut [u8], at: usize, with: &[u8]) {
    for (slot, byte) in bytes.iter_mut().skip(at).zip(with) {
        *slot = *byte;
    }
}

/// Changes any bytes, in the ways that break parsers. Text and protobuf are damaged like that.
pub(crate) fn bytes(bytes: &mut Vec<u8>, dice: &mut Dice) {
    if bytes.is_empty() {
        bytes.push(dice.roll() as u8);
        return;
    }
    let at = dice.below(bytes.len());
    match dice.below(12) {
        0 | 1 => bytes[at] ^= 1 << dice.below(8),
        2 => bytes[at] = dice.roll() as u8,
        3 => bytes[at] = dice.pick(b"\0\x01\x7f\x80\xff%/?&=\"{[:-"),
        4 => {
            // Offsets of flatbuffers, and of lists and texts.
            let at = at & !3;
            let was = read(bytes, at) as i32;
            let with = number(i64::from(was), dice) as i32;
            write(bytes, at, &with.to_le_bytes());
        }
        5 => {
            let at = at & !7;
            let with = number(read(bytes, at), dice);
            write(bytes, at, &with.to_le_bytes());
        }
        6 => write(bytes, at & !1, &(dice.below(64) as u16).to_le_bytes()),
        7 => {
            let from = dice.below(bytes.len());
            let to = (from + 1 + dice.below(24)).min(bytes.len());
            let piece = bytes[from..to].to_vec();
            write(bytes, at & !3, &piece);
        }
        8 => {
            let from = dice.below(bytes.len());
            let to = (from + 1 + dice.below(24)).min(bytes.len());
            let piece = bytes[from..to].to_vec();
            bytes.splice(at..at, piece);
        }
        9 => {
            let to = (at + 1 + dice.below(16)).min(bytes.len());
            bytes.drain(at..to);
        }
        10 => bytes.truncate(at),
        _ => bytes[at] = bytes[at].wrapping_add(1),
    }
}

/// Changes a message of a stream.
fn part(part: &mut Part, dice: &mut Dice) {
    match dice.below(10) {
        0..=3 if !part.numbers.is_empty() => {
            let at = dice.pick(&part.numbers);
            let with = match dice.below(4) {
                // What is right in one place is wrong in another.
                0 => read(&part.header, dice.pick(&part.numbers)),
                _ => number(read(&part.header, at), dice),
            };
            write(&mut part.header, at, &with.to_le_bytes());
        }
        4 if !part.buffers.is_empty() => {
            let at = dice.pick(&part.buffers);
            let with = number(read(&part.body, at), dice);
            write(&mut part.body, at, &with.to_le_bytes());
        }
        5..=7 if !part.body.is_empty() => bytes(&mut part.body, dice),
        _ => bytes(&mut part.header, dice),
    }
}

/// What a thread needs to damage streams without asking for memory each time.
#[derive(Default)]
pub(crate) struct Workbench {
    order: Vec<(usize, usize)>,
    parts: Vec<Part>,
    wire: Vec<u8>,
}

impl Workbench {
    /// Damages one of these streams: as it travels.
    pub(crate) fn stream(&mut self, streams: &[Vec<Part>], dice: &mut Dice) -> &[u8] {
        let chosen = dice.below(streams.len());
        let stream = &streams[chosen];
        self.order.clear();
        self.order.extend((0..stream.len()).map(|at| (chosen, at)));
        if dice.one_in(12) {
            self.reorder(streams, dice);
        }
        let target = dice.below(self.order.len());
        self.wire.clear();
        for (index, (of, at)) in self.order.iter().enumerate() {
            let whole = &streams[*of][*at];
            if index != target {
                frame(&mut self.wire, &whole.header, &whole.body);
                continue;
            }
            self.parts.truncate(1);
            let mut damaged = self.parts.pop().unwrap_or_else(|| whole.clone());
            damaged.clone_from(whole);
            for _ in 0..1 + dice.below(3) {
                part(&mut damaged, dice);
            }
            frame(&mut self.wire, &damaged.header, &damaged.body);
            self.parts.push(damaged);
        }
        if dice.one_in(40) {
            bytes(&mut self.wire, dice);
        }
        &self.wire
    }

    /// Leaves a message out, sends one twice, changes their order, or takes one of another stream.
    fn reorder(&mut self, streams: &[Vec<Part>], dice: &mut Dice) {
        let at = dice.below(self.order.len());
        match dice.below(4) {
            0 if self.order.len() > 1 => {
                self.order.remove(at);
            }
            1 => self.order.insert(at, self.order[at]),
            2 => {
                let other = dice.below(self.order.len());
                self.order.swap(at, other);
            }
            _ => {
                let other = dice.below(streams.len());
                self.order[at] = (other, dice.below(streams[other].len()));
            }
        }
    }
}
