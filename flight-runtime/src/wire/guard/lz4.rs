//! How much an LZ4 frame can become, from the headers of its blocks.
//!
//! arrow-ipc reserves what a buffer announces and then decodes the frame to its end, so
//! a frame that announces little and holds much outgrows any budget: 255 bytes for each
//! of its own. The frame format says how large a block can be at most, and each block
//! how long it is, so a walk over the block headers bounds the result without decoding.
//!
//! Layout: <https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md>

/// The largest frame block there is.
pub(super) const MAX_BLOCK: u64 = 4 << 20;

const MAGIC: u32 = 0x184D_2204;
/// No block becomes more than this many times its length: each byte of a length field
/// stands for at most 255.
const MAX_RATIO: u64 = 255;

/// An upper bound of what `frame` decodes to. `None` for what is not an LZ4 frame: the
/// decoder has a legacy format too, which Arrow does not use.
pub(super) fn bound(frame: &[u8]) -> Option<u64> {
    let (magic, rest) = word(frame)?;
    if magic != MAGIC {
        return None;
    }
    let (&[flags, block_descriptor], mut rest) = rest.split_first_chunk()?;
    let largest = match (block_descriptor >> 4) & 7 {
        4 => 64 << 10,
        5 => 256 << 10,
        6 => 1 << 20,
        7 => MAX_BLOCK,
        _ => return None,
    };
    let flag = |bit: u8| flags & (1 << bit) != 0;
    let (block_checksum, content_size, dictionary) = (flag(4), flag(3), flag(0));
    // The last byte of the header is its checksum.
    let skip = if content_size { 8 } else { 0 } + if dictionary { 4 } else { 0 } + 1;
    rest = rest.get(skip..)?;
    let mut total = 0u64;
    loop {
        let Some((size, after)) = word(rest) else {
            // Cut off; the decoder will say so after what came before.
            return Some(total);
        };
        if size == 0 {
            return Some(total);
        }
        let plain = size >> 31 == 1;
        let len = size & 0x7fff_ffff;
        let becomes = u64::from(len) * if plain { 1 } else { MAX_RATIO };
        total = total.saturating_add(becomes.min(largest));
        let skip = len as usize + if block_checksum { 4 } else { 0 };
        let Some(after) = after.get(skip..) else {
            return Some(total);
        };
        rest = after;
    }
}

fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*word), rest))
}
