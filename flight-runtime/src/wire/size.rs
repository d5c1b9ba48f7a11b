//! How large the body of a batch will be without compression.
//!
//! `ArrayData::get_slice_memory_size` is of no use for that: it counts the children of
//! lists and the values of dictionaries in full, however small the slice is.

use arrow::array::{Array, AsArray, GenericListArray, OffsetSizeTrait, RecordBatch, RunArray};
use arrow::datatypes::{
    ArrowNativeType, ByteArrayType, DataType, Int16Type, Int32Type, Int64Type, RunEndIndexType,
};

/// Each buffer is padded to this, the default of Arrow's writers.
const PADDING: usize = 64;

/// Bytes of a body.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct BodySize {
    /// All of them, padding included.
    pub(super) bytes: usize,
    /// Those that do not depend on the number of rows: what padding may add.
    pub(super) overhead: usize,
}

impl BodySize {
    /// Of the rows of `batch`. Dictionaries are messages of their own.
    pub(super) fn of(batch: &RecordBatch) -> Self {
        let mut size = Self::default();
        for column in batch.columns() {
            size.array(column.as_ref());
        }
        size
    }

    /// Of an array.
    pub(super) fn of_array(array: &dyn Array) -> Self {
        let mut size = Self::default();
        size.array(array);
        size
    }

    fn buffer(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes.next_multiple_of(PADDING));
        self.overhead += PADDING;
    }

    /// The array as arrow-ipc writes it after [`compact`](super::compact).
    fn array(&mut self, array: &dyn Array) {
        use DataType::*;
        let len = array.len();
        if array.null_count() > 0 {
            self.buffer(len.div_ceil(8));
        }
        match array.data_type() {
            Null => {}
            Boolean => self.buffer(len.div_ceil(8)),
            Utf8 => self.strings::<arrow::datatypes::Utf8Type>(array),
            LargeUtf8 => self.strings::<arrow::datatypes::LargeUtf8Type>(array),
            Binary => self.strings::<arrow::datatypes::BinaryType>(array),
            LargeBinary => self.strings::<arrow::datatypes::LargeBinaryType>(array),
            Utf8View => {
                self.buffer(len * 16);
                let buffers = array.as_string_view().data_buffers();
                buffers.iter().for_each(|buffer| self.buffer(buffer.len()));
            }
            BinaryView => {
                self.buffer(len * 16);
                let buffers = array.as_binary_view().data_buffers();
                buffers.iter().for_each(|buffer| self.buffer(buffer.len()));
            }
            List(_) => self.list(array.as_list::<i32>()),
            LargeList(_) => self.list(array.as_list::<i64>()),
            Map(..) => {
                let map = array.as_map();
                self.buffer((len + 1) * 4);
                let (start, end) = reach(map.offsets());
                self.array(&map.entries().slice(start, end - start));
            }
            ListView(_) => {
                self.buffer(len * 4);
                self.buffer(len * 4);
                self.array(array.as_list_view::<i32>().values().as_ref());
            }
            LargeListView(_) => {
                self.buffer(len * 8);
                self.buffer(len * 8);
                self.array(array.as_list_view::<i64>().values().as_ref());
            }
            FixedSizeList(..) => self.array(array.as_fixed_size_list().values().as_ref()),
            Struct(_) => {
                for column in array.as_struct().columns() {
                    self.array(column.as_ref());
                }
            }
            Union(fields, _) => {
                let union = array.as_union();
                self.buffer(len);
                if union.offsets().is_some() {
                    self.buffer(len * 4);
                }
                for (id, _) in fields.iter() {
                    self.array(union.child(id).as_ref());
                }
            }
            RunEndEncoded(ends, _) => match ends.data_type() {
                Int16 => self.runs(array.as_run::<Int16Type>()),
                Int32 => self.runs(array.as_run::<Int32Type>()),
                _ => self.runs(array.as_run::<Int64Type>()),
            },
            Dictionary(key, _) => self.buffer(len * key.primitive_width().unwrap_or(8)),
            FixedSizeBinary(width) => self.buffer(len * width.as_usize()),
            other => self.buffer(len * other.primitive_width().unwrap_or(8)),
        }
    }

    fn strings<T: ByteArrayType>(&mut self, array: &dyn Array) {
        let array = array.as_bytes::<T>();
        self.buffer(size_of_val(array.value_offsets()));
        let (start, end) = reach(array.offsets());
        self.buffer(end - start);
    }

    fn list<O: OffsetSizeTrait>(&mut self, array: &GenericListArray<O>) {
        self.buffer(size_of_val(array.value_offsets()));
        let (start, end) = reach(array.offsets());
        self.array(array.values().slice(start, end - start).as_ref());
    }

    fn runs<R: RunEndIndexType>(&mut self, array: &RunArray<R>) {
        if array.is_empty() {
            return;
        }
        let start = array.get_start_physical_index();
        let runs = array.get_end_physical_index() + 1 - start;
        self.buffer(runs * size_of::<R::Native>());
        self.array(array.values().slice(start, runs).as_ref());
    }
}

/// From where to where offsets reach.
fn reach<O: ArrowNativeType>(offsets: &[O]) -> (usize, usize) {
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => (first.as_usize(), last.as_usize()),
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::compact::Compactor;
    use crate::wire::encode::EncodeOptions;
    use crate::wire::samples::{encode, every_type};

    #[test]
    fn every_type_is_estimated_as_it_is_written() {
        let batch = every_type(2000);
        for index in 0..batch.num_columns() {
            let column = batch.project(&[index]).unwrap();
            let compact = Compactor::new(&column.schema());
            for slice in [column.clone(), column.slice(700, 900), column.slice(5, 1)] {
                let schema = slice.schema();
                let slice = compact.batch(&slice).unwrap().unwrap_or(slice);
                let estimate = BodySize::of(&slice);
                let frames = encode(&schema, &[slice], EncodeOptions::default());
                let written = frames.back().unwrap().len();
                // All but the header and the prefix.
                assert!(
                    (estimate.bytes..estimate.bytes + 1024).contains(&written),
                    "{}: {written}, {estimate:?}",
                    schema.field(0)
                );
            }
        }
    }
}
