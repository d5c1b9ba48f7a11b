//! Nulls as other libraries write them.

use arrow::array::{Array, AsArray};

use super::*;

#[test]
fn nulls_that_were_not_counted_are_counted() {
    let batch = |data_type, message| match decode(one(data_type), message).unwrap() {
        Decoded::Batch(batch) => batch,
        other => panic!("{other:?}"),
    };
    let mut message = ints(vec![(4, -1)], vec![(0, 8), (8, 16)]);
    message.body[0] = 0b1010;
    let column = batch(DataType::Int32, message).column(0).clone();
    assert_eq!((column.null_count(), column.is_null(1)), (2, false));
    let without = ints(vec![(4, -1)], vec![(0, 0), (8, 16)]);
    assert_eq!(batch(DataType::Int32, without).column(0).null_count(), 0);
    let nothing = ints(vec![(4, -1)], vec![]);
    assert_eq!(batch(DataType::Null, nothing).num_rows(), 4);
    // Below others, which were counted.
    let lists = Forged {
        rows: 2,
        body: [0; 8].into_iter().chain([0b0111]).chain([0; 55]).collect(),
        ..ints(vec![(2, 0), (4, -1)], vec![(0, 0), (8, 8), (16, 16)])
    };
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    let column = batch(DataType::FixedSizeList(item, 2), lists)
        .column(0)
        .clone();
    let items = column.as_fixed_size_list().values();
    assert_eq!((column.null_count(), items.null_count()), (0, 1));

    let short = || Forged {
        rows: 9,
        ..ints(vec![(9, -1)], vec![(0, 1), (8, 40)])
    };
    let text = fault(one(DataType::Int32), short());
    assert!(
        text.contains("validity are 1 bytes, expected at least 2"),
        "{text}"
    );
    let compressed = Forged {
        codec: Some(CompressionType::LZ4_FRAME),
        ..short()
    };
    let text = fault(one(DataType::Int32), compressed);
    assert!(text.contains("a validity that is compressed"), "{text}");
}

/// A buffer as it is in a compressed body.
#[cfg(all(feature = "lz4", feature = "zstd"))]
fn in_a_body(bytes: &[u8], codec: CompressionType) -> Vec<u8> {
    let column: ArrayRef = Arc::new(arrow::array::UInt8Array::from(bytes.to_vec()));
    let batch = RecordBatch::try_from_iter([("c", column)]).unwrap();
    let options = IpcWriteOptions::default().try_with_compression(Some(codec));
    let (_, encoded) = IpcDataGenerator::default()
        .encode(
            &batch,
            &mut DictionaryTracker::new(false),
            &options.unwrap(),
            &mut arrow_ipc::writer::IpcWriteContext::default(),
        )
        .unwrap();
    let message = root_as_message(&encoded.ipc_message).unwrap();
    let place = message
        .header_as_record_batch()
        .unwrap()
        .buffers()
        .unwrap()
        .get(1);
    let start = usize::try_from(place.offset()).unwrap();
    encoded.arrow_data[start..][..usize::try_from(place.length()).unwrap()].to_vec()
}

#[cfg(all(feature = "lz4", feature = "zstd"))]
#[test]
fn nulls_may_have_any_view() {
    const LONG: &[u8] = b"longer than the twelve bytes of a view";
    let short = [&3u32.to_le_bytes()[..], b"abc", &[0; 9]].concat();
    let long = [
        &u32::try_from(LONG.len()).unwrap().to_le_bytes()[..],
        &LONG[..4],
        &[0; 8],
    ]
    .concat();
    // Nowhere, too far, and with something behind the text.
    let views = |third: &[u8]| [&short, &[0xff; 16][..], &long, third].concat();
    let wrong = [&2u32.to_le_bytes()[..], b"abcdefghijkl"].concat();
    let message = |codec, validity: u8, third: &[u8]| {
        let parts = [vec![validity], views(third), LONG.to_vec()];
        let (mut body, mut buffers) = (Vec::new(), Vec::new());
        for part in parts {
            let part = match codec {
                None => part,
                Some(codec) => in_a_body(&part, codec),
            };
            buffers.push((body.len() as i64, part.len() as i64));
            body.extend(part);
            body.resize(body.len().next_multiple_of(8), 0);
        }
        Forged {
            rows: 4,
            nodes: vec![(4, i64::from(4 - validity.count_ones()))],
            buffers,
            variadic: vec![1],
            codec,
            body,
            ..Forged::default()
        }
    };
    for codec in [
        None,
        Some(CompressionType::LZ4_FRAME),
        Some(CompressionType::ZSTD),
    ] {
        let Decoded::Batch(batch) =
            decode(one(DataType::Utf8View), message(codec, 0b0101, &wrong)).unwrap()
        else {
            panic!("no batch");
        };
        let column = batch.column(0).as_string_view();
        let texts: Vec<_> = column.iter().collect();
        let long = std::str::from_utf8(LONG).unwrap();
        assert_eq!(texts, [Some("abc"), None, Some(long), None]);
        // The values of a dictionary, too.
        let keys = DataType::Dictionary(DataType::Int32.into(), DataType::Utf8View.into());
        let mut decoder = BatchDecoder::new(GuardLimits::default());
        decoder.decode(&schema_message(&one(keys))).unwrap();
        let dictionary = Forged {
            dictionary: true,
            ..message(codec, 0b0101, &wrong)
        };
        decoder.decode(&dictionary.message()).unwrap();
        let keys = ints(vec![(4, 0)], vec![(0, 0), (0, 16)]).message();
        let Decoded::Batch(batch) = decoder.decode(&keys).unwrap() else {
            panic!("no batch");
        };
        let values = batch.column(0).as_any_dictionary().values().clone();
        assert_eq!(values.as_string_view().iter().collect::<Vec<_>>(), texts);

        // Of what is no null they may not.
        let error = fault(one(DataType::Utf8View), message(codec, 0b1101, &wrong));
        assert!(error.contains("non-zero padding"), "{error}");
    }
}

#[test]
fn a_delta_whose_nulls_are_mended_counts_once() {
    let message = |delta| Forged {
        rows: 1000,
        nodes: vec![(1000, 1000)],
        buffers: vec![(0, 125), (128, 16_000)],
        variadic: vec![0],
        body: [vec![0; 128], vec![0xff; 16_000]].concat(),
        dictionary: true,
        delta,
        ..Forged::default()
    };
    let keys = DataType::Dictionary(DataType::Int32.into(), DataType::Utf8View.into());
    let mut decoder = BatchDecoder::new(GuardLimits {
        dictionaries: 40_000,
        ..GuardLimits::default()
    });
    decoder.decode(&schema_message(&one(keys))).unwrap();
    decoder.decode(&message(false).message()).unwrap();
    decoder.decode(&message(true).message()).unwrap();
    let error = decoder.decode(&message(true).message()).unwrap_err();
    assert!(matches!(error, WireError::TooLarge { .. }), "{error}");
}
