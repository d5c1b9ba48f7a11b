//! Files in which something is wrong that nobody would write: whatever it is, the server goes on, and the list has the others.

use flight_runtime::arrow::ipc::CompressionType;
use flight_runtime::arrow::ipc::writer::{FileWriter, IpcWriteOptions};

use super::*;

/// Whether the list still has the other file, whatever is in this one; and reads it.
async fn survives(
    served: &Served,
    name: &str,
    bytes: &[u8],
    what: &str,
) -> Result<RecordBatch, Error> {
    fs::write(served.path(name), bytes).unwrap();
    let listed = served.listed().await;
    assert!(
        listed.contains(&"good.parquet".to_owned()),
        "{name}, {what}"
    );
    served.read(name, &[], None).await
}

#[tokio::test]
async fn no_byte_of_a_file_stops_the_server() {
    let served = Served::new();
    write(&served.path("good.parquet"));
    for name in FILES {
        write(&served.path(name));
        let whole = fs::read(served.path(name)).unwrap();
        for at in (0..whole.len()).step_by(13) {
            for mask in [0xff, 0x80] {
                let mut bytes = whole.clone();
                bytes[at] ^= mask;
                // It may be read, and may be an error: what it is not is the end of the server.
                let _ = survives(&served, name, &bytes, &format!("byte {at}")).await;
            }
        }
        fs::remove_file(served.path(name)).unwrap();
    }
    assert_eq!(
        served.read("good.parquet", &[], None).await.unwrap(),
        rows(0..10)
    );
}

/// Lengths that stand before compressed columns, which a decoder allocates before it looks at what is there.
#[tokio::test]
async fn no_length_in_a_file_takes_more_memory_than_there_is() {
    let served = Served::new();
    write(&served.path("good.parquet"));
    let batch = rows(0..2000);
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME));
    let mut writer =
        FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options.unwrap()).unwrap();
    writer.write(&batch).unwrap();
    let whole = writer.into_inner().unwrap();
    assert_eq!(
        survives(&served, "t.arrow", &whole, "whole").await.unwrap(),
        batch
    );
    // The ids, as they are before they are compressed.
    let length = 8_i64 * 2000;
    let at = whole
        .windows(8)
        .position(|bytes| bytes == length.to_le_bytes())
        .unwrap();
    for huge in [1_i64 << 46, i64::MAX] {
        let mut bytes = whole.clone();
        bytes[at..at + 8].copy_from_slice(&huge.to_le_bytes());
        let error = survives(&served, "t.arrow", &bytes, "length")
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::DataLoss);
        assert!(error.message().contains(&huge.to_string()), "{error}");
    }
}
