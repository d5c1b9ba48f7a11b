//! Cutting away what a slice does not use, where Arrow's IPC writer does not.
//!
//! The writer (arrow-ipc 59) writes a sliced array as its slice, with these exceptions:
//!
//! - string and binary views carry all their buffers, list views all their values, and
//!   dense unions all their children, however small the slice is. A batch that is sent
//!   in twenty slices would be sent twenty times;
//! - a union inside a list is written from the start of its buffers, whatever the list
//!   was sliced to (the writer passes over `ArrayData::offset`), and a run-end encoded
//!   array without rows gets a run that ends at zero. Readers reject both.
//!
//! [`Compactor`] rewrites such columns before they are encoded. Everything else passes
//! through untouched and shared. Dictionary values are never touched: the writer knows
//! an unchanged dictionary by the address of its buffers.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ByteView, FixedSizeListArray, GenericByteViewArray, GenericListArray,
    MapArray, OffsetSizeTrait, RecordBatch, RecordBatchOptions, RunArray, StructArray, UnionArray,
    make_array, new_empty_array,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowNativeType, ByteViewType, DataType, Field, FieldRef, Int16Type, Int32Type, Int64Type,
    RunEndIndexType, Schema, UnionMode,
};
use arrow::error::ArrowError;

use self::list_view::list_view;

mod list_view;
#[cfg(test)]
mod tests;

/// Waste below this is not worth a copy: what it costs is less than a frame.
const TOLERATED_WASTE: usize = 4096;

/// Knows which columns of a schema may need compaction.
#[derive(Debug)]
pub(super) struct Compactor {
    columns: Vec<bool>,
}

impl Compactor {
    /// For batches of `schema`.
    pub(super) fn new(schema: &Schema) -> Self {
        let columns = schema.fields().iter().map(|field| concerns(field));
        Self {
            columns: columns.collect(),
        }
    }

    /// The same rows, with nothing that a writer would send in vain or wrongly; `None` when that is what they are.
    pub(super) fn batch(&self, batch: &RecordBatch) -> Result<Option<RecordBatch>, ArrowError> {
        let mut columns = None;
        for (index, concerned) in self.columns.iter().enumerate() {
            if !concerned {
                continue;
            }
            let Some(column) = batch.columns().get(index) else {
                continue;
            };
            if let Some(column) = compact(column)? {
                let columns = columns.get_or_insert_with(|| batch.columns().to_vec());
                if let Some(slot) = columns.get_mut(index) {
                    *slot = column;
                }
            }
        }
        let Some(columns) = columns else {
            return Ok(None);
        };
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(batch.schema(), columns, &options).map(Some)
    }
}

/// Whether a type has one of the exceptions anywhere outside of dictionaries.
fn concerns(field: &Field) -> bool {
    use DataType::*;
    match field.data_type() {
        Utf8View | BinaryView | ListView(_) | LargeListView(_) | Union(..) | RunEndEncoded(..) => {
            true
        }
        List(item) | LargeList(item) | Map(item, _) | FixedSizeList(item, _) => concerns(item),
        Struct(fields) => fields.iter().any(|field| concerns(field)),
        _ => false,
    }
}

/// `array` rewritten, or `None` when it is well as it is.
fn compact(array: &ArrayRef) -> Result<Option<ArrayRef>, ArrowError> {
    use DataType::*;
    match array.data_type() {
        Utf8View => Ok(view(array.as_string_view())),
        BinaryView => Ok(view(array.as_binary_view())),
        List(item) if concerns(item) => list(array.as_list::<i32>(), item),
        LargeList(item) if concerns(item) => list(array.as_list::<i64>(), item),
        ListView(item) => list_view(array.as_list_view::<i32>(), item),
        LargeListView(item) => list_view(array.as_list_view::<i64>(), item),
        Map(entries, ordered) if concerns(entries) => map(array.as_map(), entries, *ordered),
        FixedSizeList(item, size) if concerns(item) => {
            fixed_size_list(array.as_fixed_size_list(), item, *size)
        }
        Struct(_) => structure(array.as_struct()),
        Union(_, mode) => union(array.as_union(), *mode),
        RunEndEncoded(ends, _) => match ends.data_type() {
            Int16 => run(array.as_run::<Int16Type>()),
            Int32 => run(array.as_run::<Int32Type>()),
            Int64 => run(array.as_run::<Int64Type>()),
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}

/// As [`compact`], with the array itself when nothing is to be done.
fn compacted(array: ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(compact(&array)?.unwrap_or(array))
}

fn view<T: ByteViewType + ?Sized>(array: &GenericByteViewArray<T>) -> Option<ArrayRef> {
    let held: usize = array.data_buffers().iter().map(|buffer| buffer.len()).sum();
    if held <= TOLERATED_WASTE {
        return None;
    }
    // Stops as soon as enough is used, so that a full column costs half a pass.
    let mut used = 0;
    for view in array.views() {
        let view = ByteView::from(*view);
        if view.length > arrow::array::MAX_INLINE_VIEW_LEN {
            used += view.length as usize;
            if used.saturating_mul(2) >= held || held - used.min(held) <= TOLERATED_WASTE {
                return None;
            }
        }
    }
    Some(Arc::new(array.gc()))
}

fn list<O: OffsetSizeTrait>(
    array: &GenericListArray<O>,
    item: &FieldRef,
) -> Result<Option<ArrayRef>, ArrowError> {
    let Some((offsets, values)) = list_parts(array.offsets(), array.values())? else {
        return Ok(None);
    };
    let item = Arc::clone(item);
    let list = GenericListArray::try_new(item, offsets, values, array.nulls().cloned())?;
    Ok(Some(Arc::new(list)))
}

fn map(
    array: &MapArray,
    entries: &FieldRef,
    ordered: bool,
) -> Result<Option<ArrayRef>, ArrowError> {
    let values: ArrayRef = Arc::new(array.entries().clone());
    let Some((offsets, values)) = list_parts(array.offsets(), &values)? else {
        return Ok(None);
    };
    let map = MapArray::try_new(
        Arc::clone(entries),
        offsets,
        values.as_struct().clone(),
        array.nulls().cloned(),
        ordered,
    )?;
    Ok(Some(Arc::new(map)))
}

/// Offsets from zero, and exactly the values that they reach. `None` when that is what
/// they are.
fn list_parts<O: OffsetSizeTrait>(
    offsets: &OffsetBuffer<O>,
    values: &ArrayRef,
) -> Result<Option<(OffsetBuffer<O>, ArrayRef)>, ArrowError> {
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
        return Ok(None);
    };
    let (start, end) = (first.as_usize(), last.as_usize());
    if start == 0 && end == values.len() {
        let offsets = offsets.clone();
        return Ok(compact(values)?.map(|values| (offsets, values)));
    }
    let rebased: ScalarBuffer<O> = offsets.iter().map(|offset| *offset - *first).collect();
    let values = compacted(values.slice(start, end - start))?;
    Ok(Some((OffsetBuffer::new(rebased), values)))
}

fn fixed_size_list(
    array: &FixedSizeListArray,
    item: &FieldRef,
    size: i32,
) -> Result<Option<ArrayRef>, ArrowError> {
    let Some(values) = compact(array.values())? else {
        return Ok(None);
    };
    let (item, nulls) = (Arc::clone(item), array.nulls().cloned());
    let list = FixedSizeListArray::try_new_with_length(item, size, values, nulls, array.len())?;
    Ok(Some(Arc::new(list)))
}

fn structure(array: &StructArray) -> Result<Option<ArrayRef>, ArrowError> {
    let mut columns = None;
    for (index, column) in array.columns().iter().enumerate() {
        if let Some(column) = compact(column)? {
            let columns = columns.get_or_insert_with(|| array.columns().to_vec());
            if let Some(slot) = columns.get_mut(index) {
                *slot = column;
            }
        }
    }
    let Some(columns) = columns else {
        return Ok(None);
    };
    let (fields, nulls) = (array.fields().clone(), array.nulls().cloned());
    let structure = StructArray::try_new_with_length(fields, columns, nulls, array.len())?;
    Ok(Some(Arc::new(structure)))
}

fn union(array: &UnionArray, mode: UnionMode) -> Result<Option<ArrayRef>, ArrowError> {
    let ids = array.type_ids();
    let mut offsets = array.offsets().map(|offsets| offsets.to_vec());
    let mut children = Vec::with_capacity(array.fields().len());
    let mut changed = false;
    for (id, _) in array.fields().iter() {
        let mut child = Arc::clone(array.child(id));
        if let (UnionMode::Dense, Some(offsets)) = (mode, &mut offsets) {
            let of_child = |(of, offset)| (of == id).then_some(offset);
            let reached = ids.iter().copied().zip(offsets.iter().copied());
            let range = hull(
                reached
                    .filter_map(of_child)
                    .map(|offset: i32| offset.as_usize()..offset.as_usize() + 1),
            );
            if worth_cutting(range.len(), child.len()) {
                child = child.slice(range.start, range.len());
                changed = true;
                for (of, offset) in ids.iter().zip(offsets) {
                    if *of == id {
                        *offset -= i32::usize_as(range.start);
                    }
                }
            }
        }
        if let Some(compacted) = compact(&child)? {
            child = compacted;
            changed = true;
        }
        children.push(child);
    }
    if !changed {
        return Ok(None);
    }
    let fields = array.fields().clone();
    let offsets = offsets.map(ScalarBuffer::from);
    let union = UnionArray::try_new(fields, ids.clone(), offsets, children)?;
    Ok(Some(Arc::new(union)))
}

fn run<R: RunEndIndexType>(array: &RunArray<R>) -> Result<Option<ArrayRef>, ArrowError> {
    if array.is_empty() {
        // The writer makes a run that ends at zero of a slice without rows.
        return Ok(Some(new_empty_array(array.data_type())));
    }
    let DataType::RunEndEncoded(ends_field, values_field) = array.data_type() else {
        return Ok(None);
    };
    if !concerns(values_field) {
        return Ok(None);
    }
    let start = array.get_start_physical_index();
    let end = array.get_end_physical_index();
    let ends = array.run_ends();
    let whole = ends.offset() == 0 && start == 0 && end + 1 == array.values().len();
    let values = if whole {
        match compact(array.values())? {
            Some(values) => values,
            None => return Ok(None),
        }
    } else {
        compacted(array.values().slice(start, end + 1 - start))?
    };
    // Not by `RunArray::with_values`, which forgets the metadata of the values' field.
    let physical = ends.values().get(start..=end).unwrap_or_default();
    let last = array.len();
    let ends: ScalarBuffer<R::Native> = physical
        .iter()
        .map(|end| R::Native::usize_as((end.as_usize() - ends.offset()).min(last)))
        .collect();
    let ends = arrow::array::ArrayData::builder(ends_field.data_type().clone())
        .len(ends.len())
        .add_buffer(ends.into_inner())
        .build()?;
    let data = arrow::array::ArrayData::builder(array.data_type().clone())
        .len(last)
        .add_child_data(ends)
        .add_child_data(values.to_data())
        .build()?;
    Ok(Some(make_array(data)))
}

/// The smallest range that holds all of `ranges`.
fn hull(ranges: impl Iterator<Item = Range<usize>>) -> Range<usize> {
    ranges
        .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
        .unwrap_or(0..0)
}

/// Cutting an array is free, but rewriting the offsets into it is not.
fn worth_cutting(used: usize, held: usize) -> bool {
    held > used.saturating_mul(2)
}
