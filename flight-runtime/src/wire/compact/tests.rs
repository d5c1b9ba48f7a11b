//! List views whose lists lie anywhere among their values, as a sort leaves them.

use arrow::array::{
    ArrayRef, AsArray, GenericListViewArray, Int64Array, LargeListViewArray, ListViewArray,
    RecordBatch, UInt32Array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::take;
use arrow::datatypes::Int64Type;

use super::*;
use crate::wire::encode::EncodeOptions;
use crate::wire::samples::{Random, decode_all, encode, every_type, joined, read_all};
use crate::wire::script::Script;
use crate::wire::segments::Segments;

/// Lists of up to nine of `values`, one behind the other.
fn in_order<O: OffsetSizeTrait>(values: &ArrayRef) -> ArrayRef {
    let mut random = Random(1);
    let (mut offsets, mut sizes, mut end) = (Vec::new(), Vec::new(), 0);
    while end < values.len() {
        let size = random.below(10).min(values.len() - end);
        offsets.push(O::usize_as(end));
        sizes.push(O::usize_as(size));
        end += size;
    }
    let nulls = NullBuffer::from_iter((0..sizes.len()).map(|row| row % 7 != 3));
    views(values, offsets, sizes, Some(nulls))
}

fn views<O: OffsetSizeTrait>(
    values: &ArrayRef,
    offsets: Vec<O>,
    sizes: Vec<O>,
    nulls: Option<NullBuffer>,
) -> ArrayRef {
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let (offsets, sizes) = (offsets.into(), sizes.into());
    let values = Arc::clone(values);
    Arc::new(GenericListViewArray::<O>::try_new(item, offsets, sizes, values, nulls).unwrap())
}

/// The rows in an order without any.
fn permuted(array: &ArrayRef) -> RecordBatch {
    let mut random = Random(2);
    let mut rows: Vec<u32> = (0..array.len() as u32).collect();
    rows.sort_by_cached_key(|_| random.next());
    let array = take(array, &UInt32Array::from(rows), None).unwrap();
    RecordBatch::try_from_iter_with_nullable([("c", array, true)]).unwrap()
}

/// The sizes of the messages of rows, in which the batch arrives as it is.
fn sent(batch: &RecordBatch, max_message_size: usize) -> Vec<usize> {
    let options = EncodeOptions {
        max_message_size,
        ..EncodeOptions::default()
    };
    let frames = encode(&batch.schema(), std::slice::from_ref(batch), options);
    let sizes = frames.iter().skip(1).map(Segments::len).collect();
    let inbound = read_all(Script::cut(&joined(frames), &[1 << 14]), 1 << 30).unwrap();
    let mut start = 0;
    for piece in decode_all(&inbound).unwrap() {
        let rows = piece.num_rows();
        let expected = batch.slice(start, rows);
        assert_eq!(expected.column(0), piece.column(0), "{}", batch.schema());
        piece.column(0).to_data().validate_full().unwrap();
        start += rows;
    }
    assert_eq!(start, batch.num_rows());
    sizes
}

#[test]
fn lists_that_were_sorted_take_no_more_than_those_in_order() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..20_000));
    for lists in [in_order::<i32>(&numbers), in_order::<i64>(&numbers)] {
        let ordered = RecordBatch::try_from_iter_with_nullable([("c", lists.clone(), true)]);
        let ordered = sent(&ordered.unwrap(), 16 << 10);
        let permuted = sent(&permuted(&lists), 16 << 10);
        let (few, bytes) = (ordered.len(), ordered.iter().sum::<usize>());
        let all: usize = permuted.iter().sum();
        assert!(permuted.len() <= few * 2, "{} for {few}", permuted.len());
        assert!(all <= bytes + bytes / 4, "{all} for {bytes}");
    }
}

#[test]
fn lists_of_every_type_arrive_as_they_were() {
    let all = every_type(4000);
    for values in all.columns() {
        for lists in [in_order::<i32>(values), in_order::<i64>(values)] {
            let whole = permuted(&lists);
            for batch in [whole.clone(), whole.slice(100, 50)] {
                sent(&batch, 8 << 10);
            }
        }
    }
}

#[test]
fn lists_of_lists_that_were_sorted_lose_what_neither_uses() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..200_000));
    let inner = permuted(&in_order::<i32>(&numbers)).column(0).clone();
    let outer = permuted(&in_order::<i32>(&inner));
    let slice = outer.slice(10, 20).column(0).clone();
    let compacted = compact(&slice).unwrap().unwrap();
    assert_eq!(&slice, &compacted);
    let inner = compacted.as_list_view::<i32>().values().clone();
    assert!(inner.len() < 200, "{}", inner.len());
    let numbers = inner.as_list_view::<i32>().values();
    assert!(numbers.len() < 2000, "{}", numbers.len());
}

#[test]
fn lists_may_overlap_and_nulls_may_reach_anywhere() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10_000));
    let places = [
        (9000, 100),
        (0, 50),
        (9050, 100),
        (20, 10),
        (5000, 3000),
        (7, 0),
        (9050, 100),
    ];
    let nulls = || NullBuffer::from_iter((0..7).map(|row| row != 4));
    let offsets = places.map(|(offset, _)| offset).to_vec();
    let sizes = places.map(|(_, size)| size).to_vec();
    let lists = views::<i32>(&numbers, offsets, sizes, Some(nulls()));
    let compacted = compact(&lists).unwrap().unwrap();
    assert_eq!(&lists, &compacted);
    let compacted: &ListViewArray = compacted.as_list_view();
    compacted.to_data().validate_full().unwrap();
    let kept = compacted.values().as_primitive::<Int64Type>().values();
    assert_eq!(kept.len(), 50 + 150);
    assert_eq!(kept[49..51], [49, 9000]);

    let offsets = places.map(|(offset, _)| offset.into()).to_vec();
    let sizes = places.map(|(_, size)| size.into()).to_vec();
    let lists = views::<i64>(&numbers, offsets, sizes, Some(nulls()));
    let compacted = compact(&lists).unwrap().unwrap();
    assert_eq!(&lists, &compacted);
    let compacted: &LargeListViewArray = compacted.as_list_view();
    assert_eq!(compacted.values().len(), 50 + 150);
}

#[test]
fn lists_in_others_are_gathered_too() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..50_000));
    let lists = permuted(&in_order::<i32>(&numbers)).column(0).clone();
    let field = Arc::new(Field::new("l", lists.data_type().clone(), true));
    let rows = lists.len();
    let others: [ArrayRef; 3] = [
        Arc::new(StructArray::from(vec![(field.clone(), lists.clone())])),
        Arc::new(GenericListArray::<i32>::new(
            field.clone(),
            OffsetBuffer::from_lengths(vec![1; rows]),
            lists.clone(),
            None,
        )),
        Arc::new(FixedSizeListArray::new(field, 1, lists, None)),
    ];
    for other in others {
        let batch = RecordBatch::try_from_iter([("c", other)]).unwrap();
        let bytes: usize = sent(&batch, 32 << 10).iter().sum();
        assert!(bytes < 700_000, "{}: {bytes}", batch.schema());
    }
}

#[test]
fn what_lies_close_together_stays_where_it_is() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100_000));
    // Every second value is used.
    let offsets: Vec<i32> = (0..1000).map(|row| (999 - row) * 100).collect();
    let lists = views(&numbers, offsets, vec![50; 1000], None);
    assert!(compact(&lists).unwrap().is_none());
    // Little of it, but it is little in all.
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1000));
    let lists = views(&numbers, vec![0i32, 999], vec![1, 1], None);
    assert!(compact(&lists).unwrap().is_none());
}
