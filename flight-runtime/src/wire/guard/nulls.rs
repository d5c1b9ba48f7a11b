//! [`Uncounted`]: nulls that their writer has not counted.
//!
//! −1 is no number of nulls in the format, but Arrow's libraries have it in memory for one that nobody has counted yet, some write it (apache-arrow of
//! JavaScript for a slice of a null column), and C++ and Java read it. Arrow's decoder here would take it for none, and with the bitmap lose the nulls.

use arrow::util::bit_chunk_iterator::UnalignedBitChunk;
use arrow_ipc::RecordBatch;

/// What a writer says of nulls that it has not counted.
pub(super) const UNKNOWN: i64 = -1;

/// The nodes of a batch whose nulls were not counted, each with the number.
#[derive(Debug, Default)]
pub(crate) struct Uncounted(Vec<(usize, u64)>);

impl Uncounted {
    pub(super) fn add(&mut self, node: usize, nulls: u64) {
        self.0.push((node, nulls));
    }

    /// The header of this batch with the numbers in it; `None` when all were there.
    pub(crate) fn counted(&self, header: &[u8], batch: RecordBatch<'_>) -> Option<Vec<u8>> {
        if self.0.is_empty() {
            return None;
        }
        let nodes = batch.nodes()?.bytes();
        let start = (nodes.as_ptr() as usize).checked_sub(header.as_ptr() as usize)?;
        let mut header = header.to_vec();
        let nodes = header.get_mut(start..start + nodes.len())?;
        // Two numbers of 8 bytes, little-endian: length and nulls (Message.fbs, FieldNode).
        let (nodes, _) = nodes.as_chunks_mut::<16>();
        for &(node, nulls) in &self.0 {
            let (_, said) = nodes.get_mut(node)?.split_at_mut(8);
            said.copy_from_slice(&nulls.to_le_bytes());
        }
        Some(header)
    }
}

/// The nulls among so many rows of a bitmap, which may be absent or too short.
pub(super) fn count(bitmap: &[u8], rows: u64) -> Option<u64> {
    if bitmap.is_empty() {
        return Some(0);
    }
    let rows = usize::try_from(rows).ok()?;
    let bitmap = bitmap.get(..rows.div_ceil(8))?;
    let valid = UnalignedBitChunk::new(bitmap, 0, rows).count_ones();
    Some((rows - valid) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_rows_of_a_bitmap_count() {
        assert_eq!(count(&[], 1000), Some(0));
        assert_eq!(count(&[0b1011], 4), Some(1));
        assert_eq!(count(&[0b1011], 8), Some(5));
        assert_eq!(count(&[0xff, 0], 9), Some(1));
        assert_eq!(count(&[0xff], 9), None);
    }
}
