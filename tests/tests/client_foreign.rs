//! Our client against a server that is not ours: one on arrow-flight and tonic, written as their documentation shows it.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::net::Ipv4Addr;
use std::sync::Arc;

use common::within;
use flight_runtime::arrow::array::{ArrayRef, Int64Array, StringArray};
use flight_runtime::arrow::datatypes::{DataType, Int32Type};
use flight_runtime::arrow_flight::encode::{DictionaryHandling, FlightDataEncoderBuilder};
use flight_runtime::arrow_flight::error::FlightError;
use flight_runtime::arrow_flight::flight_service_server::{self, FlightServiceServer};
use flight_runtime::arrow_flight::{Empty, FlightData, HandshakeRequest, HandshakeResponse};
use flight_runtime::prelude::*;
use flight_runtime::tonic::transport::Server;
use flight_runtime::tonic::transport::server::TcpIncoming;
use flight_runtime::tonic::{Request, Response, Status, Streaming};
use flight_runtime::{CallOptions, Code, FlightClient};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tokio::net::TcpListener;

struct ByHand;

type Reply<T> = BoxStream<'static, Result<T, Status>>;
type Answer<T> = Result<Response<Reply<T>>, Status>;

fn rows(first: i64, count: i64) -> RecordBatch {
    let numbers = Int64Array::from_iter_values(first..first + count);
    let words = StringArray::from_iter_values((0..count).map(|n| ["red", "green"][n as usize % 2]));
    let keys: flight_runtime::arrow::array::DictionaryArray<Int32Type> =
        words.iter().flatten().collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("n", Arc::new(numbers)),
        ("word", Arc::new(words)),
        ("key", Arc::new(keys)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn all<T: Send + 'static>(items: impl IntoIterator<Item = T>) -> Answer<T> {
    let items: Vec<_> = items.into_iter().map(Ok).collect();
    Ok(Response::new(stream::iter(items).boxed()))
}

#[flight_runtime::tonic::async_trait]
impl flight_service_server::FlightService for ByHand {
    type HandshakeStream = Reply<HandshakeResponse>;
    type ListFlightsStream = Reply<FlightInfo>;
    type DoGetStream = Reply<FlightData>;
    type DoPutStream = Reply<PutResult>;
    type DoExchangeStream = Reply<FlightData>;
    type DoActionStream = Reply<flight_runtime::ActionResult>;
    type ListActionsStream = Reply<ActionType>;

    async fn handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Answer<HandshakeResponse> {
        let authorization = request.metadata().get("authorization").cloned();
        let mut answer = all([])?;
        // "Aladdin:open sesame", the example of RFC 7617.
        match authorization {
            Some(basic) if basic == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" => {
                let bearer = "Bearer cave".parse().unwrap();
                answer.metadata_mut().insert("authorization", bearer);
                Ok(answer)
            }
            other => Err(Status::unauthenticated(format!("{other:?}"))),
        }
    }

    async fn list_flights(&self, request: Request<Criteria>) -> Answer<FlightInfo> {
        let criteria = request.into_inner().expression;
        let info = FlightInfo::new().with_descriptor(FlightDescriptor::new_cmd(criteria));
        all([info.clone(), info])
    }

    async fn get_flight_info(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let endpoint = |n: i64| FlightEndpoint::new().with_ticket(Ticket::new(n.to_string()));
        let info = FlightInfo::new()
            .with_descriptor(request.into_inner())
            .with_endpoint(endpoint(1))
            .with_endpoint(endpoint(2))
            .with_ordered(true);
        Ok(Response::new(info))
    }

    async fn poll_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        Ok(Response::new(
            PollInfo::new().try_with_progress(0.5).unwrap(),
        ))
    }

    async fn get_schema(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<SchemaResult>, Status> {
        Err(Status::unimplemented("no schemas"))
    }

    async fn do_get(&self, request: Request<Ticket>) -> Answer<FlightData> {
        let ticket = request.into_inner().ticket;
        let count: i64 = match std::str::from_utf8(&ticket).unwrap().parse() {
            Ok(count) => count,
            Err(error) => return Err(Status::invalid_argument(error.to_string())),
        };
        let batches = (0..count).map(|n| Ok(rows(n * 1000, 1000)));
        let data = FlightDataEncoderBuilder::new()
            .with_schema(rows(0, 0).schema())
            .with_dictionary_handling(DictionaryHandling::Resend)
            .build(stream::iter(batches.collect::<Vec<_>>()));
        Ok(Response::new(data.map_err(Status::from).boxed()))
    }

    async fn do_put(&self, request: Request<Streaming<FlightData>>) -> Answer<PutResult> {
        let data = request.into_inner().map_err(FlightError::from);
        let acks =
            flight_runtime::arrow_flight::decode::FlightRecordBatchStream::new_from_flight_data(
                data,
            )
            .map_ok(|batch| PutResult {
                app_metadata: batch.num_rows().to_string().into(),
            })
            .map_err(Status::from);
        Ok(Response::new(acks.boxed()))
    }

    async fn do_exchange(&self, request: Request<Streaming<FlightData>>) -> Answer<FlightData> {
        let data = request.into_inner().map_ok(|mut data| {
            data.flight_descriptor = None;
            data
        });
        Ok(Response::new(data.boxed()))
    }

    async fn do_action(&self, request: Request<Action>) -> Answer<flight_runtime::ActionResult> {
        let token = request.metadata().get("authorization").cloned();
        let action = request.into_inner();
        match action.r#type.as_str() {
            "token" => {
                let body = token.map_or(Bytes::new(), |token| {
                    Bytes::copy_from_slice(token.as_bytes())
                });
                all([flight_runtime::ActionResult { body }])
            }
            "three" => all((0..3).map(|_| flight_runtime::ActionResult {
                body: action.body.clone(),
            })),
            other => Err(Status::with_details(
                Code::NotFound,
                format!("no action `{other}`"),
                Bytes::from_static(b"\0details"),
            )),
        }
    }

    async fn list_actions(&self, _: Request<Empty>) -> Answer<ActionType> {
        all([ActionType {
            r#type: "three".to_owned(),
            description: "Three times.".to_owned(),
        }])
    }
}

async fn client() -> FlightClient {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let service = FlightServiceServer::new(ByHand).max_decoding_message_size(64 << 20);
    let server = Server::builder()
        .add_service(service)
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(server);
    let client = FlightClient::connect(format!("grpc://127.0.0.1:{port}"));
    client.await.unwrap()
}

fn path() -> FlightDescriptor {
    FlightDescriptor::new_path(vec!["x".to_owned()])
}

#[tokio::test]
async fn downloads_arrive_dictionaries_included() {
    within(async {
        let client = client().await;
        let mut stream = client.do_get(Ticket::new("300")).await.unwrap();
        let schema = stream.schema().await.unwrap();
        assert!(matches!(
            schema.field(2).data_type(),
            DataType::Dictionary(..)
        ));
        for n in 0..300 {
            let batch = stream.try_next().await.unwrap().unwrap();
            assert_eq!(batch, rows(n * 1000, 1000));
        }
        assert!(stream.try_next().await.unwrap().is_none());
        let error = client.do_get(Ticket::new("many")).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        // A flight without a schema.
        let mut stream = client.read(path()).await.unwrap();
        assert_eq!(stream.read_all().await.unwrap().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn uploads_of_small_and_large_batches_arrive() {
    within(async {
        let client = client().await;
        let batches = [rows(0, 5), rows(0, 0), rows(7, 400_000), rows(0, 1)];
        let upload = BatchStream::from_batches(rows(0, 0).schema(), batches);
        let results = client.do_put(path(), upload).await.unwrap();
        let mut counts = Vec::new();
        for result in results.read_all().await.unwrap() {
            let count: usize = std::str::from_utf8(&result.app_metadata)
                .unwrap()
                .parse()
                .unwrap();
            counts.push(count);
        }
        assert_eq!(counts.iter().sum::<usize>(), 400_006, "{counts:?}");
        assert!(counts.len() > 4, "a large batch goes out as slices");
    })
    .await;
}

#[tokio::test]
async fn an_exchange_echoes_more_than_all_windows_hold() {
    within(async {
        let client = client().await;
        let batches: Vec<_> = (0..60).map(|n| rows(n * 20_000, 20_000)).collect();
        let upload = BatchStream::from_batches(rows(0, 0).schema(), batches.clone());
        let mut echo = client.do_exchange(path(), upload).await.unwrap();
        assert!(
            echo.read_all().await.unwrap() == batches,
            "other rows came back"
        );

        // Left in the middle, with windows full on the way there and back: the connection is as good as before.
        for _ in 0..3 {
            let endless = stream::repeat(rows(0, 20_000));
            let upload = BatchStream::new(rows(0, 0).schema(), endless);
            let mut echo = client.do_exchange(path(), upload).await.unwrap();
            echo.try_next().await.unwrap().unwrap();
        }
        let upload = BatchStream::from_batches(rows(0, 0).schema(), batches.clone());
        let mut echo = client.do_exchange(path(), upload).await.unwrap();
        assert!(
            echo.read_all().await.unwrap() == batches,
            "other rows came back"
        );
    })
    .await;
}

#[tokio::test]
async fn small_calls_answer_what_the_server_says() {
    within(async {
        let client = client().await;
        let three = client
            .do_action(Action::new("three", "body"))
            .await
            .unwrap();
        let three = three.read_all().await.unwrap();
        assert_eq!(three.len(), 3);
        assert!(three.iter().all(|result| result.body == "body"));
        let error = client.do_action(Action::new("four", "")).await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::NotFound, "no action `four`")
        );
        assert_eq!(error.extra_info(), &b"\0details"[..]);

        let info = client.get_flight_info(path()).await.unwrap();
        assert_eq!(
            (info.flight_descriptor, info.endpoint.len()),
            (Some(path()), 2)
        );
        let poll = client.poll_flight_info(path()).await.unwrap();
        assert_eq!(poll.progress, Some(0.5));
        let error = client.get_schema(path()).await.unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented);
        let expression = Bytes::from_static(b"some");
        let flights = client.list_flights(Criteria { expression }).await.unwrap();
        let flights = flights.read_all().await.unwrap();
        assert_eq!(flights.len(), 2);
        assert_eq!(flights[0].flight_descriptor.as_ref().unwrap().cmd, "some");
        let actions = client.list_actions().await.unwrap().read_all().await;
        assert_eq!(actions.unwrap()[0].r#type, "three");
    })
    .await;
}

#[tokio::test]
async fn a_login_is_the_one_of_http_and_its_token_is_sent() {
    within(async {
        let client = client().await;
        let ada = client.authenticate_basic("Aladdin", "open sesame").await;
        let results = ada.unwrap().do_action(Action::new("token", "")).await;
        let results = results.unwrap().read_all().await.unwrap();
        assert_eq!(results[0].body, "Bearer cave");
        let options = CallOptions::new().bearer_token("own").unwrap();
        let own = client.with(options);
        let results = own.do_action(Action::new("token", "")).await;
        let results = results.unwrap().read_all().await.unwrap();
        assert_eq!(results[0].body, "Bearer own");
    })
    .await;
}
