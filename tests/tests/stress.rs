//! No stream ever hangs: short, half-read, cancelled and concurrent streams on clients of every kind, for a while.
//!
//! Every wait has a limit, every row is counted, and at the end no handler may be left and the server must end. What happens
//! is chosen by a seed, which a failure names. The short form runs with all tests; the long one is
//!
//! ```text
//! FLIGHT_STRESS_SECONDS=300 cargo test --release -p flight-tests --test stress -- --nocapture
//! ```
//!
//! and `FLIGHT_STRESS_SEED=7` chooses another course than the first.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use flight_runtime::arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
use flight_runtime::arrow::datatypes::Int64Type;
use flight_runtime::arrow_flight::FlightClient;
use flight_runtime::arrow_flight::encode::FlightDataEncoderBuilder;
use flight_runtime::arrow_flight::error::FlightError;
use flight_runtime::arrow_flight::flight_service_client::FlightServiceClient;
use flight_runtime::prelude::*;
use flight_runtime::tonic::Request;
use flight_runtime::tonic::transport::server::TcpIncoming;
use flight_runtime::tonic::transport::{Channel, Endpoint, Server};
use futures::StreamExt;
use futures::stream::{self, Stream, TryStreamExt};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

/// A wait that takes longer hangs. Generous: other tests share the machine.
const HANGS: Duration = Duration::from_secs(30);
/// Streams that run at once.
const AT_ONCE: usize = 48;

/// Counts the handlers that are alive.
#[derive(Clone, Default)]
struct Alive(Arc<AtomicUsize>);

struct Handler(Arc<AtomicUsize>);

impl Alive {
    fn begin(&self) -> Handler {
        self.0.fetch_add(1, Ordering::SeqCst);
        Handler(Arc::clone(&self.0))
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Rows of which batches are slices: making them takes no time, so that there are many streams.
static ROWS: LazyLock<RecordBatch> = LazyLock::new(|| {
    let numbers = Int64Array::from_iter_values(0..ROW_COUNT as i64);
    let texts =
        StringArray::from_iter_values((0..ROW_COUNT).map(|n| ["", "some", "more text"][n % 3]));
    let columns: [(&str, ArrayRef); 2] = [("n", Arc::new(numbers)), ("text", Arc::new(texts))];
    RecordBatch::try_from_iter(columns).unwrap()
});
const ROW_COUNT: usize = 200_000;
/// The most rows of a batch.
const LARGE: usize = 50_000;

/// Rows that count on from batch to batch, and from the start again after many.
fn rows(batch: usize, count: usize) -> RecordBatch {
    ROWS.slice(batch * count % (ROW_COUNT - LARGE), count)
}

/// The numbers of all rows.
fn numbers(batch: &RecordBatch) -> &[i64] {
    batch.column(0).as_primitive::<Int64Type>().values()
}

struct Stress {
    alive: Alive,
}

#[flight_server]
impl Stress {
    #[do_get("rows/{batches}/{count}")]
    async fn rows(&self, batches: usize, count: usize) -> BatchStream {
        let handler = self.alive.begin();
        let batches = stream::iter(0..batches).map(move |batch| {
            let _alive = &handler;
            rows(batch, count)
        });
        BatchStream::new(rows(0, 0).schema(), batches)
    }

    /// From a blocking thread.
    #[do_get("blocking/{batches}/{count}", schema = rows(0, 0).schema())]
    fn blocking(
        &self,
        batches: usize,
        count: usize,
    ) -> impl Iterator<Item = RecordBatch> + Send + use<> {
        let handler = self.alive.begin();
        (0..batches).map(move |batch| {
            let _alive = &handler;
            rows(batch, count)
        })
    }

    /// Pauses before every batch: a stream that is woken again and again.
    #[do_get("hesitant/{batches}/{count}")]
    async fn hesitant(&self, batches: usize, count: usize) -> BatchStream {
        let handler = self.alive.begin();
        let batches = stream::iter(0..batches).then(move |batch| {
            let _alive = &handler;
            async move {
                sleep(Duration::from_micros(300)).await;
                rows(batch, count)
            }
        });
        BatchStream::new(rows(0, 0).schema(), batches)
    }

    #[do_put("drain")]
    async fn drain(&self, mut rows: BatchStream) -> Result<String, Error> {
        let _alive = self.alive.begin();
        let mut total = 0;
        while let Some(batch) = rows.try_next().await? {
            total += batch.num_rows();
        }
        Ok(total.to_string())
    }

    #[do_exchange("echo")]
    async fn exchange(&self, rows: BatchStream) -> Result<BatchStream, Error> {
        let handler = self.alive.begin();
        let mut rows = rows;
        let schema = rows.schema().await?;
        Ok(rows.map_batches(schema, move |batch| {
            let _alive = &handler;
            Ok(batch)
        }))
    }

    #[action("echo")]
    async fn echo(&self, body: Bytes) -> Bytes {
        let _alive = self.alive.begin();
        body
    }
}

/// SplitMix64: which way a stream goes.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit as u64) as usize
    }

    /// Many small streams, some large ones.
    fn size(&mut self) -> (usize, usize) {
        match self.below(40) {
            0 => (self.below(4), self.below(LARGE)),
            1..=3 => (self.below(30), self.below(2000)),
            _ => (self.below(6), self.below(300)),
        }
    }

    fn route(&mut self) -> &'static str {
        ["rows", "rows", "blocking", "hesitant"][self.below(4)]
    }

    async fn pause(&mut self) {
        sleep(Duration::from_micros(self.roll() % 3000)).await;
    }
}

/// A channel whose HTTP/2 settings are those of one kind of client.
async fn connect(port: u16, kind: usize) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap();
    let endpoint = match kind % 4 {
        // Rust's: frames of 16 KiB, windows of 64 KiB. As Go's.
        0 => endpoint,
        // C++'s: frames and windows of megabytes.
        1 => {
            let windows = endpoint.initial_stream_window_size(4 << 20);
            windows.initial_connection_window_size(8 << 20)
        }
        // Nothing fits at once.
        2 => {
            let windows = endpoint.initial_stream_window_size(700);
            windows.initial_connection_window_size(70_000)
        }
        _ => endpoint.http2_adaptive_window(true),
    };
    endpoint.connect().await.unwrap()
}

/// The most rows of a batch that such a client asks for.
///
/// 700 bytes a round trip, each of which waits for all tasks of this program, are some 20 KB/s: a batch of a megabyte would take longer
/// than [`HANGS`] without hanging.
fn most_rows(kind: usize) -> usize {
    if kind % 4 == 2 { 2000 } else { LARGE }
}

fn flight(channel: &Channel) -> FlightClient {
    FlightClient::new_from_inner(
        FlightServiceClient::new(channel.clone()).max_decoding_message_size(64 << 20),
    )
}

async fn waits<T>(what: &str, wait: impl Future<Output = T>) -> T {
    match timeout(HANGS, wait).await {
        Ok(value) => value,
        Err(_) => panic!("{what} hangs"),
    }
}

fn upload(
    route: &str,
    batches: impl Stream<Item = Result<RecordBatch, FlightError>> + Send + 'static,
) -> impl Stream<Item = Result<flight_runtime::arrow_flight::FlightData, FlightError>> + Send + 'static
{
    FlightDataEncoderBuilder::new()
        .with_schema(rows(0, 0).schema())
        .with_flight_descriptor(Some(FlightDescriptor::new_path(vec![route.to_owned()])))
        .build(batches)
}

fn many(
    batches: usize,
    count: usize,
) -> impl Stream<Item = Result<RecordBatch, FlightError>> + Send + 'static {
    stream::iter((0..batches).map(move |batch| Ok(rows(batch, count))))
}

/// Reads at most so many batches, and checks what is in them; gives the number of rows.
async fn read(
    stream: &mut (impl Stream<Item = Result<RecordBatch, FlightError>> + Unpin),
    most: usize,
    mut pauses: Option<&mut Dice>,
) -> usize {
    let mut total = 0;
    for _ in 0..most {
        let Some(batch) = waits("a batch", stream.next()).await else {
            break;
        };
        let batch = batch.unwrap();
        let end = total + batch.num_rows();
        if end <= ROW_COUNT - LARGE {
            assert!(numbers(&batch) == &numbers(&ROWS)[total..end]);
        }
        total = end;
        if let Some(dice) = &mut pauses {
            dice.pause().await;
        }
    }
    total
}

/// One stream of a kind that the dice choose; gives the kind's name.
async fn one(channel: &Channel, kind: usize, port: u16, dice: &mut Dice) -> &'static str {
    let mut client = flight(channel);
    let (batches, count) = dice.size();
    let count = count.min(most_rows(kind));
    let ticket = |route: &str| Ticket::new(format!("{route}/{batches}/{count}"));
    match dice.below(12) {
        0..=2 => {
            let ticket = ticket(dice.route());
            let mut stream = waits("a head", client.do_get(ticket)).await.unwrap();
            assert_eq!(read(&mut stream, usize::MAX, None).await, batches * count);
            "read to the end"
        }
        3 => {
            let ticket = ticket(dice.route());
            let mut stream = waits("a head", client.do_get(ticket)).await.unwrap();
            let total = read(&mut stream, usize::MAX, Some(dice)).await;
            assert_eq!(total, batches * count);
            "read slowly"
        }
        4 => {
            let ticket = Ticket::new(format!("{}/1000000/{count}", dice.route()));
            let mut stream = waits("a head", client.do_get(ticket)).await.unwrap();
            read(&mut stream, dice.below(5), None).await;
            dice.pause().await;
            "left half-read"
        }
        5 => {
            let ticket = ticket(dice.route());
            let call = client.do_get(ticket);
            let limit = Duration::from_micros(dice.roll() % 1500);
            // Either is fine; the stream goes with what holds it.
            let _ = timeout(limit, call).await;
            "cancelled before its head"
        }
        6 => {
            let mut request =
                Request::new(Ticket::new(format!("{}/1000000/{count}", dice.route())));
            request.set_timeout(Duration::from_millis(1 + dice.roll() % 20));
            let mut service = FlightServiceClient::new(channel.clone());
            // The deadline comes before the head or after it, and ends either.
            if let Ok(stream) = waits("a head", service.do_get(request)).await {
                let mut stream = stream.into_inner();
                waits("a deadline", async {
                    while let Ok(Some(_)) = stream.message().await {}
                })
                .await;
            }
            "ended by its deadline"
        }
        7 => {
            let results = waits(
                "a put",
                client.do_put(upload("drain", many(batches, count))),
            );
            let results: Vec<_> = waits("results", results.await.unwrap().try_collect())
                .await
                .unwrap();
            assert_eq!(
                results[0].app_metadata,
                (batches * count).to_string().as_bytes()
            );
            "uploaded"
        }
        8 => {
            let batches = many(batches, count).chain(stream::pending());
            let call = client.do_put(upload("drain", batches));
            let _ = timeout(Duration::from_micros(dice.roll() % 5000), call).await;
            "upload cut"
        }
        9 => {
            let call = client.do_exchange(upload("echo", many(batches, count)));
            let mut stream = waits("a head", call).await.unwrap();
            assert_eq!(read(&mut stream, usize::MAX, None).await, batches * count);
            "exchanged"
        }
        10 => {
            // An upload that fits into the server's window: hyper's client goes on with one whose answer was dropped,
            // and would hold the window of its whole connection for ever.
            let call = client.do_exchange(upload("echo", many(batches, count % 300)));
            let mut stream = waits("a head", call).await.unwrap();
            read(&mut stream, dice.below(4), None).await;
            "exchange left"
        }
        _ if dice.below(8) == 0 => {
            // A connection that goes away as a whole, with streams open on it.
            let channel = connect(port, dice.below(4)).await;
            let mut held = Vec::new();
            for _ in 0..3 {
                let ticket = Ticket::new(format!("{}/1000000/{count}", dice.route()));
                let mut client = flight(&channel);
                held.push(waits("a head", client.do_get(ticket)).await.unwrap());
            }
            dice.pause().await;
            "connection lost"
        }
        _ => {
            let body = vec![7; dice.below(2000)];
            let mut results = waits(
                "an action",
                client.do_action(Action::new("echo", body.clone())),
            )
            .await
            .unwrap();
            let first = waits("a result", results.next()).await.unwrap().unwrap();
            assert_eq!(first, body);
            assert!(waits("an end", results.next()).await.is_none());
            "action"
        }
    }
}

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

/// Streams for so many seconds; all of them end, and all of their handlers.
async fn stress(port: u16, alive: Alive, seconds: u64) {
    let seed = variable("FLIGHT_STRESS_SEED", 1);
    let until = Instant::now() + Duration::from_secs(seconds);
    let counts: Arc<Mutex<BTreeMap<&str, usize>>> = Arc::default();
    let mut channels = Vec::new();
    for kind in 0..8 {
        channels.push(connect(port, kind).await);
    }
    let workers: Vec<_> = (0..AT_ONCE)
        .map(|worker| {
            let kind = worker % channels.len();
            let channel = channels[kind].clone();
            let counts = Arc::clone(&counts);
            // Each kind of client has all kinds of streams, six at a time.
            let mut dice = Dice(seed.wrapping_mul(1 << 32).wrapping_add(worker as u64));
            tokio::spawn(async move {
                while Instant::now() < until {
                    let what = one(&channel, kind, port, &mut dice).await;
                    *counts.lock().unwrap().entry(what).or_default() += 1;
                }
            })
        })
        .collect();
    for worker in workers {
        worker
            .await
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    let counts = counts.lock().unwrap().clone();
    let total: usize = counts.values().sum();
    println!("{total} streams in {seconds} s: {counts:?}");
    // The eleventh is rare.
    assert!(counts.len() >= 10, "every kind of stream was there");
    drop(channels);
    waits("a handler that nobody needs", async {
        while alive.count() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// The short form's share of each test.
const SECONDS: u64 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stream_hangs() {
    let alive = Alive::default();
    let service = Stress {
        alive: alive.clone(),
    };
    let server = FlightServer::builder(service)
        .location("grpc://127.0.0.1:0")
        .start()
        .await
        .unwrap();
    stress(
        server.port(),
        alive,
        variable("FLIGHT_STRESS_SECONDS", SECONDS),
    )
    .await;
    server.shutdown();
    waits("the server's end", server.wait()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stream_hangs_in_a_tonic_server() {
    let alive = Alive::default();
    let service = FlightServer::builder(Stress {
        alive: alive.clone(),
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::builder()
        .add_service(service.into_service().unwrap())
        .serve_with_incoming(TcpIncoming::from(listener));
    let server = tokio::spawn(server);
    stress(port, alive, variable("FLIGHT_STRESS_SECONDS", SECONDS)).await;
    server.abort();
}
