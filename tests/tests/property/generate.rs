//! Streams of every Arrow type, from a seed: schema, batches that are slices of larger arrays, and metadata beside them.

use std::collections::HashMap;
use std::sync::Arc;

use flight_runtime::Message;
use flight_runtime::arrow::array::types::*;
use flight_runtime::arrow::array::*;
use flight_runtime::arrow::buffer::{
    BooleanBuffer, Buffer, MutableBuffer, NullBuffer, OffsetBuffer, ScalarBuffer,
};
use flight_runtime::arrow::datatypes::{
    ArrowNativeType, DataType, Field, FieldRef, Fields, IntervalUnit, Schema, SchemaRef, TimeUnit,
    UnionFields, UnionMode, i256,
};
use flight_runtime::bytes::Bytes;

/// The most values of a dictionary; every type of key can count them.
const DICTIONARY: usize = 60;

/// SplitMix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit as u64) as usize
    }

    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// How a dictionary changes from batch to batch.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Dictionaries {
    Same,
    Replaced,
    /// Each begins with the one before it, so that deltas are possible.
    Grown,
}

/// What one seed gives.
pub(crate) struct Case {
    pub(crate) schema: SchemaRef,
    pub(crate) schema_metadata: Option<Bytes>,
    pub(crate) messages: Vec<Message>,
    /// Whether the stream sends deltas.
    pub(crate) deltas: bool,
}

impl Case {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let schema = schema(&mut dice);
        let dictionaries = [
            Dictionaries::Same,
            Dictionaries::Replaced,
            Dictionaries::Grown,
        ];
        let dictionaries = dice.pick(&dictionaries);
        let deltas = !dice.one_in(3);
        let schema_metadata = dice.one_in(3).then(|| Bytes::from("beside the schema"));
        let salt = dice.roll();
        let mut messages = Vec::new();
        for batch in 0..dice.below(5) {
            if dice.one_in(4) {
                messages.push(Message::metadata(format!("before {batch}")));
            }
            let app_metadata = dice
                .one_in(3)
                .then(|| Bytes::from(format!("beside {batch}")));
            let mut arrays = Arrays {
                dice: Dice(dice.roll()),
                dictionaries,
                salt,
                batch,
                dictionary: 0,
            };
            messages.push(Message {
                batch: Some(arrays.batch(&schema)),
                app_metadata,
            });
        }
        if dice.one_in(4) {
            messages.push(Message::metadata("at the end"));
        }
        Self {
            schema,
            schema_metadata,
            messages,
            deltas,
        }
    }
}

fn schema(dice: &mut Dice) -> SchemaRef {
    let depth = dice.below(4);
    let columns = dice.below(7);
    let fields: Vec<Field> = (0..columns)
        .map(|index| field(dice, &format!("column {index}"), depth, true))
        .collect();
    Arc::new(Schema::new(fields).with_metadata(metadata(dice)))
}

fn metadata(dice: &mut Dice) -> HashMap<String, String> {
    let count = if dice.one_in(4) { 1 + dice.below(3) } else { 0 };
    (0..count)
        .map(|key| (format!("key {key}"), text(dice)))
        .collect()
}

/// A field, nullable only where the one around it lets nulls through.
fn field(dice: &mut Dice, name: &str, depth: usize, may_be_nullable: bool) -> Field {
    let nullable = may_be_nullable && !dice.one_in(3);
    let data_type = data_type(dice, depth, nullable);
    Field::new(name, data_type, nullable).with_metadata(metadata(dice))
}

fn field_ref(dice: &mut Dice, name: &str, depth: usize, may_be_nullable: bool) -> FieldRef {
    Arc::new(field(dice, name, depth, may_be_nullable))
}

fn data_type(dice: &mut Dice, depth: usize, nullable: bool) -> DataType {
    use DataType::*;
    if depth == 0 || dice.one_in(4) {
        return if dice.one_in(6) {
            dictionary(dice)
        } else {
            leaf(dice, nullable)
        };
    }
    let depth = depth - 1;
    match dice.below(11) {
        0 => List(field_ref(dice, "item", depth, true)),
        1 => LargeList(field_ref(dice, "element", depth, true)),
        2 => ListView(field_ref(dice, "item", depth, true)),
        3 => LargeListView(field_ref(dice, "item", depth, true)),
        4 => {
            let size = dice.below(4) as i32;
            FixedSizeList(field_ref(dice, "item", depth, true), size)
        }
        5 | 6 => {
            let count = dice.below(4);
            let fields = (0..count).map(|index| field(dice, &format!("f{index}"), depth, true));
            Struct(fields.collect())
        }
        7 => {
            let entries = Fields::from(vec![
                field(dice, "keys", 0, false),
                field(dice, "values", depth, true),
            ]);
            let ordered = dice.one_in(2);
            let entries = Field::new("entries", Struct(entries), false);
            Map(Arc::new(entries), ordered)
        }
        8 | 9 => {
            let mut ids: Vec<i8> = (0..1 + dice.below(4))
                .map(|_| dice.below(128) as i8)
                .collect();
            ids.sort_unstable();
            ids.dedup();
            let members = ids
                .into_iter()
                .map(|id| (id, field_ref(dice, &format!("m{id}"), depth, nullable)));
            let members = members.collect::<UnionFields>();
            Union(members, dice.pick(&[UnionMode::Sparse, UnionMode::Dense]))
        }
        _ => {
            let ends = dice.pick(&[Int16, Int32, Int64]);
            let values = field_ref(dice, "values", depth, nullable);
            RunEndEncoded(Arc::new(Field::new("run_ends", ends, false)), values)
        }
    }
}

fn dictionary(dice: &mut Dice) -> DataType {
    use DataType::*;
    let keys = [Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64];
    let values = match dice.one_in(3) {
        true => leaf(dice, false),
        false => dice.pick(&[Utf8, LargeUtf8, Utf8View, Int64, Float64]),
    };
    Dictionary(Box::new(dice.pick(&keys)), Box::new(values))
}

fn leaf(dice: &mut Dice, nullable: bool) -> DataType {
    use DataType::*;
    use TimeUnit::*;
    let unit = dice.pick(&[Second, Millisecond, Microsecond, Nanosecond]);
    let zone = dice.pick(&[None, Some("UTC"), Some("+05:30"), Some("Europe/Oslo")]);
    match dice.below(37) {
        0 | 1 if nullable => Null,
        0..=2 => Boolean,
        3 => Int8,
        4 => Int16,
        5 => Int32,
        6 => Int64,
        7 => UInt8,
        8 => UInt16,
        9 => UInt32,
        10 => UInt64,
        11 => Float16,
        12 => Float32,
        13 => Float64,
        14 | 15 => Timestamp(unit, zone.map(Arc::from)),
        16 => Date32,
        17 => Date64,
        18 => Time32(dice.pick(&[Second, Millisecond])),
        19 => Time64(dice.pick(&[Microsecond, Nanosecond])),
        20 => Duration(unit),
        21 => Interval(IntervalUnit::YearMonth),
        22 => Interval(IntervalUnit::DayTime),
        23 => Interval(IntervalUnit::MonthDayNano),
        24 => Binary,
        25 => LargeBinary,
        26 => BinaryView,
        27 => FixedSizeBinary(1 + dice.below(17) as i32),
        28 | 29 => Utf8,
        30 => LargeUtf8,
        31 | 32 => Utf8View,
        33 => Decimal32(1 + dice.below(9) as u8, 1),
        34 => Decimal64(1 + dice.below(18) as u8, -2),
        35 => Decimal128(1 + dice.below(38) as u8, 0),
        _ => Decimal256(1 + dice.below(76) as u8, 1),
    }
}

/// Empty, short, and longer than what a view holds in itself.
fn text(dice: &mut Dice) -> String {
    match dice.below(5) {
        0 => String::new(),
        1 => "é".repeat(dice.below(7)),
        2 => format!("{} is more than twelve bytes", dice.roll()),
        _ => dice.below(1000).to_string(),
    }
}

/// Makes the arrays of one batch.
struct Arrays {
    dice: Dice,
    dictionaries: Dictionaries,
    /// What the dictionaries of all batches are made from.
    salt: u64,
    batch: usize,
    /// Dictionaries so far: the same one has the same number in every batch.
    dictionary: u64,
}

impl Arrays {
    fn batch(&mut self, schema: &SchemaRef) -> RecordBatch {
        // Wide schemas stay short: their slices are single rows.
        let many = schema.fields().len() < 4;
        let rows = match self.dice.below(80) {
            0 if many => 1000 + self.dice.below(2000),
            1..=8 => 0,
            9..=16 => 1,
            _ => 2 + self.dice.below(40),
        };
        let (before, after) = self.around();
        let all = before + rows + after;
        let fields = schema.fields().iter();
        let columns = fields.map(|field| self.array(field, all)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(all));
        RecordBatch::try_new_with_options(schema.clone(), columns, &options)
            .unwrap()
            .slice(before, rows)
    }

    /// How many rows a slice leaves out at its ends.
    fn around(&mut self) -> (usize, usize) {
        match self.dice.below(3) {
            0 => (self.dice.below(20), self.dice.below(20)),
            1 => (self.dice.below(3), 0),
            _ => (0, 0),
        }
    }

    fn array(&mut self, field: &Field, rows: usize) -> ArrayRef {
        let (before, after) = self.around();
        let all = before + rows + after;
        let array = self.whole(field.data_type(), field.is_nullable(), all);
        assert_eq!(array.len(), all);
        assert_eq!(array.data_type(), field.data_type());
        if all > rows {
            array.slice(before, rows)
        } else {
            array
        }
    }

    fn nulls(&mut self, nullable: bool, rows: usize) -> Option<NullBuffer> {
        let dice = &mut self.dice;
        match dice.below(8) {
            _ if !nullable => None,
            0 | 1 => None,
            2 => Some(NullBuffer::new_valid(rows)),
            3 => Some(NullBuffer::new_null(rows)),
            _ => Some((0..rows).map(|_| !dice.one_in(3)).collect()),
        }
    }

    fn whole(&mut self, data_type: &DataType, nullable: bool, rows: usize) -> ArrayRef {
        use DataType::*;
        let nulls = match data_type {
            Null | Union(..) | RunEndEncoded(..) => None,
            _ => self.nulls(nullable, rows),
        };
        match data_type {
            Null => Arc::new(NullArray::new(rows)),
            Boolean => {
                let values = BooleanBuffer::collect_bool(rows, |_| self.dice.one_in(2));
                Arc::new(BooleanArray::new(values, nulls))
            }
            Utf8 => self.bytes::<Utf8Type>(rows, nulls),
            LargeUtf8 => self.bytes::<LargeUtf8Type>(rows, nulls),
            Binary => self.bytes::<BinaryType>(rows, nulls),
            LargeBinary => self.bytes::<LargeBinaryType>(rows, nulls),
            Utf8View => {
                let mut views = StringViewBuilder::new().with_fixed_block_size(200);
                for row in 0..rows {
                    let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                    views.append_option(valid.then(|| text(&mut self.dice)));
                }
                Arc::new(views.finish())
            }
            BinaryView => {
                let mut views = BinaryViewBuilder::new().with_fixed_block_size(200);
                for row in 0..rows {
                    let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                    views.append_option(valid.then(|| text(&mut self.dice)));
                }
                Arc::new(views.finish())
            }
            FixedSizeBinary(size) => {
                let bytes = (0..rows * *size as usize).map(|_| self.dice.roll() as u8);
                let bytes: Vec<u8> = bytes.collect();
                Arc::new(FixedSizeBinaryArray::new(*size, bytes.into(), nulls))
            }
            List(item) => self.list::<i32>(item, rows, nulls),
            LargeList(item) => self.list::<i64>(item, rows, nulls),
            ListView(item) => self.list_view::<i32>(item, rows, nulls),
            LargeListView(item) => self.list_view::<i64>(item, rows, nulls),
            FixedSizeList(item, size) => {
                let values = self.array(item, rows * *size as usize);
                let (item, size) = (Arc::clone(item), *size);
                let list = FixedSizeListArray::try_new_with_length(item, size, values, nulls, rows);
                Arc::new(list.unwrap())
            }
            Struct(fields) => {
                let columns = fields.iter().map(|field| self.array(field, rows)).collect();
                let fields = fields.clone();
                Arc::new(StructArray::try_new_with_length(fields, columns, nulls, rows).unwrap())
            }
            Map(entries, ordered) => {
                let (offsets, values) = self.items::<i32>(entries, rows);
                let (entries, values) = (Arc::clone(entries), values.as_struct().clone());
                Arc::new(MapArray::new(entries, offsets, values, nulls, *ordered))
            }
            Union(members, mode) => self.union(members, *mode, rows),
            RunEndEncoded(ends, values) => self.runs(data_type, ends, values, rows),
            Dictionary(keys, values) => {
                let values = self.dictionary_values(values, nullable);
                match keys.as_ref() {
                    Int8 => self.keys::<Int8Type>(values, rows, nulls),
                    Int16 => self.keys::<Int16Type>(values, rows, nulls),
                    Int32 => self.keys::<Int32Type>(values, rows, nulls),
                    Int64 => self.keys::<Int64Type>(values, rows, nulls),
                    UInt8 => self.keys::<UInt8Type>(values, rows, nulls),
                    UInt16 => self.keys::<UInt16Type>(values, rows, nulls),
                    UInt32 => self.keys::<UInt32Type>(values, rows, nulls),
                    _ => self.keys::<UInt64Type>(values, rows, nulls),
                }
            }
            primitive => self.primitive(primitive, rows, nulls),
        }
    }

    /// Bits of any kind where all are values of the type, and small numbers where not.
    fn primitive(
        &mut self,
        data_type: &DataType,
        rows: usize,
        nulls: Option<NullBuffer>,
    ) -> ArrayRef {
        use DataType::*;
        let width = data_type.primitive_width().unwrap();
        let most = match data_type {
            Decimal32(precision, _)
            | Decimal64(precision, _)
            | Decimal128(precision, _)
            | Decimal256(precision, _) => Some(10usize.pow((*precision).min(9).into())),
            Date64 | Time32(_) | Time64(_) => Some(1000),
            _ => None,
        };
        let day = if *data_type == Date64 { 86_400_000 } else { 1 };
        let mut values = MutableBuffer::new(rows * width);
        for _ in 0..rows {
            match most {
                Some(most) => {
                    let value = self.dice.below(most) as i64 * day;
                    let signed = matches!(data_type, Time32(_) | Time64(_)) || self.dice.one_in(2);
                    let value = i256::from_i128(if signed { value } else { -value }.into());
                    values.extend_from_slice(&value.to_le_bytes()[..width]);
                }
                None => {
                    let same = self.dice.pick(&[None, Some(0), Some(0xff)]);
                    for _ in 0..width {
                        values.push(same.unwrap_or(self.dice.roll() as u8));
                    }
                }
            }
        }
        let data = ArrayData::builder(data_type.clone())
            .len(rows)
            .add_buffer(values.into())
            .nulls(nulls);
        make_array(data.build().unwrap())
    }

    /// Text, and under nulls too.
    fn bytes<T>(&mut self, rows: usize, nulls: Option<NullBuffer>) -> ArrayRef
    where
        T: ByteArrayType,
    {
        let texts: Vec<String> = (0..rows).map(|_| text(&mut self.dice)).collect();
        let offsets = OffsetBuffer::<T::Offset>::from_lengths(texts.iter().map(String::len));
        let values = Buffer::from_vec(texts.concat().into_bytes());
        Arc::new(GenericByteArray::<T>::new(offsets, values, nulls))
    }

    /// The items of lists, of which some are behind the last list.
    fn items<O: OffsetSizeTrait>(
        &mut self,
        item: &Field,
        rows: usize,
    ) -> (OffsetBuffer<O>, ArrayRef) {
        let most = self.dice.pick(&[1, 3, 4]);
        let lengths: Vec<usize> = (0..rows).map(|_| self.dice.below(most)).collect();
        let unused = self.dice.pick(&[0, 0, 2]);
        let values = self.array(item, lengths.iter().sum::<usize>() + unused);
        (OffsetBuffer::from_lengths(lengths), values)
    }

    fn list<O: OffsetSizeTrait>(
        &mut self,
        item: &FieldRef,
        rows: usize,
        nulls: Option<NullBuffer>,
    ) -> ArrayRef {
        let (offsets, values) = self.items::<O>(item, rows);
        let item = Arc::clone(item);
        Arc::new(GenericListArray::<O>::new(item, offsets, values, nulls))
    }

    /// Ranges in any order, which may overlap.
    fn list_view<O: OffsetSizeTrait>(
        &mut self,
        item: &FieldRef,
        rows: usize,
        nulls: Option<NullBuffer>,
    ) -> ArrayRef {
        let held = self.dice.below(rows * 2 + 1);
        let values = self.array(item, held);
        let ranges: Vec<(usize, usize)> = (0..rows)
            .map(|_| {
                let size = self.dice.below(held.min(3) + 1);
                (self.dice.below(held - size + 1), size)
            })
            .collect();
        let offsets: ScalarBuffer<O> = ranges.iter().map(|range| O::usize_as(range.0)).collect();
        let sizes: ScalarBuffer<O> = ranges.iter().map(|range| O::usize_as(range.1)).collect();
        let list = GenericListViewArray::try_new(Arc::clone(item), offsets, sizes, values, nulls);
        Arc::new(list.unwrap())
    }

    fn union(&mut self, members: &UnionFields, mode: UnionMode, rows: usize) -> ArrayRef {
        let all: Vec<i8> = members.iter().map(|(id, _)| id).collect();
        let ids: Vec<i8> = (0..rows).map(|_| self.dice.pick(&all)).collect();
        let mut held: HashMap<i8, usize> = HashMap::new();
        let offsets = (mode == UnionMode::Dense).then(|| {
            let mut offsets = Vec::new();
            for id in &ids {
                // In order, some passed over.
                let next = held.entry(*id).or_default();
                let offset = *next + self.dice.pick(&[0, 0, 0, 1]);
                *next = offset + 1;
                offsets.push(offset as i32);
            }
            ScalarBuffer::from(offsets)
        });
        let children = members
            .iter()
            .map(|(id, member)| {
                let rows = match mode {
                    UnionMode::Sparse => rows,
                    UnionMode::Dense => {
                        held.get(&id).copied().unwrap_or(0) + self.dice.pick(&[0, 0, 3])
                    }
                };
                self.array(member, rows)
            })
            .collect();
        Arc::new(UnionArray::try_new(members.clone(), ids.into(), offsets, children).unwrap())
    }

    fn runs(
        &mut self,
        data_type: &DataType,
        ends: &Field,
        values: &Field,
        rows: usize,
    ) -> ArrayRef {
        let (mut reached, mut all) = (0, Vec::new());
        while reached < rows {
            reached = (reached + 1 + self.dice.below(4)).min(rows);
            all.push(reached);
        }
        let values = self.array(values, all.len());
        let ends: ArrayRef = match ends.data_type() {
            DataType::Int16 => Arc::new(Int16Array::from_iter_values(
                all.iter().map(|end| i16::usize_as(*end)),
            )),
            DataType::Int32 => Arc::new(Int32Array::from_iter_values(
                all.iter().map(|end| i32::usize_as(*end)),
            )),
            _ => Arc::new(Int64Array::from_iter_values(
                all.iter().map(|end| i64::usize_as(*end)),
            )),
        };
        let data = ArrayData::builder(data_type.clone())
            .len(rows)
            .add_child_data(ends.to_data())
            .add_child_data(values.to_data());
        make_array(data.build().unwrap())
    }

    fn dictionary_values(&mut self, data_type: &DataType, nullable: bool) -> ArrayRef {
        self.dictionary += 1;
        let mut salt = Dice(self.salt ^ self.dictionary);
        let (first, step) = (1 + salt.below(5), salt.below(8));
        let len = match self.dictionaries {
            Dictionaries::Same => first,
            Dictionaries::Replaced => {
                salt = Dice(salt.roll() ^ self.batch as u64);
                first + salt.below(20)
            }
            Dictionaries::Grown => first + step * self.batch,
        };
        let mut values = Arrays {
            dice: salt,
            ..*self
        };
        let values = values.whole(data_type, nullable, DICTIONARY);
        values.slice(0, len)
    }

    fn keys<K: ArrowDictionaryKeyType>(
        &mut self,
        values: ArrayRef,
        rows: usize,
        nulls: Option<NullBuffer>,
    ) -> ArrayRef {
        let keys = (0..rows).map(|_| K::Native::usize_as(self.dice.below(values.len())));
        let keys = PrimitiveArray::<K>::new(keys.collect(), nulls);
        Arc::new(DictionaryArray::<K>::new(keys, values))
    }
}
