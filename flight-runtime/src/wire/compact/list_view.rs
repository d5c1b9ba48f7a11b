//! List views, whose lists may lie anywhere among their values, overlap, and leave gaps.
//!
//! Arrow's `take`, and so a sort, moves offsets and sizes alone. A slice of what was sorted uses few of its values, and those from one end of them to the
//! other: cut to their hull they would go out nearly whole with every slice, and slices be cut to single rows for it. So values that lie far apart are gathered.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, GenericListViewArray, OffsetSizeTrait, UInt64Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, FieldRef};
use arrow::error::ArrowError;

use super::{TOLERATED_WASTE, compact, compacted, hull, worth_cutting};
use crate::wire::size::BodySize;

pub(super) fn list_view<O: OffsetSizeTrait>(
    array: &GenericListViewArray<O>,
    item: &FieldRef,
) -> Result<Option<ArrayRef>, ArrowError> {
    let values = array.values();
    let hull = hull(lists(array).flatten());
    let listed = lists(array).flatten().map(|list| list.len());
    let listed = listed.fold(0, usize::saturating_add);
    let kept = if worth_gathering(values, &hull, listed) {
        let mut kept = lists(array).flatten().collect();
        merge(&mut kept);
        kept
    } else if worth_cutting(hull.len(), values.len()) {
        vec![hull]
    } else {
        // Values that stay in place keep their offsets.
        let Some(values) = compact(values)? else {
            return Ok(None);
        };
        let (offsets, sizes) = (array.offsets().clone(), array.sizes().clone());
        return rebuilt(array, item, offsets, sizes, values);
    };
    let values = match &kept[..] {
        [] => values.slice(0, 0),
        [range] => values.slice(range.start, range.len()),
        ranges => {
            let rows = ranges.iter().cloned().flatten().map(|row| row as u64);
            take(values, &UInt64Array::from_iter_values(rows), None)?
        }
    };
    let values = compacted(values)?;
    // Where each range begins among the values that are kept.
    let mut end = 0;
    let starts = kept.iter().map(|range| {
        let start = end;
        end += range.len();
        start
    });
    let starts: Vec<usize> = starts.collect();
    let place = |list: Range<usize>| {
        let at = kept.partition_point(|range| range.end < list.end);
        let (range, start) = kept.get(at).zip(starts.get(at))?;
        Some((start + list.start.checked_sub(range.start)?, list.len()))
    };
    // A list that is null or empty is nowhere. The others come no later than before, so that their places fit the type of the offsets.
    let places = lists(array).map(|list| list.and_then(place).unwrap_or_default());
    let (offsets, sizes): (Vec<O>, Vec<O>) = places
        .map(|(offset, size)| (O::usize_as(offset), O::usize_as(size)))
        .unzip();
    rebuilt(array, item, offsets.into(), sizes.into(), values)
}

/// Where each row's list is among the values, unless it is null or empty.
fn lists<O: OffsetSizeTrait>(
    array: &GenericListViewArray<O>,
) -> impl Iterator<Item = Option<Range<usize>>> {
    let places = array.offsets().iter().zip(array.sizes());
    places.enumerate().map(|(row, (offset, size))| {
        let (offset, size) = (offset.as_usize(), size.as_usize());
        (size > 0 && array.is_valid(row)).then(|| offset..offset.saturating_add(size))
    })
}

/// A copy of what is listed costs less than to send all from its first to its last.
fn worth_gathering(values: &ArrayRef, hull: &Range<usize>, listed: usize) -> bool {
    // More than half of it would be waste.
    worth_cutting(listed, hull.len()) && !has_no_width(values.data_type()) && {
        let sent = BodySize::of_array(&values.slice(hull.start, hull.len()));
        sent.bytes > 2 * TOLERATED_WASTE
    }
}

/// Whether there is a fixed-size list of size 0: `take` (arrow-select 59) forgets how many rows those have.
fn has_no_width(data_type: &DataType) -> bool {
    match data_type {
        DataType::FixedSizeList(item, size) => *size == 0 || has_no_width(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_no_width(field.data_type())),
        _ => false,
    }
}

/// The same values as ranges in order, which neither overlap nor touch.
fn merge(ranges: &mut Vec<Range<usize>>) {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, range| {
        let meets = next.start <= range.end;
        if meets {
            range.end = range.end.max(next.end);
        }
        meets
    });
}

fn rebuilt<O: OffsetSizeTrait>(
    array: &GenericListViewArray<O>,
    item: &FieldRef,
    offsets: ScalarBuffer<O>,
    sizes: ScalarBuffer<O>,
    values: ArrayRef,
) -> Result<Option<ArrayRef>, ArrowError> {
    let (item, nulls) = (Arc::clone(item), array.nulls().cloned());
    let list = GenericListViewArray::try_new(item, offsets, sizes, values, nulls)?;
    Ok(Some(Arc::new(list)))
}
