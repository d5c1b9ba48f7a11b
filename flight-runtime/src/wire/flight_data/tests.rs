//! The parser, fed in every way that a network can.

use arrow_flight::FlightData;
use bytes::BufMut;
use futures::FutureExt;

use super::place::MAX_HELD_CHUNKS;
use super::*;
use crate::wire::grpc::put_prefix;
use crate::wire::samples::{Random, read_all};
use crate::wire::script::Script;

fn message() -> FlightData {
    FlightData {
        flight_descriptor: Some(FlightDescriptor::new_path(vec!["a".into(), "bc".into()])),
        data_header: Bytes::from_static(b"header"),
        app_metadata: Bytes::from_static(b"meta"),
        data_body: (0..100_000u32).map(|i| i as u8).collect::<Vec<_>>().into(),
    }
}

fn framed(message: &[u8]) -> Bytes {
    let mut wire = Vec::new();
    put_prefix(&mut wire, message.len()).unwrap();
    wire.extend_from_slice(message);
    wire.into()
}

fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    prost::encoding::encode_key(number, WireType::LengthDelimited, &mut field);
    prost::encoding::encode_varint(bytes.len() as u64, &mut field);
    field.extend_from_slice(bytes);
    field
}

fn read(wire: &Bytes, lens: &[usize]) -> Result<Vec<Inbound>, WireError> {
    read_all(Script::cut(wire, lens), 1 << 20)
}

fn one(message: &[u8]) -> Inbound {
    let mut all = read(&framed(message), &[1 << 20]).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn fault(message: &[u8]) -> String {
    match read(&framed(message), &[1 << 20]) {
        Err(WireError::Invalid(text)) => text,
        other => panic!("expected a fault, got {other:?}"),
    }
}

fn check(expected: &FlightData, found: &Inbound) {
    assert_eq!(expected.flight_descriptor, found.descriptor);
    assert_eq!(expected.data_header, found.header);
    assert_eq!(Some(&expected.app_metadata), found.app_metadata.as_ref());
    assert_eq!(expected.data_body, found.body.as_slice());
    assert_eq!(found.body.as_ptr() as usize % 64, 0);
}

#[test]
fn chunks_may_be_of_any_size() {
    let message = message();
    let one = framed(&message.encode_to_vec());
    let wire = Bytes::from([&one[..], &one[..]].concat());
    for size in [1, 2, 3, 7, 64, 1000, 1024, 16_384, wire.len()] {
        let all = read(&wire, &[size]).unwrap();
        assert_eq!(all.len(), 2, "{size}");
        all.iter().for_each(|found| check(&message, found));
    }
    let mut random = Random(1);
    for _ in 0..200 {
        let sizes: Vec<_> = (0..20)
            .map(|_| {
                let most = [3, 300, 70_000][random.below(3)];
                1 + random.below(most)
            })
            .collect();
        let all = read(&wire, &sizes).unwrap();
        assert_eq!(all.len(), 2, "{sizes:?}");
        all.iter().for_each(|found| check(&message, found));
    }
}

#[test]
fn fields_may_come_in_any_order_among_unknown_ones() {
    let mut parts = vec![
        field(1, &FlightDescriptor::new_cmd("x").encode_to_vec()),
        field(2, b"header"),
        field(3, b"meta"),
        field(1000, &[7; 300]),
        field(4, b"unknown"),
        field(999, b""),
        vec![5 << 3, 0x80, 1],
        [vec![6 << 3 | 1], vec![0; 8]].concat(),
        [vec![7 << 3 | 5], vec![0; 4]].concat(),
    ];
    let mut random = Random(2);
    for _ in 0..300 {
        for index in (1..parts.len()).rev() {
            parts.swap(index, random.below(index + 1));
        }
        let wire = framed(&parts.concat());
        let found = &read(&wire, &[1 + random.below(40)]).unwrap()[0];
        assert_eq!(found.descriptor, Some(FlightDescriptor::new_cmd("x")));
        assert_eq!(found.header, "header");
        assert_eq!(found.app_metadata.as_deref(), Some(&b"meta"[..]));
        assert_eq!(found.body.as_slice(), [7; 300]);
    }
}

#[test]
fn the_last_of_a_repeated_field_counts_and_descriptors_merge() {
    let found = one(&[
        field(2, b"first"),
        field(1000, b"1"),
        field(3, b"x"),
        field(
            1,
            &FlightDescriptor::new_path(vec!["a".into()]).encode_to_vec(),
        ),
        field(
            1,
            &FlightDescriptor::new_path(vec!["b".into()]).encode_to_vec(),
        ),
        field(2, b"second"),
        field(1000, b"22"),
        field(3, b""),
    ]
    .concat());
    assert_eq!(found.header, "second");
    assert_eq!(found.body.as_slice(), b"22");
    assert_eq!(found.app_metadata.as_deref(), Some(&b""[..]));
    assert_eq!(found.descriptor.unwrap().path, ["a", "b"]);
}

#[test]
fn absent_and_empty_metadata_differ_and_an_absent_body_is_aligned() {
    let found = one(&[]);
    assert_eq!(found.app_metadata, None);
    assert!(found.descriptor.is_none() && found.header.is_empty() && found.body.is_empty());
    assert_eq!(found.body.as_ptr() as usize % 64, 0);
    let found = one(&[field(3, b""), field(1000, b"")].concat());
    assert_eq!(found.app_metadata, Some(Bytes::new()));
    assert_eq!(found.body.as_ptr() as usize % 64, 0);
}

#[test]
fn an_end_at_any_place_is_truncated() {
    let mut message = message();
    message.data_body = Bytes::from(vec![1; 70]);
    let wire = framed(&message.encode_to_vec());
    assert!(read(&wire.slice(..0), &[9]).unwrap().is_empty());
    for end in 1..wire.len() {
        let cut = wire.slice(..end);
        assert!(
            matches!(read(&cut, &[9]), Err(WireError::Truncated)),
            "{end}"
        );
    }
    assert_eq!(read(&wire, &[9]).unwrap().len(), 1);
}

#[test]
fn a_message_that_ends_early_is_invalid_and_not_read_into_the_next() {
    let whole = message().encode_to_vec();
    for end in 1..60 {
        let wire = [framed(&whole[..end]), framed(&whole)].concat().into();
        match read(&wire, &[1 << 20]) {
            // The cut fell between two fields.
            Ok(all) => assert_eq!(all.len(), 2, "{end}"),
            Err(WireError::Invalid(_)) => {}
            Err(other) => panic!("{end}: {other}"),
        }
    }
}

#[test]
fn faults_are_named() {
    let lies = [field(1000, &[0; 9]), vec![0xc2, 0x3e, 0xff, 0x7f]].concat();
    assert_eq!(
        fault(&lies),
        "data_body of FlightData claims more than the 0 bytes that are left in its message"
    );
    assert!(
        fault(&[
            0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1
        ])
        .contains("data_header of FlightData claims more")
    );
    assert!(fault(&[0x10, 0]).contains("field 2 (data_header) has wire type 0, expected 2"));
    assert!(fault(&[0x2b]).contains("field 5 has wire type 3"));
    assert!(fault(&[0x02, 0]).contains("0 is not a field number"));
    assert!(fault(&[0x29, 0, 0]).contains("a field of FlightData claims more"));
    assert!(fault(&[0xff; 11]).contains("more than 64 bits"));
    assert!(fault(&[0x28, 0x80]).contains("ends inside a field"));
    assert!(fault(&field(1, &[0xff])).starts_with("flight_descriptor: "));
    let path = FlightDescriptor::new_path(vec![String::new(); 5000]);
    assert!(fault(&field(1, &path.encode_to_vec())).contains("has 5000 parts"));
}

#[test]
fn the_limit_is_that_of_the_declared_length() {
    let wire = framed(&[0x1a, 0]);
    assert_eq!(read_all(Script::cut(&wire, &[1]), 2).unwrap().len(), 1);
    let prefix_only = wire.slice(..5);
    assert!(matches!(
        read_all(Script::cut(&prefix_only, &[1]), 1),
        Err(WireError::TooLarge {
            size: 2,
            limit: 1,
            ..
        })
    ));
}

#[test]
fn an_error_is_the_end() {
    let wire = [framed(&[0x10, 0]), framed(&[])].concat().into();
    let mut reader = FlightDataReader::new(
        Script::cut(&wire, &[99]),
        Encoding::Identity,
        Limits { message: 99 },
    );
    let mut next = || reader.next().now_or_never().unwrap();
    assert!(next().is_err());
    assert!(next().unwrap().is_none());
}

#[test]
fn memory_follows_what_arrives_and_not_what_is_announced() {
    const WANT: usize = 1 << 30;
    for size in [1, 100, 1 << 14, 1 << 20] {
        let mut place = Place::new(WANT);
        let mut got = 0;
        while got < WANT / 64 && got < size * 5000 {
            let mut chunk = Bytes::from(vec![1; size]);
            place.take(&mut chunk);
            got += size;
            let held: usize = place.held.iter().map(Bytes::len).sum();
            let memory = place.memory.as_ref().map_or(0, MutableBuffer::capacity);
            assert!(
                held + memory <= (4 * got).next_multiple_of(64),
                "{size} at {got}"
            );
            assert!(place.held.len() <= MAX_HELD_CHUNKS);
        }
    }
}

#[test]
fn a_large_body_is_copied_once() {
    // 16 KiB frames of an 8 MiB body: the memory is allocated once, at a quarter.
    let mut place = Place::new(8 << 20);
    let mut address = None;
    for _ in 0..(8 << 20) / (16 << 10) {
        place.take(&mut Bytes::from(vec![1; 16 << 10]));
        if let Some(memory) = &place.memory {
            let now = memory.as_ptr() as usize;
            assert_eq!(*address.get_or_insert(now), now);
        }
    }
    let body = place.finished().unwrap();
    assert_eq!(body.len(), 8 << 20);
    assert_eq!(Some(body.as_ptr() as usize), address);
}

#[test]
fn small_metadata_does_not_keep_its_chunk() {
    let mut message = Vec::new();
    message.extend(field(3, b"tiny"));
    message.put_slice(&field(1000, &[0; 10_000]));
    let wire = framed(&message);
    let range = wire.as_ptr_range();
    let found = &read(&wire, &[1 << 20]).unwrap()[0];
    assert!(!range.contains(&found.app_metadata.as_ref().unwrap().as_ptr()));
}
