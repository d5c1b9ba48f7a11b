//! arrow-flight's own client against the service under test.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Running, client, within};
use flight_runtime::arrow::array::{AsArray, RecordBatch};
use flight_runtime::arrow::datatypes::Int64Type;
use flight_runtime::arrow_flight::decode::DecodedPayload;
use flight_runtime::arrow_flight::encode::FlightDataEncoderBuilder;
use flight_runtime::arrow_flight::error::FlightError;
use flight_runtime::arrow_flight::{FlightClient, FlightData, FlightDescriptor, Ticket};
use flight_runtime::tonic::Code;
use futures::{StreamExt, TryStreamExt, stream};

fn values(batch: &RecordBatch) -> Vec<i64> {
    batch
        .column(0)
        .as_primitive::<Int64Type>()
        .values()
        .to_vec()
}

fn path(segments: &[&str]) -> FlightDescriptor {
    FlightDescriptor::new_path(segments.iter().map(|&segment| segment.to_owned()).collect())
}

async fn numbers(running: &Running, count: usize) -> Vec<RecordBatch> {
    let ticket = Ticket::new(format!("in-batches/{count}"));
    let stream = client(running).await.do_get(ticket).await.unwrap();
    stream.try_collect().await.unwrap()
}

#[tokio::test]
async fn a_download_arrives_batch_by_batch_with_its_schema() {
    within(async {
        let running = Running::everything().await;
        let mut stream = client(&running)
            .await
            .do_get(Ticket::new("zero-rows"))
            .await
            .unwrap();
        let mut rows = Vec::new();
        while let Some(batch) = stream.next().await {
            rows.push(batch.unwrap().num_rows());
        }
        assert_eq!(rows, [0, 3, 0]);
        assert_eq!(stream.schema().unwrap().field(0).name(), "n");
    })
    .await;
}

#[tokio::test]
async fn a_batch_of_any_size_fits_into_the_clients_default_limit() {
    within(async {
        let running = Running::everything().await;
        let mut client = client(&running).await;
        let stream = client.do_get(Ticket::new("megabytes/20")).await.unwrap();
        let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
        let values: Vec<i64> = batches.iter().flat_map(values).collect();
        assert_eq!(values, (0..20_000_000 / 8).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn flight_info_and_schema_agree_with_the_stream() {
    within(async {
        let running = Running::everything().await;
        let mut client = client(&running).await;
        let info = client.get_flight_info(path(&["stream"])).await.unwrap();
        assert_eq!((info.total_records, info.total_bytes), (30, 240));
        let ticket = info.endpoint[0].ticket.clone().unwrap();
        let schema = client.get_schema(path(&["stream"])).await.unwrap();
        assert_eq!(info.try_decode_schema().unwrap(), schema);
        let mut stream = client.do_get(ticket).await.unwrap();
        stream.next().await.unwrap().unwrap();
        assert_eq!(*stream.schema().unwrap().as_ref(), schema);
    })
    .await;
}

#[tokio::test]
async fn a_poll_goes_on_with_the_descriptor_that_it_is_given_until_there_is_none() {
    within(async {
        let running = Running::everything().await;
        let mut client = client(&running).await;
        let mut descriptor = FlightDescriptor::new_cmd("jobs/nightly/0");
        let mut progress = Vec::new();
        let info = loop {
            let poll = client.poll_flight_info(descriptor).await.unwrap();
            progress.push(poll.progress);
            let info = poll.info.unwrap();
            assert_eq!(info.endpoint.len(), progress.len() - 1);
            match poll.flight_descriptor {
                Some(next) => descriptor = next,
                None => break info,
            }
        };
        assert_eq!(progress, [Some(0.0), Some(0.5), Some(1.0)]);
        let ticket = info.endpoint[1].ticket.clone().unwrap();
        let stream = client.do_get(ticket).await.unwrap();
        let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
        assert_eq!(values(&batches[0]), (10..20).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn a_generated_poll_is_complete_at_once() {
    within(async {
        let running = Running::everything().await;
        let poll = client(&running)
            .await
            .poll_flight_info(path(&["numbers"]))
            .await
            .unwrap();
        assert_eq!((poll.flight_descriptor, poll.progress), (None, Some(1.0)));
        assert_eq!(poll.info.unwrap().endpoint.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_upload_is_read_and_acknowledged() {
    within(async {
        let running = Running::everything().await;
        let batches = numbers(&running, 3).await;
        let upload = FlightDataEncoderBuilder::new()
            .with_flight_descriptor(Some(path(&["acks"])))
            .build(stream::iter(batches.into_iter().map(Ok)));
        let acks = client(&running).await.do_put(upload).await.unwrap();
        let acks: Vec<String> = acks
            .map_ok(|ack| String::from_utf8(ack.app_metadata.into()).unwrap())
            .try_collect()
            .await
            .unwrap();
        assert_eq!(
            acks,
            [
                "before the first",
                "message 1 of 10 rows",
                "message 2 of 10 rows",
                "message 3 of 10 rows",
                "after the last",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn an_exchange_answers_batch_by_batch() {
    within(async {
        let running = Running::everything().await;
        let batches = numbers(&running, 2).await;
        let upload = FlightDataEncoderBuilder::new()
            .with_flight_descriptor(Some(path(&["double"])))
            .build(stream::iter(batches.into_iter().map(Ok)));
        let answer = client(&running).await.do_exchange(upload).await.unwrap();
        let answer: Vec<RecordBatch> = answer.try_collect().await.unwrap();
        let doubled: Vec<i64> = answer.iter().flat_map(values).collect();
        assert_eq!(doubled, (0..20).map(|n| n * 2).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn an_exchange_whose_first_message_is_a_descriptor_alone_waits_for_the_second() {
    within(async {
        let running = Running::everything().await;
        let batches = numbers(&running, 1).await;
        let first = FlightData::new().with_descriptor(path(&["echo"]));
        let rest = FlightDataEncoderBuilder::new().build(stream::iter(batches.into_iter().map(Ok)));
        let upload = stream::iter([Ok::<_, FlightError>(first)]).chain(rest);
        let mut answer = client(&running)
            .await
            .do_exchange(upload)
            .await
            .unwrap()
            .into_inner();
        let schema = answer.next().await.unwrap().unwrap();
        assert!(matches!(schema.payload, DecodedPayload::Schema(_)));
        let batch = answer.next().await.unwrap().unwrap();
        assert!(
            matches!(&batch.payload, DecodedPayload::RecordBatch(batch) if batch.num_rows() == 10)
        );
        assert!(answer.next().await.is_none());
    })
    .await;
}

#[tokio::test]
async fn an_error_is_a_status_with_its_details() {
    within(async {
        let running = Running::everything().await;
        let body = r#"{"code": 5, "message": "not there", "extra_info": "details"}"#;
        let action = flight_runtime::Action::new("fail", body);
        let error = match client(&running).await.do_action(action).await {
            Err(error) => error,
            Ok(mut results) => results.next().await.unwrap().unwrap_err(),
        };
        let FlightError::Tonic(status) = error else {
            panic!("{error:?}");
        };
        assert_eq!(
            (status.code(), status.message()),
            (Code::NotFound, "not there")
        );
        assert_eq!(status.details(), b"details");
    })
    .await;
}

#[tokio::test]
async fn forty_streams_at_once_end_with_their_own_rows() {
    within(async {
        let running = Running::everything().await;
        let channel = running.channel().await;
        let streams = (0..40i64).map(|shard| {
            let mut client = FlightClient::new(channel.clone());
            async move {
                let ticket = Ticket::new(format!("shards/{shard}"));
                let stream = client.do_get(ticket).await.unwrap();
                let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
                batches.iter().flat_map(values).collect::<Vec<i64>>()
            }
        });
        let all = futures::future::join_all(streams).await;
        for (shard, values) in (0..40i64).zip(all) {
            assert_eq!(values, (shard * 10..shard * 10 + 10).collect::<Vec<_>>());
        }
    })
    .await;
}
