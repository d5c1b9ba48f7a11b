//! A service whose handlers are counted while they live, and clients that push it to its limits.
#![allow(dead_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use flight_runtime::arrow::array::Int64Array;
use flight_runtime::arrow::datatypes::{DataType, Field};
use flight_runtime::prelude::*;
use flight_runtime::{BearerTokens, CallOptions, FlightClient, FlightServerBuilder, Limits};
use flight_runtime::{RunningServer, ServerHandle};
use futures::{StreamExt, stream};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Counts the handlers that are alive.
#[derive(Clone, Default)]
pub(crate) struct Alive(Arc<AtomicUsize>);

pub(crate) struct Handler(Alive);

impl Alive {
    fn begin(&self) -> Handler {
        self.0.fetch_add(1, Ordering::SeqCst);
        Handler(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits until this many are alive.
    pub(crate) async fn becomes(&self, count: usize) {
        eventually(|| self.count() == count).await;
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until something is so.
pub(crate) async fn eventually(so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(10), "it never came");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(crate) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
}

/// So many rows of 8 bytes.
pub(crate) fn batch(rows: usize) -> RecordBatch {
    let column = Int64Array::from(vec![7; rows]);
    RecordBatch::try_new(schema(), vec![Arc::new(column)]).unwrap()
}

pub(crate) fn batches(sizes: impl IntoIterator<Item = usize>) -> BatchStream {
    BatchStream::from_batches(schema(), sizes.into_iter().map(batch))
}

pub(crate) struct Limited(Alive);

impl Limited {
    pub(crate) fn of(alive: &Alive) -> Self {
        Self(alive.clone())
    }
}

#[flight_server]
impl Limited {
    /// One row, and then nothing.
    #[do_get("wait", schema = schema())]
    async fn wait(&self) -> BatchStream {
        let handler = self.0.begin();
        let rows = stream::iter([batch(1)]).chain(stream::pending());
        BatchStream::new(
            schema(),
            rows.inspect(move |_| {
                let _ = &handler;
            }),
        )
    }

    /// Batches of 8 MB without end.
    #[do_get("endless", schema = schema())]
    async fn endless(&self) -> BatchStream {
        let handler = self.0.begin();
        let batch = batch(1_000_000);
        let rows = stream::repeat_with(move || batch.clone());
        BatchStream::new(
            schema(),
            rows.inspect(move |_| {
                let _ = &handler;
            }),
        )
    }

    /// Two batches of 8 MB.
    #[do_get("large", schema = schema())]
    async fn large(&self) -> BatchStream {
        batches([1_000_000, 1_000_000])
    }

    /// A row, a long thought, and another row.
    #[do_get("think/{millis}", schema = schema())]
    async fn think(&self, millis: u64) -> BatchStream {
        let handler = self.0.begin();
        let rows = stream::iter([0, millis]).then(move |millis| {
            let _alive = &handler;
            async move {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                batch(1)
            }
        });
        BatchStream::new(schema(), rows)
    }

    /// Counts rows.
    #[do_put("rows")]
    async fn rows(&self, mut rows: BatchStream) -> Result<String, Error> {
        let _alive = self.0.begin();
        let mut count = 0;
        while let Some(batch) = rows.try_next().await? {
            count += batch.num_rows();
        }
        Ok(count.to_string())
    }

    /// Lives on behind the error that its upload ends in, and counts from then on.
    #[do_put("outlive")]
    async fn outlive(&self, mut rows: BatchStream) -> Result<(), Error> {
        while rows.try_next().await.is_ok_and(|batch| batch.is_some()) {}
        let _alive = self.0.begin();
        std::future::pending().await
    }

    /// Thinks before it reads.
    #[do_put("ponder/{millis}")]
    async fn ponder(&self, millis: u64, rows: BatchStream) -> Result<String, Error> {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        self.rows(rows).await
    }

    /// Sends back what comes.
    #[do_exchange("echo")]
    async fn echo(&self, mut rows: BatchStream) -> Result<BatchStream, Error> {
        let handler = self.0.begin();
        let schema = rows.schema().await?;
        Ok(BatchStream::new(
            schema,
            rows.inspect(move |_| {
                let _ = &handler;
            }),
        ))
    }

    /// Reads, and sends a row every so often.
    #[do_exchange("ticks/{millis}")]
    async fn ticks(&self, millis: u64, rows: BatchStream) -> BatchStream {
        let handler = self.0.begin();
        let ticks = stream::unfold((rows, handler), move |(mut rows, handler)| async move {
            let next = tokio::select! {
                read = rows.try_next() => read.transpose()?,
                () = tokio::time::sleep(Duration::from_millis(millis)) => Ok(batch(1)),
            };
            Some((next, (rows, handler)))
        });
        BatchStream::new(schema(), ticks)
    }

    /// Says how long it has, in milliseconds.
    #[action("deadline")]
    async fn deadline(&self, context: CallContext) -> String {
        match context.deadline() {
            None => "none".to_owned(),
            Some(deadline) => deadline
                .saturating_duration_since(Instant::now())
                .as_millis()
                .to_string(),
        }
    }

    #[action("hello", public)]
    async fn hello(&self) -> &'static str {
        "hello"
    }
}

/// A server within these limits.
pub(crate) fn limited(limits: Limits) -> (FlightServerBuilder, Alive) {
    let alive = Alive::default();
    let server = FlightServer::builder(Limited(alive.clone())).limits(limits);
    (server.location("grpc://127.0.0.1:0"), alive)
}

/// A running one.
pub(crate) async fn serve(limits: Limits) -> (RunningServer, Alive) {
    let (server, alive) = limited(limits);
    (server.start().await.unwrap(), alive)
}

/// A running one that asks for bearer tokens: `ada`, and `bob`.
pub(crate) async fn serve_known(limits: Limits) -> (RunningServer, Alive) {
    let (server, alive) = limited(limits);
    let tokens = BearerTokens::new().token("ada", "ada").token("bob", "bob");
    let server = server.authenticator(tokens);
    (server.start().await.unwrap(), alive)
}

/// A client with a connection of its own.
pub(crate) async fn client(server: &ServerHandle) -> FlightClient {
    FlightClient::connect(server.location().clone())
        .await
        .unwrap()
}

pub(crate) fn token(token: &str) -> CallOptions {
    CallOptions::new().bearer_token(token).unwrap()
}

pub(crate) async fn hello(client: &FlightClient) -> Result<(), Error> {
    let mut results = client.do_action(Action::new("hello", "")).await?;
    results.try_next().await.map(drop)
}

/// Downloads all there is.
pub(crate) async fn download(client: &FlightClient, ticket: &str) -> Result<usize, Error> {
    let mut rows = client.do_get(Ticket::new(ticket.to_owned())).await?;
    let mut count = 0;
    while let Some(batch) = rows.try_next().await? {
        count += batch.num_rows();
    }
    Ok(count)
}

/// A download that has begun, and goes on until it is dropped.
pub(crate) async fn waiting(client: &FlightClient) -> Result<BatchStream, Error> {
    let mut rows = client.do_get(Ticket::new("wait")).await?;
    rows.try_next().await?;
    Ok(rows)
}

/// Uploads to `rows`, and says how many arrived.
pub(crate) async fn upload(client: &FlightClient, rows: BatchStream) -> Result<String, Error> {
    upload_to(client, "rows", rows).await
}

pub(crate) async fn upload_to(
    client: &FlightClient,
    route: &str,
    rows: BatchStream,
) -> Result<String, Error> {
    let descriptor = FlightDescriptor::new_path(route.split('/').map(str::to_owned).collect());
    let mut results = client.do_put(descriptor, rows).await?;
    let mut answer = String::new();
    while let Some(result) = results.try_next().await? {
        answer.push_str(&String::from_utf8_lossy(&result.app_metadata));
    }
    Ok(answer)
}

/// A plain connection.
pub(crate) async fn raw(server: &ServerHandle) -> TcpStream {
    TcpStream::connect(("127.0.0.1", server.port()))
        .await
        .unwrap()
}

/// How long it takes until the server closes the connection.
pub(crate) async fn closed(mut socket: TcpStream) -> Duration {
    let began = Instant::now();
    let mut bytes = [0; 1024];
    while let Ok(count) = socket.read(&mut bytes).await {
        if count == 0 {
            break;
        }
    }
    began.elapsed()
}
