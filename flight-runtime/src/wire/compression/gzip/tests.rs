//! Messages in gzip, as a client and as an attacker would send them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_flight::{FlightData, FlightDescriptor};
use bytes::BufMut;
use flate2::write::GzEncoder;
use futures::task::noop_waker_ref;
use prost::Message as _;

use super::*;
use crate::wire::compression::Encoding;
use crate::wire::flight_data::{FlightDataReader, Limits};
use crate::wire::grpc::MessageReader;
use crate::wire::held::{Held, Holds};
use crate::wire::samples::Random;
use crate::wire::script::Script;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut wire = vec![flag];
    wire.put_u32(u32::try_from(message.len()).unwrap());
    wire.extend_from_slice(message);
    wire
}

/// Polls until it is ready: the result, and how often it let others have a turn.
fn patiently<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> (T, usize) {
    let mut cx = Context::from_waker(noop_waker_ref());
    let mut turns = 0;
    loop {
        match poll(&mut cx) {
            Poll::Ready(result) => return (result, turns),
            Poll::Pending => turns += 1,
        }
    }
}

fn read(wire: &[u8], size: usize, limit: usize) -> Result<Vec<Bytes>, WireError> {
    let body = Script::cut(&Bytes::copy_from_slice(wire), &[size]);
    let mut reader = MessageReader::new(body, Encoding::Gzip, limit);
    let mut all = Vec::new();
    while let Some(message) = patiently(|cx| reader.poll_next(cx)).0? {
        all.push(message);
    }
    Ok(all)
}

/// What comes of one message that holds these bytes as its compressed ones.
fn one(compressed: &[u8], limit: usize) -> Result<Bytes, WireError> {
    let mut all = read(&framed(1, compressed), usize::MAX, limit)?;
    assert_eq!(all.len(), 1);
    Ok(all.remove(0))
}

fn noise(len: usize) -> Vec<u8> {
    let mut random = Random(7);
    (0..len).map(|_| random.next() as u8 & 0x3f).collect()
}

#[test]
fn messages_are_decompressed_however_they_arrive_and_plain_ones_stay() {
    let large = noise(3 * PIECE + 5);
    let wire = [
        framed(1, &gzip(b"first")),
        framed(0, b"plain"),
        framed(1, &gzip(b"")),
        framed(1, &gzip(&large)),
        framed(0, b""),
        framed(1, &gzip(b"last")),
    ]
    .concat();
    for size in [1, 2, 7, 1000, 16_384, wire.len()] {
        let all = read(&wire, size, 1 << 20).unwrap();
        assert_eq!(
            all,
            [&b"first"[..], b"plain", b"", &large, b"", b"last"],
            "{size}"
        );
    }
}

#[test]
fn flight_data_is_parsed_from_what_was_decompressed() {
    let message = FlightData {
        flight_descriptor: Some(FlightDescriptor::new_path(vec!["a".into()])),
        data_header: Bytes::from_static(b"header"),
        app_metadata: Bytes::from_static(b"meta"),
        data_body: noise(700_000).into(),
    };
    let plain = message.encode_to_vec();
    let wire = [
        framed(1, &gzip(&plain)),
        framed(0, &plain),
        framed(1, &gzip(&plain)),
    ];
    let wire = Bytes::from(wire.concat());
    for size in [1, 1000, 16_384, wire.len()] {
        let limits = Limits { message: 1 << 20 };
        let mut reader = FlightDataReader::new(Script::cut(&wire, &[size]), Encoding::Gzip, limits);
        for _ in 0..3 {
            let found = patiently(|cx| reader.poll_next(cx)).0.unwrap().unwrap();
            assert_eq!(found.descriptor, message.flight_descriptor, "{size}");
            assert_eq!(found.header, message.data_header);
            assert_eq!(found.app_metadata.as_ref(), Some(&message.app_metadata));
            assert_eq!(found.body.as_slice(), message.data_body);
            assert_eq!(found.body.as_ptr() as usize % 64, 0);
        }
        assert!(patiently(|cx| reader.poll_next(cx)).0.unwrap().is_none());
    }
}

#[test]
fn a_bomb_stops_at_the_limit() {
    const LIMIT: usize = 1 << 20;
    assert_eq!(one(&gzip(&[0; LIMIT]), LIMIT).unwrap().len(), LIMIT);
    for size in [LIMIT + 1, 64 * LIMIT] {
        let compressed = gzip(&vec![0; size]);
        assert!(compressed.len() < LIMIT);
        let mut chunks = Chunks::new(Script([compressed.clone().into()].into()));
        let mut inflate = Inflate::new(compressed.len(), LIMIT);
        let (result, _) = patiently(|cx| inflate.poll(&mut chunks, cx));
        let Err(WireError::TooLarge { size, limit, .. }) = result else {
            panic!("{result:?}");
        };
        // One buffer of the decoder beyond it, and the rest was never made.
        assert_eq!(limit, LIMIT as u64);
        assert!((LIMIT..=LIMIT + (64 << 10)).contains(&(size as usize)));
        let pieces = inflate.decoder.get_ref();
        let full: usize = pieces.full.iter().map(Bytes::len).sum();
        assert_eq!(full + pieces.last.len(), pieces.len);
        assert!(pieces.len <= LIMIT);
        assert!(full + pieces.last.capacity() <= LIMIT + PIECE);
    }
}

#[test]
fn the_compressed_length_is_checked_before_anything_arrives() {
    let prefix = [1, 0, 0, 1, 0];
    assert!(matches!(
        read(&prefix, 9, 255),
        Err(WireError::TooLarge {
            size: 256,
            limit: 255,
            ..
        })
    ));
    assert!(matches!(read(&prefix, 9, 256), Err(WireError::Truncated)));
}

#[test]
fn what_is_cut_short_is_an_error() {
    let compressed = gzip(&noise(1000));
    for end in 0..compressed.len() {
        let result = one(&compressed[..end], 1 << 20);
        let Err(WireError::Invalid(text)) = result else {
            panic!("{end}: {result:?}");
        };
        assert!(text.contains("gzip"), "{text}");
        // The body ends inside of what the prefix announced.
        let wire = &framed(1, &compressed)[..5 + end];
        assert!(matches!(
            read(wire, 100, 1 << 20),
            Err(WireError::Truncated)
        ));
    }
}

#[test]
fn what_is_corrupt_is_an_error_or_the_message_itself() {
    let plain = noise(600);
    let compressed = gzip(&plain);
    for at in 0..compressed.len() {
        for bit in 0..8 {
            let mut wrong = compressed.clone();
            wrong[at] ^= 1 << bit;
            match one(&wrong, 1 << 20) {
                // The header's time and system, and bits that fill up a byte.
                Ok(message) => assert_eq!(message, plain, "{at}"),
                Err(WireError::Invalid(_)) => {}
                Err(other) => panic!("{at}: {other}"),
            }
        }
    }
    let text = one(b"not gzip at all", 99).unwrap_err().to_string();
    assert!(text.contains("invalid gzip header"), "{text}");
    let behind = [&compressed[..], b"more"].concat();
    assert!(matches!(one(&behind, 1 << 20), Err(WireError::Invalid(_))));
}

#[test]
fn members_are_joined_up_to_a_number() {
    let two = [gzip(&[1; 300]), gzip(&[2; 300])].concat();
    let joined = [[1; 300], [2; 300]].concat();
    assert_eq!(one(&two, 600).unwrap(), joined);
    assert!(matches!(one(&two, 599), Err(WireError::TooLarge { .. })));
    for size in [1, 3, 1000] {
        let all = read(&framed(1, &two), size, 600).unwrap();
        assert_eq!(all, [&joined[..]], "{size}");
    }
    assert_eq!(one(&gzip(b"").repeat(MAX_MEMBERS), 1 << 20).unwrap(), "");
    let more = gzip(b"").repeat(MAX_MEMBERS + 1);
    let text = one(&more, 1 << 20).unwrap_err().to_string();
    assert!(text.contains("1024 gzip members"), "{text}");
}

#[test]
fn a_large_message_lets_others_have_a_turn() {
    let wire = framed(1, &gzip(&vec![0; 8 << 20]));
    for size in [100, wire.len()] {
        let body = Script::cut(&Bytes::copy_from_slice(&wire), &[size]);
        let mut reader = MessageReader::new(body, Encoding::Gzip, 8 << 20);
        let (message, turns) = patiently(|cx| reader.poll_next(cx));
        assert_eq!(message.unwrap().unwrap().len(), 8 << 20);
        assert!((24..=33).contains(&turns), "{turns}");
    }
}

#[test]
fn what_comes_of_a_message_is_told_while_others_have_their_turn() {
    struct Told(Arc<AtomicUsize>);

    impl Holds for Told {
        fn hold(&mut self, bytes: usize) -> Result<(), WireError> {
            self.0.fetch_max(bytes, Ordering::Relaxed);
            Ok(())
        }
    }

    const SIZE: usize = 16 << 20;
    // All of it is there at once, so nobody waits for the sender.
    let wire = framed(1, &gzip(&vec![0; SIZE]));
    let body = Script([wire.into()].into());
    let most = Arc::new(AtomicUsize::new(0));
    let held = Held::new(Told(Arc::clone(&most)));
    let mut reader = MessageReader::new(body, Encoding::Gzip, SIZE).holding(held);
    let (message, turns) = patiently(|cx| reader.poll_next(cx));
    assert_eq!(message.unwrap().unwrap().len(), SIZE);
    assert!(turns > 10);
    let most = most.load(Ordering::Relaxed);
    assert!((SIZE - 2 * TURN..SIZE).contains(&most), "{most}");
}
