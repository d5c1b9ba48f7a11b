//! The client that `client = …` generates: each kind of handler, over HTTP/2 in memory and over a socket.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flight_runtime::arrow::array::{AsArray, Int64Array};
use flight_runtime::arrow::datatypes::{DataType, Field, Int64Type};
use flight_runtime::prelude::*;
use flight_runtime::{CallOptions, Code, FlightClient, PutResult, Replies, Ticket, testing};
use futures::stream::{self, BoxStream, Stream, StreamExt};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Request {
    name: String,
    count: u32,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Summary {
    rows: usize,
    name: String,
}

/// Counts the handlers that are alive.
#[derive(Default, Clone)]
struct Alive(Arc<AtomicUsize>);

struct Guard(Arc<AtomicUsize>);

impl Alive {
    fn begin(&self) -> Guard {
        self.0.fetch_add(1, Ordering::SeqCst);
        Guard(Arc::clone(&self.0))
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct Everything {
    alive: Alive,
}

fn numbers(range: std::ops::Range<i64>) -> RecordBatch {
    let column = Int64Array::from_iter_values(range);
    RecordBatch::try_from_iter([("n", Arc::new(column) as _)]).unwrap()
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
}

/// One handler of each kind.
#[flight_server(client = EverythingClient)]
impl Everything {
    /// Numbers from `first` on.
    #[do_get("numbers/{first}/{name}?{count}&{tag}")]
    async fn numbers(
        &self,
        first: i64,
        name: String,
        count: Option<u32>,
        tag: Vec<String>,
        context: CallContext,
    ) -> Result<BatchStream, Error> {
        if name == "nobody" {
            return Err(Error::not_found("nobody is here").with_extra_info("why"));
        }
        let caller = context
            .headers()
            .get("x-tenant")
            .map_or("", |value| value.to_str().unwrap());
        let count = i64::from(count.unwrap_or(3));
        let message = format!("{name} {tag:?} {caller}");
        Ok(BatchStream::new(
            schema(),
            stream::iter([(numbers(first..first + count), Bytes::from(message))]),
        ))
    }

    #[do_get("endless")]
    async fn endless(&self) -> BatchStream {
        let guard = self.alive.begin();
        BatchStream::new(
            schema(),
            stream::repeat_with(move || {
                let _guard = &guard;
                numbers(0..1000)
            }),
        )
    }

    #[do_get("broken")]
    async fn broken(&self) -> BatchStream {
        BatchStream::new(
            schema(),
            stream::iter([Ok(numbers(0..2)), Err(Error::data_loss("the disk is gone"))]),
        )
    }

    /// Any ticket.
    #[do_get]
    async fn any(&self, ticket: Ticket) -> RecordBatch {
        numbers(0..ticket.ticket.len() as i64)
    }

    #[do_put("sum/{name}")]
    async fn sum(&self, name: String, mut rows: BatchStream) -> Result<Json<Summary>, Error> {
        let mut total = 0;
        while let Some(batch) = rows.try_next().await? {
            total += batch.num_rows();
        }
        Ok(Json(Summary { rows: total, name }))
    }

    #[do_put("acks")]
    async fn acks(&self, mut rows: BatchStream, acks: MetadataWriter) -> Result<String, Error> {
        while let Some(batch) = rows.try_next().await? {
            acks.write(format!("{} rows", batch.num_rows())).await?;
        }
        Ok("done".to_owned())
    }

    #[do_put("ignored")]
    async fn ignored(&self) {}

    #[do_put("early")]
    async fn early(&self, mut rows: BatchStream) -> Result<(), Error> {
        rows.try_next().await?;
        Err(Error::already_exists("one was enough"))
    }

    #[do_put]
    async fn put_any(&self, Json(request): Json<Request>, rows: BatchStream) -> PutResult {
        drop(rows);
        PutResult {
            app_metadata: request.name.into(),
        }
    }

    #[do_exchange("double/{by}")]
    async fn double(&self, by: i64, mut rows: BatchStream) -> Result<BatchStream, Error> {
        let guard = self.alive.begin();
        let schema = rows.schema().await?;
        Ok(rows.map_batches(schema, move |batch| {
            let _guard = &guard;
            let column = batch
                .column(0)
                .as_primitive::<Int64Type>()
                .unary::<_, Int64Type>(|n| n * by);
            Ok(RecordBatch::try_new(
                batch.schema(),
                vec![Arc::new(column)],
            )?)
        }))
    }

    /// Greets.
    #[action("greet")]
    async fn greet(&self, Json(request): Json<Request>) -> Result<Json<Summary>, Error> {
        if request.count == 0 {
            return Err(Error::invalid_argument("count is 0"));
        }
        Ok(Json(Summary {
            rows: request.count as usize,
            name: request.name,
        }))
    }

    #[action("nothing")]
    fn nothing(&self) {}

    #[action("text")]
    fn text(&self, text: String) -> String {
        text.to_uppercase()
    }

    #[action("bytes")]
    async fn bytes(&self, body: Bytes) -> Bytes {
        body
    }

    #[action("maybe")]
    async fn maybe(&self, body: Bytes) -> Option<String> {
        (!body.is_empty()).then(|| "some".to_owned())
    }

    #[action("many")]
    async fn many(&self) -> Vec<Json<u32>> {
        vec![Json(1), Json(2)]
    }

    #[action("progress")]
    async fn progress(
        &self,
        Json(steps): Json<u32>,
    ) -> impl Stream<Item = Result<Json<u32>, Error>> + use<> {
        stream::iter((0..steps).map(|step| Ok(Json(step))))
    }

    #[action("boxed")]
    async fn boxed(&self) -> Result<BoxStream<'static, Json<u32>>, Error> {
        Ok(stream::iter([Json(7)]).boxed())
    }

    #[action("slow")]
    async fn slow(&self) {
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }

    #[do_action]
    async fn any_action(&self, action: Action) -> String {
        action.r#type
    }

    #[get_flight_info("halves")]
    fn halves_info(&self) -> FlightInfo {
        let endpoint = |address: flight_runtime::Address| address.endpoint();
        FlightInfo::new()
            .with_endpoint(endpoint(Self::numbers_route(
                0,
                "a".into(),
                Some(2),
                vec![],
            )))
            .with_endpoint(endpoint(Self::numbers_route(
                2,
                "b".into(),
                Some(2),
                vec![],
            )))
            .with_ordered(true)
    }

    #[get_schema("halves")]
    fn halves_schema(&self) -> SchemaRef {
        schema()
    }
}

fn in_memory() -> (EverythingClient, Alive) {
    let service = Everything::default();
    let alive = service.alive.clone();
    let client = testing::connect(FlightServer::builder(service)).unwrap();
    (EverythingClient::new(client), alive)
}

async fn values(stream: &mut BatchStream) -> Vec<i64> {
    let mut values = Vec::new();
    while let Some(batch) = stream.try_next().await.unwrap() {
        values.extend_from_slice(batch.column(0).as_primitive::<Int64Type>().values());
    }
    values
}

#[tokio::test]
async fn a_download_has_the_handlers_own_arguments() {
    let (client, _) = in_memory();
    let options = CallOptions::new().header("x-tenant", "acme").unwrap();
    let client = client.with(options);
    let tags = vec!["x y".to_owned(), "ü&".to_owned()];
    let mut stream = client.numbers(5, "a/b ü", Some(4), tags).await.unwrap();
    let message = stream.next_message().await.unwrap().unwrap();
    assert_eq!(message.app_metadata.unwrap(), r#"a/b ü ["x y", "ü&"] acme"#);
    assert_eq!(message.batch.unwrap(), numbers(5..9));
    assert!(stream.next_message().await.is_none());
    assert_eq!(
        EverythingClient::numbers_route(1, "x".into(), None, vec![]),
        Everything::numbers_route(1, "x".into(), None, vec![])
    );
    let mut stream = client.any(Ticket::new("abcd")).await.unwrap();
    assert_eq!(values(&mut stream).await, [0, 1, 2, 3]);
}

#[tokio::test]
async fn errors_come_whole_before_and_behind_the_first_batch() {
    let (client, _) = in_memory();
    let error = client.numbers(0, "nobody", None, vec![]).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::NotFound, "nobody is here")
    );
    assert_eq!(error.extra_info(), "why");
    let mut stream = client.broken().await.unwrap();
    assert_eq!(stream.try_next().await.unwrap().unwrap().num_rows(), 2);
    let error = stream.try_next().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::DataLoss, "the disk is gone")
    );
    assert!(
        stream.try_next().await.unwrap().is_none(),
        "after an error nothing follows"
    );
}

#[tokio::test]
async fn uploads_give_what_the_handler_returns() {
    let (client, _) = in_memory();
    let batches = || BatchStream::from_batches(schema(), [numbers(0..10), numbers(0..5)]);
    let summary = client.sum("x", batches()).await.unwrap();
    assert_eq!(
        summary,
        Summary {
            rows: 15,
            name: "x".into()
        }
    );
    // A batch is enough, and so is none.
    assert_eq!(client.sum("y", numbers(0..3)).await.unwrap().rows, 3);
    assert_eq!(
        client
            .sum("z", BatchStream::empty(schema()))
            .await
            .unwrap()
            .rows,
        0
    );
    let acks: Replies<String> = client.acks(batches()).await.unwrap();
    assert_eq!(
        acks.read_all().await.unwrap(),
        ["10 rows", "5 rows", "done"]
    );
    client.ignored().await.unwrap();
    let request = Request {
        name: "me".into(),
        count: 1,
    };
    assert_eq!(
        client
            .put_any(&request, batches())
            .await
            .unwrap()
            .app_metadata,
        "me"
    );
}

#[tokio::test]
async fn an_upload_that_the_server_ends_early_gives_the_servers_error() {
    let (client, _) = in_memory();
    let endless = BatchStream::new(schema(), stream::repeat_with(|| numbers(0..1000)));
    let error = client.early(endless).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::AlreadyExists, "one was enough")
    );
}

#[tokio::test]
async fn an_upload_whose_batches_fail_is_cut_and_gives_their_error() {
    let (client, _) = in_memory();
    let broken = stream::iter([Ok(numbers(0..3)), Err(Error::data_loss("no more"))]);
    let error = client
        .sum("x", BatchStream::new(schema(), broken))
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::DataLoss, "no more"));
}

#[tokio::test]
async fn an_exchange_goes_both_ways_without_end() {
    let (client, alive) = in_memory();
    let endless = BatchStream::new(schema(), stream::repeat_with(|| numbers(0..50_000)));
    let mut stream = client.double(2, endless).await.unwrap();
    for _ in 0..50 {
        let batch = stream.try_next().await.unwrap().unwrap();
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(7), 14);
    }
    assert_eq!(alive.count(), 1);
    drop(stream);
    ends(&alive).await;
}

/// The handler is dropped soon after its client has gone.
async fn ends(alive: &Alive) {
    let gone = async {
        while alive.count() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone)
        .await
        .expect("the handler ends");
}

#[tokio::test]
async fn a_dropped_stream_cancels_its_call() {
    let (client, alive) = in_memory();
    let mut stream = client.endless().await.unwrap();
    stream.try_next().await.unwrap().unwrap();
    assert_eq!(alive.count(), 1);
    drop(stream);
    ends(&alive).await;
}

#[tokio::test]
async fn actions_have_their_request_and_reply_types() {
    let (client, _) = in_memory();
    let request = Request {
        name: "Ada".into(),
        count: 2,
    };
    assert_eq!(
        client.greet(&request).await.unwrap(),
        Summary {
            rows: 2,
            name: "Ada".into()
        }
    );
    let error = client
        .greet(&Request {
            count: 0,
            ..request
        })
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    client.nothing().await.unwrap();
    assert_eq!(client.text("loud").await.unwrap(), "LOUD");
    assert_eq!(client.bytes(vec![1, 2]).await.unwrap(), vec![1, 2]);
    assert_eq!(client.maybe("").await.unwrap(), None);
    assert_eq!(client.maybe("x").await.unwrap().as_deref(), Some("some"));
    assert_eq!(client.many().await.unwrap(), [1, 2]);
    let progress = client.progress(&3).await.unwrap();
    assert_eq!(progress.read_all().await.unwrap(), [0, 1, 2]);
    assert_eq!(client.boxed().await.unwrap().read_all().await.unwrap(), [7]);
    assert_eq!(
        client.any_action(Action::new("other", "")).await.unwrap(),
        "other"
    );
}

#[tokio::test]
async fn infos_and_schemas_are_calls_too() {
    let (client, _) = in_memory();
    let info = client.halves_info().await.unwrap();
    assert_eq!(info.endpoint.len(), 2);
    let mut stream = client.client().read_endpoints(&info).await.unwrap();
    assert_eq!(values(&mut stream).await, [0, 1, 2, 3]);
    assert_eq!(client.halves_schema().await.unwrap(), *schema());
    let mut stream = client
        .client()
        .read(EverythingClient::numbers_route(
            1,
            "x".into(),
            Some(2),
            vec![],
        ))
        .await
        .unwrap();
    assert_eq!(values(&mut stream).await, [1, 2]);
    let flights = client
        .client()
        .list_flights(Default::default())
        .await
        .unwrap();
    assert!(!flights.read_all().await.unwrap().is_empty());
    let actions = client
        .client()
        .list_actions()
        .await
        .unwrap()
        .read_all()
        .await
        .unwrap();
    assert!(
        actions
            .iter()
            .any(|action| action.r#type == "greet" && action.description == "Greets.")
    );
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_ends_the_call() {
    let (client, _) = in_memory();
    let began = tokio::time::Instant::now();
    let quick = client.with(CallOptions::new().timeout(Duration::from_secs(5)));
    let error = quick.slow().await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(began.elapsed().as_secs(), 5);
    let mut stream = quick.endless().await.unwrap();
    stream.try_next().await.unwrap().unwrap();
    tokio::time::advance(Duration::from_secs(6)).await;
    let error = loop {
        match stream.try_next().await {
            Ok(batch) => assert!(batch.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_lost_connection_is_made_anew() {
    let start = |port: u16| async move {
        let location = format!("grpc://127.0.0.1:{port}");
        FlightServer::builder(Everything::default())
            .location(location)
            .start()
            .await
            .unwrap()
    };
    let server = start(0).await;
    let port = server.port();
    let client = EverythingClient::connect(server.location().clone())
        .await
        .unwrap();
    client.nothing().await.unwrap();
    server.abort();
    server.wait().await;
    let error = client.nothing().await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    let _server = start(port).await;
    client.nothing().await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_unavailable_and_says_where() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = FlightClient::connect(format!("grpc://127.0.0.1:{port}"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(
        error.message().contains(&format!("127.0.0.1:{port}")),
        "{error}"
    );
}
