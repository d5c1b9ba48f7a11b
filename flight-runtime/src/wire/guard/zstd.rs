//! How much a Zstandard frame can become, from the headers of its blocks.
//!
//! arrow-ipc reserves what a buffer announces before the frame is looked at, so a few bytes could ask for the whole budget. A block says how long
//! it is, and none becomes more than 128 KiB, so a walk over the block headers bounds the result without decoding.
//!
//! Layout: RFC 8878, "Zstandard Frames", "Blocks" and "Skippable Frames".

const MAGIC: u32 = 0xFD2F_B528;
const SKIPPABLE: u32 = 0x184D_2A50;
/// What no block exceeds ("Block_Maximum_Size").
const MAX_BLOCK: u64 = 128 << 10;

/// An upper bound of what `frames` decode to. `None` for what are no Zstandard frames.
pub(super) fn bound(mut frames: &[u8]) -> Option<u64> {
    let mut total = 0u64;
    while !frames.is_empty() {
        let (magic, rest) = frames.split_first_chunk()?;
        let magic = u32::from_le_bytes(*magic);
        if magic & !0xf == SKIPPABLE {
            let (len, rest) = rest.split_first_chunk()?;
            let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
            frames = rest.get(len..)?;
            continue;
        }
        if magic != MAGIC {
            return None;
        }
        let (&descriptor, rest) = rest.split_first()?;
        let checksum = if descriptor & 1 << 2 != 0 { 4 } else { 0 };
        let mut rest = rest.get(header_len(descriptor)..)?;
        loop {
            let Some((&[a, b, c], after)) = rest.split_first_chunk() else {
                // Cut off; the decoder will say so.
                return Some(total);
            };
            let header = u32::from_le_bytes([a, b, c, 0]);
            let (last, kind, size) = (header & 1 == 1, header >> 1 & 3, header >> 3);
            let (len, becomes) = match kind {
                // Raw, and one byte that is repeated.
                0 => (size, u64::from(size)),
                1 => (1, u64::from(size)),
                _ => (size, MAX_BLOCK),
            };
            total = total.saturating_add(becomes.min(MAX_BLOCK));
            let Some(after) = after.get(len as usize..) else {
                return Some(total);
            };
            rest = after;
            if last {
                break;
            }
        }
        let Some(after) = rest.get(checksum..) else {
            return Some(total);
        };
        frames = after;
    }
    Some(total)
}

/// The length of what follows the descriptor: window, dictionary and size of the content.
fn header_len(descriptor: u8) -> usize {
    let single = descriptor >> 5 & 1 == 1;
    let window = usize::from(!single);
    let dictionary = match descriptor & 3 {
        3 => 4,
        bytes => usize::from(bytes),
    };
    let content = match descriptor >> 6 {
        0 => usize::from(single),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    window + dictionary + content
}
