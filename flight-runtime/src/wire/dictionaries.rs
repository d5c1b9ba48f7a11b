//! The dictionaries of a stream that is read.
//!
//! A dictionary grows by deltas (Arrow columnar format, "Dictionary Messages"), and Arrow has it in one piece: what is added means a copy of the whole. So
//! deltas wait, each as an array of its own, until rows need them, and then all are put together in one copy, however many they are. A stream that has a
//! delta for each batch still copies its dictionaries as often as they grow, which nothing but another kind of array would spare it. So that such copies do not
//! cost without bound, [`Dictionaries`] counts them against what has come.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::decode::caught;
use super::error::{COPIES, DICTIONARIES, WireError};
use super::flight_data::Inbound;

#[cfg(test)]
mod tests;

/// What the copies of a stream may take for each of its messages: 40 µs, a few times what a message takes anyway.
const COPIES_OF_A_MESSAGE: u64 = 256 << 10;
/// And for each byte of it. So a dictionary of 20 MiB may grow with each batch of 80 KiB; a byte of ZSTD may become a hundred times more.
const COPIES_OF_A_BYTE: u64 = 128;

/// What an array takes beside its buffers, for each byte of the header that it came with.
const BESIDE_BUFFERS: u64 = 4;

/// A dictionary that the schema names.
#[derive(Debug)]
pub(super) struct Named {
    /// The column that its values are to Arrow's decoder.
    pub(super) values: SchemaRef,
    /// Whether the values have dictionaries themselves.
    pub(super) nested: bool,
}

/// How large a dictionary is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    /// Bytes that are kept, with all that the values hold on to.
    pub(super) kept: u64,
    /// Bytes that a copy has.
    pub(super) copy: u64,
}

/// Deltas of a dictionary that no rows have needed yet.
#[derive(Debug, Default)]
struct Waiting {
    deltas: Vec<ArrayRef>,
    /// What they are charged beside their values, until they are put together.
    beside: u64,
}

#[derive(Debug)]
pub(super) struct Dictionaries {
    named: HashMap<i64, Named>,
    /// Those received, as Arrow's decoder wants them, but for deltas that wait.
    whole: HashMap<i64, ArrayRef>,
    waiting: HashMap<i64, Waiting>,
    sizes: HashMap<i64, Size>,
    /// Bytes that are kept of all, and how many they may be.
    kept: u64,
    limit: u64,
    copied: u64,
    /// How much may be copied, for what has come so far.
    earned: u64,
}

impl Dictionaries {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            named: HashMap::new(),
            whole: HashMap::new(),
            waiting: HashMap::new(),
            sizes: HashMap::new(),
            kept: 0,
            limit,
            copied: 0,
            earned: 0,
        }
    }

    /// Notes every dictionary at or below `field`, and says whether there is one.
    pub(super) fn collect(&mut self, field: &Field) -> bool {
        use DataType::*;
        match field.data_type() {
            Dictionary(_, value) => {
                // The id is part of the IPC format and not of the type; the field is where
                // Arrow's own decoder looks for it.
                #[allow(deprecated)]
                if let Some(id) = field.dict_id() {
                    let value = Field::new("", value.as_ref().clone(), true);
                    let nested = self.collect(&value);
                    // Arrow's decoder takes the first as well.
                    self.named.entry(id).or_insert_with(|| Named {
                        values: Arc::new(Schema::new(vec![value])),
                        nested,
                    });
                }
                true
            }
            List(item)
            | LargeList(item)
            | ListView(item)
            | LargeListView(item)
            | FixedSizeList(item, _)
            | Map(item, _) => self.collect(item),
            Struct(fields) => {
                let found = fields.iter().map(|field| self.collect(field));
                found.fold(false, |any, found| any | found)
            }
            Union(fields, _) => {
                let found = fields.iter().map(|(_, field)| self.collect(field));
                found.fold(false, |any, found| any | found)
            }
            RunEndEncoded(ends, items) => self.collect(ends) | self.collect(items),
            _ => false,
        }
    }

    /// What the schema says of a dictionary.
    pub(super) fn named(&self, id: i64) -> Option<&Named> {
        self.named.get(&id)
    }

    /// Counts a message to what has come.
    pub(super) fn earn(&mut self, message: &Inbound) {
        let len = message.header.len().saturating_add(message.body.len()) as u64;
        let earned = COPIES_OF_A_MESSAGE.saturating_add(len.saturating_mul(COPIES_OF_A_BYTE));
        self.earned = self.earned.saturating_add(earned);
    }

    /// Whether the stream may keep a dictionary, or what is added to it.
    pub(super) fn room_for(&self, id: i64, size: Size, delta: bool) -> Result<(), WireError> {
        let of_it = self.sizes.get(&id).map_or(0, |size| size.kept);
        let others = self.kept.saturating_sub(if delta { 0 } else { of_it });
        let kept = others.saturating_add(size.kept);
        if kept > self.limit {
            return Err(WireError::TooLarge {
                what: DICTIONARIES,
                size: kept,
                limit: self.limit,
            });
        }
        Ok(())
    }

    /// Charges it to what the stream may keep.
    pub(super) fn charge(&mut self, id: i64, size: Size, delta: bool) -> Result<(), WireError> {
        self.room_for(id, size, delta)?;
        let of_it = self.sizes.entry(id).or_default();
        if !delta {
            self.kept = self.kept.saturating_sub(of_it.kept);
            *of_it = Size::default();
        }
        of_it.kept = of_it.kept.saturating_add(size.kept);
        of_it.copy = of_it.copy.saturating_add(size.copy);
        self.kept = self.kept.saturating_add(size.kept);
        Ok(())
    }

    /// Takes a dictionary in the place of what there was.
    pub(super) fn replace(&mut self, id: i64, values: ArrayRef) {
        self.waiting.remove(&id);
        self.whole.insert(id, values);
    }

    /// Takes what is added to a dictionary, which came with a header of this length.
    pub(super) fn extend(
        &mut self,
        id: i64,
        delta: ArrayRef,
        header: usize,
    ) -> Result<(), WireError> {
        if !self.whole.contains_key(&id) {
            return Err(WireError::invalid(format!(
                "a delta of dictionary {id}, which has not come"
            )));
        }
        // Without it any number of deltas of nothing could wait.
        let beside = (header as u64).saturating_mul(BESIDE_BUFFERS);
        let size = Size {
            kept: beside,
            copy: 0,
        };
        self.charge(id, size, true)?;
        let waiting = self.waiting.entry(id).or_default();
        waiting.beside = waiting.beside.saturating_add(beside);
        waiting.deltas.push(delta);
        Ok(())
    }

    /// How many bytes [`put_together`](Self::put_together) would copy.
    pub(super) fn to_copy(&self) -> u64 {
        let sizes = self.waiting.keys().filter_map(|id| self.sizes.get(id));
        sizes.map(|size| size.copy).fold(0, u64::saturating_add)
    }

    /// Makes one array of each dictionary for which deltas wait.
    pub(super) fn put_together(&mut self) -> Result<(), WireError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.copied = self.copied.saturating_add(self.to_copy());
        if self.copied > self.earned {
            return Err(WireError::TooLarge {
                what: COPIES,
                size: self.copied,
                limit: self.earned,
            });
        }
        for (id, Waiting { deltas, beside }) in self.waiting.drain() {
            let Some(whole) = self.whole.get_mut(&id) else {
                continue;
            };
            let parts = std::iter::once(&*whole).chain(&deltas);
            let parts: Vec<&dyn Array> = parts.map(AsRef::as_ref).collect();
            *whole = caught(|| concat(&parts))?;
            if let Some(size) = self.sizes.get_mut(&id) {
                size.kept = size.kept.saturating_sub(beside);
            }
            self.kept = self.kept.saturating_sub(beside);
        }
        Ok(())
    }

    /// Those received, as Arrow's decoder wants them: [put together](Self::put_together) before.
    pub(super) fn whole(&self) -> &HashMap<i64, ArrayRef> {
        &self.whole
    }
}
