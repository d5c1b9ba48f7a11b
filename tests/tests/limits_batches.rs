//! What a server takes of headers, handshakes, schemas and batches.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod limited;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::within;
use flight_runtime::arrow::array::{
    ArrayRef, DictionaryArray, Int32Array, Int64Array, NullArray, StringArray,
};
use flight_runtime::arrow::datatypes::{DataType, Field, Int32Type};
use flight_runtime::bytes::Bytes;
use flight_runtime::prelude::*;
use flight_runtime::{CallOptions, Code, Compression, Limits};
use flight_runtime::{ServerAuthHandler, ServerAuthReader, ServerAuthSender};
use limited::{batches, client, hello, limited as server, serve, upload};

#[track_caller]
fn refused<T>(result: Result<T, Error>, code: Code, option: &str) {
    let error = result.map(drop).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    let option = format!("the server's limit is `Limits::{option}`");
    assert!(error.message().contains(&option), "{error}");
}

#[track_caller]
fn exhausted(result: Result<String, Error>, option: &str) {
    refused(result, Code::ResourceExhausted, option);
}

/// Uploads nothing but a schema of these fields.
async fn upload_schema(limits: Limits, fields: Vec<Field>) -> Result<String, Error> {
    let (server, alive) = serve(limits).await;
    let client = client(&server).await;
    let schema = Arc::new(Schema::new(fields));
    let uploaded = upload(&client, BatchStream::empty(schema)).await;
    assert_eq!(alive.count(), 0);
    uploaded
}

/// Uploads this column.
async fn upload_column(
    limits: Limits,
    column: ArrayRef,
    compression: Compression,
) -> Result<String, Error> {
    let (server, alive) = serve(limits).await;
    let client = client(&server).await;
    let field = Field::new("c", column.data_type().clone(), true);
    let schema = Arc::new(Schema::new(vec![field]));
    let batch = RecordBatch::try_new(schema.clone(), vec![column]).unwrap();
    let rows = BatchStream::from_batches(schema, [batch]).with_compression(compression);
    let uploaded = upload(&client, rows).await;
    assert_eq!(alive.count(), 0);
    uploaded
}

fn fields(count: usize) -> Vec<Field> {
    let field = |index| Field::new(format!("f{index}"), DataType::Int64, true);
    (0..count).map(field).collect()
}

#[tokio::test]
async fn a_schema_of_one_field_too_many_is_refused() {
    within(async {
        let limits = Limits::default().max_schema_fields(3);
        let uploaded = upload_schema(limits.clone(), fields(3)).await;
        assert_eq!(uploaded.unwrap(), "0");
        exhausted(
            upload_schema(limits.clone(), fields(4)).await,
            "max_schema_fields(3)",
        );
        let nested = DataType::Struct(fields(3).into());
        let nested = vec![Field::new("s", nested, true)];
        exhausted(upload_schema(limits, nested).await, "max_schema_fields(3)");
    })
    .await;
}

#[tokio::test]
async fn a_schema_that_is_nested_one_too_deep_is_refused() {
    within(async {
        let limits = Limits::default().max_schema_nesting(3);
        let nested = |depth: usize| {
            let item = |item, _| DataType::new_list(item, true);
            let kind = (1..depth).fold(DataType::Int64, item);
            vec![Field::new("n", kind, true)]
        };
        let uploaded = upload_schema(limits.clone(), nested(3)).await;
        assert_eq!(uploaded.unwrap(), "0");
        for depth in [4, 40] {
            let uploaded = upload_schema(limits.clone(), nested(depth)).await;
            exhausted(uploaded, "max_schema_nesting(3)");
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_of_one_row_too_many_is_refused() {
    within(async {
        let limits = Limits::default().max_batch_rows(1000);
        let (server, _) = serve(limits.clone()).await;
        let client = client(&server).await;
        let uploaded = upload(&client, batches([1000, 1000])).await;
        assert_eq!(uploaded.unwrap(), "2000");
        exhausted(
            upload(&client, batches([1001])).await,
            "max_batch_rows(1000)",
        );
        let nulls = Arc::new(NullArray::new(1001));
        let uploaded = upload_column(limits, nulls, Compression::None).await;
        exhausted(uploaded, "max_batch_rows(1000)");
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_would_be_one_byte_too_large_in_memory_is_refused() {
    within(async {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![7; 10_000]));
        let limits = Limits::default().max_decompressed_size(80_000);
        let uploaded = upload_column(limits, column.clone(), Compression::Zstd).await;
        assert_eq!(uploaded.unwrap(), "10000");
        let limits = Limits::default().max_decompressed_size(79_999);
        let uploaded = upload_column(limits.clone(), column.clone(), Compression::Zstd).await;
        exhausted(uploaded, "max_decompressed_size(79999)");
        // What is as large on its way does not grow.
        let uploaded = upload_column(limits, column, Compression::None).await;
        assert_eq!(uploaded.unwrap(), "10000");
    })
    .await;
}

#[tokio::test]
async fn dictionaries_that_are_too_large_together_are_refused() {
    within(async {
        let column = |values: usize| -> ArrayRef {
            let values: StringArray = (0..values)
                .map(|value| Some(format!("{value:0100}")))
                .collect();
            let keys = Int32Array::from(vec![0]);
            Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values)).unwrap())
        };
        let limits = Limits::default().max_dictionaries_size(20_000);
        let uploaded = upload_column(limits.clone(), column(100), Compression::None).await;
        assert_eq!(uploaded.unwrap(), "1");
        let uploaded = upload_column(limits, column(200), Compression::None).await;
        exhausted(uploaded, "max_dictionaries_size(20000)");
    })
    .await;
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused() {
    within(async {
        let (server, _) = serve(Limits::default().max_header_size(4096)).await;
        let client = client(&server).await;
        let with = |size: usize| {
            let options = CallOptions::new().header("x-long", "x".repeat(size));
            client.with(options.unwrap())
        };
        hello(&with(3000)).await.unwrap();
        let error = hello(&with(4096)).await.unwrap_err();
        assert_eq!(error.code(), Code::Unknown, "{error}");
        assert!(error.message().contains("431"), "{error}");
        hello(&client).await.unwrap();
    })
    .await;
}

/// Reads for as long as something comes.
struct Patient;

impl ServerAuthHandler for Patient {
    async fn authenticate(
        &self,
        _: &CallContext,
        outgoing: &mut ServerAuthSender,
        incoming: &mut ServerAuthReader,
    ) -> Result<(), Error> {
        let said = incoming.read().await?;
        if said == "wait" {
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        outgoing.write(said).await
    }

    async fn is_valid(&self, _: &CallContext, _: &[u8]) -> Result<Principal, Error> {
        Ok("somebody".into())
    }
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_ended() {
    within(async {
        let limits = Limits::default().max_handshake_duration(Duration::from_millis(200));
        let (builder, _) = server(limits);
        let server = builder.auth_handler(Patient).start().await.unwrap();
        let client = client(&server).await;
        client.authenticate_with("now").await.unwrap();
        let began = Instant::now();
        refused(
            client.authenticate_with("wait").await,
            Code::DeadlineExceeded,
            "max_handshake_duration(200ms)",
        );
        assert!(began.elapsed() < Duration::from_millis(600));
    })
    .await;
}

#[tokio::test]
async fn a_handshake_of_one_byte_too_many_is_refused() {
    within(async {
        let (builder, _) = server(Limits::default().max_handshake_bytes(1000));
        let server = builder.auth_handler(Patient).start().await.unwrap();
        let client = client(&server).await;
        // Five bytes of gRPC, and three of the message around its payload.
        let said = |size: usize| Bytes::from(vec![b'x'; size]);
        client.authenticate_with(said(992)).await.unwrap();
        refused(
            client.authenticate_with(said(993)).await,
            Code::ResourceExhausted,
            "max_handshake_bytes(1000)",
        );
    })
    .await;
}
