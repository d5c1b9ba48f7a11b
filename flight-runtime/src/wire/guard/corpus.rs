//! Streams that other implementations wrote, and those that fuzzers found.
//!
//! The files are those of <https://github.com/apache/arrow-testing>, which is not part
//! of this repository: set `ARROW_TESTING` to a checkout to run the test.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use bytes::{Buf, Bytes};

use super::GuardLimits;
use crate::wire::decode::{BatchDecoder, Decoded, PANIC};
use crate::wire::error::WireError;
use crate::wire::flight_data::Inbound;

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The messages of an IPC stream, old and new, up to the first that cannot be found.
fn messages(mut stream: Bytes) -> Vec<Inbound> {
    let mut messages = Vec::new();
    let word = |stream: &mut Bytes| (stream.len() >= 4).then(|| stream.get_u32_le());
    while let Some(mut len) = word(&mut stream) {
        if len == u32::MAX {
            len = word(&mut stream).unwrap_or(0);
        }
        if len == 0 || len as usize > stream.len() {
            break;
        }
        let header = stream.split_to(len as usize);
        let body = arrow_ipc::root_as_message(&header).map_or(0, |message| message.bodyLength());
        let body = usize::try_from(body).map_or(0, |body| body.min(stream.len()));
        messages.push(Inbound {
            header,
            body: arrow::buffer::Buffer::from_slice_ref(stream.split_to(body)),
            ..Inbound::default()
        });
    }
    messages
}

fn decode(messages: &[Inbound]) -> Result<Vec<RecordBatch>, WireError> {
    let mut decoder = BatchDecoder::new(GuardLimits::default());
    let mut batches = Vec::new();
    for message in messages {
        if let Decoded::Batch(batch) = decoder.decode(message)? {
            batches.push(batch);
        }
    }
    Ok(batches)
}

/// Nothing that Arrow reads is refused, except what the guard is there to refuse.
#[test]
fn streams_of_other_writers_are_read() {
    let Some(root) = std::env::var_os("ARROW_TESTING") else {
        return;
    };
    let mut paths = Vec::new();
    let dir = Path::new(&root).join("data/arrow-ipc-stream/integration");
    files(&dir, &mut paths);
    let mut read = 0;
    for path in paths {
        if path
            .extension()
            .is_none_or(|extension| extension != "stream")
        {
            continue;
        }
        let bytes = Bytes::from(std::fs::read(&path).unwrap());
        let ours = decode(&messages(bytes.clone()));
        let name = path.display();
        if name.to_string().contains("bigendian") {
            let text = ours.unwrap_err().to_string();
            assert!(text.contains("big-endian"), "{name}: {text}");
            continue;
        }
        let arrows = std::panic::catch_unwind(|| {
            StreamReader::try_new(Cursor::new(bytes), None)?.collect::<Result<Vec<_>, _>>()
        });
        match (ours, arrows) {
            (Ok(ours), Ok(Ok(arrows))) => {
                assert!(ours == arrows, "{name}");
                read += 1;
            }
            (Err(ours), Ok(Ok(_))) => panic!("{name} is refused: {ours}"),
            (ours, _) => eprintln!("{name}: Arrow cannot read it, we say {:?}", ours.err()),
        }
    }
    assert!(read > 50, "{read}");
}

#[test]
fn streams_that_fuzzers_found_do_no_harm() {
    let Some(root) = std::env::var_os("ARROW_TESTING") else {
        return;
    };
    let mut paths = Vec::new();
    files(&Path::new(&root).join("data/arrow-ipc-stream"), &mut paths);
    files(&Path::new(&root).join("data/arrow-ipc-file"), &mut paths);
    for path in paths {
        let bytes = Bytes::from(std::fs::read(&path).unwrap());
        // Files have a magic of eight bytes in front of a stream.
        let bytes = match bytes.strip_prefix(b"ARROW1\0\0") {
            Some(rest) => bytes.slice_ref(rest),
            None => bytes,
        };
        let messages = messages(bytes);
        let started = Instant::now();
        let result = decode(&messages);
        let took = started.elapsed();
        let text = result
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(!text.contains(PANIC), "{}: {text}", path.display());
        assert!(
            took < Duration::from_secs(1),
            "{}: {took:?}",
            path.display()
        );
    }
}
