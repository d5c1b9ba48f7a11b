//! Rows to send.

use std::ops::Range;
use std::sync::Arc;

use flight_runtime::arrow::array::{
    Array, ArrayRef, BinaryViewArray, DictionaryArray, FixedSizeListArray, Int32Array, Int64Array,
    ListArray, MapBuilder, NullArray, RecordBatch, RunArray, StringArray, StringBuilder,
    StringViewArray, StructArray, UnionArray,
};
use flight_runtime::arrow::array::{Int32Builder, StringDictionaryBuilder};
use flight_runtime::arrow::datatypes::{
    DataType, Field, Int32Type, Schema, SchemaRef, UnionFields,
};
use flight_runtime::arrow::error::ArrowError;

/// One column `n` of int64.
pub(crate) fn numbers_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
}

/// These numbers, in a batch of [`numbers_schema`].
pub(crate) fn numbers(range: Range<i64>) -> Result<RecordBatch, ArrowError> {
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values(range));
    RecordBatch::try_new(numbers_schema(), vec![column])
}

/// `batches` batches of ten numbers each, counting on.
pub(crate) fn tens(batches: i64) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> {
    (0..batches).map(|batch| numbers(batch * 10..batch * 10 + 10))
}

/// One column `word` of dictionary-encoded text.
pub(crate) fn words_schema() -> SchemaRef {
    let words = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    Arc::new(Schema::new(vec![Field::new("word", words, true)]))
}

/// A batch of [`words_schema`]: these keys into this dictionary.
pub(crate) fn words(keys: &[i32], dictionary: &[&str]) -> Result<RecordBatch, ArrowError> {
    let dictionary = StringArray::from(dictionary.to_vec());
    words_of(keys, &(Arc::new(dictionary) as ArrayRef))
}

/// The same with a dictionary that other batches may share.
pub(crate) fn words_of(keys: &[i32], dictionary: &ArrayRef) -> Result<RecordBatch, ArrowError> {
    let keys = Int32Array::from(keys.to_vec());
    let column = DictionaryArray::<Int32Type>::try_new(keys, dictionary.clone())?;
    RecordBatch::try_new(words_schema(), vec![Arc::new(column)])
}

/// A column of every way in which types nest.
pub(crate) fn nested() -> Result<RecordBatch, ArrowError> {
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
    ]);
    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        [
            Some(vec![Some(1), Some(2)]),
            Some(vec![None, Some(4)]),
            None,
        ],
        2,
    );
    let numbers = Int32Array::from(vec![Some(1), None, Some(3)]);
    let texts = StringArray::from(vec![Some("a"), Some("b"), None]);
    let pair = StructArray::from(vec![
        (
            Arc::new(Field::new("number", DataType::Int32, true)),
            Arc::new(numbers.clone()) as ArrayRef,
        ),
        (
            Arc::new(Field::new("text", DataType::Utf8, true)),
            Arc::new(texts.clone()) as ArrayRef,
        ),
    ]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for row in 0..3 {
        for key in 0..row {
            map.keys().append_value(format!("key {key}"));
            map.values().append_value(key);
        }
        map.append(true)?;
    }
    let members: UnionFields = [
        (0, Arc::new(Field::new("number", DataType::Int32, true))),
        (1, Arc::new(Field::new("text", DataType::Utf8, true))),
    ]
    .into_iter()
    .collect();
    let union = UnionArray::try_new(
        members,
        vec![0, 1, 0].into(),
        Some(vec![0, 0, 1].into()),
        vec![
            Arc::new(Int32Array::from(vec![7, 8])) as ArrayRef,
            Arc::new(StringArray::from(vec!["seven"])) as ArrayRef,
        ],
    )?;
    let runs = RunArray::<Int32Type>::try_new(
        &Int32Array::from(vec![2, 3]),
        &StringArray::from(vec!["twice", "once"]),
    )?;
    let mut dictionary = StringDictionaryBuilder::<Int32Type>::new();
    for word in ["x", "y", "x"] {
        dictionary.append_value(word);
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("list", Arc::new(list)),
        ("fixed", Arc::new(fixed)),
        ("pair", Arc::new(pair)),
        ("map", Arc::new(map.finish())),
        ("union", Arc::new(union)),
        ("runs", Arc::new(runs)),
        ("dictionary", Arc::new(dictionary.finish())),
        ("nothing", Arc::new(NullArray::new(3))),
    ];
    with_nulls(columns)
}

/// Views of short and of long values.
pub(crate) fn views() -> Result<RecordBatch, ArrowError> {
    let texts = StringViewArray::from(vec![
        Some("short"),
        None,
        Some("longer than the twelve bytes that fit into a view"),
    ]);
    let bytes = BinaryViewArray::from(vec![
        Some(&b"\x00\xff"[..]),
        Some(&b"longer than the twelve bytes that fit into a view"[..]),
        None,
    ]);
    with_nulls(vec![
        ("text", Arc::new(texts) as ArrayRef),
        ("bytes", Arc::new(bytes)),
    ])
}

fn with_nulls(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, ArrowError> {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), true))
        .collect();
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}
