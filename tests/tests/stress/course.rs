//! The course of the stress test: eleven ways of a stream, on clients of every kind, chosen by a seed.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flight_runtime::prelude::{Bytes, FlightServer, RecordBatch};
use flight_runtime::tonic::transport::Server;
use flight_runtime::tonic::transport::server::TcpIncoming;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::net::TcpListener;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{sleep, timeout};

use crate::service::{Alive, LARGE, ROW_COUNT, ROWS, Stress, numbers, rows};

/// A wait that takes longer hangs. Generous: other tests share the machine.
const HANGS: Duration = Duration::from_secs(30);
/// Streams that run at once.
const AT_ONCE: usize = 48;

pub(crate) type Failure = Box<dyn Error + Send + Sync>;
pub(crate) type Batches = BoxStream<'static, Result<RecordBatch, Failure>>;
pub(crate) type Upload = BoxStream<'static, RecordBatch>;

/// A client, whose clones share a connection.
pub(crate) trait Client: Clone + Send + Sync + Sized + 'static {
    /// Whether a call ends with its answer, whatever its upload waits for.
    const CANCELS_UPLOADS: bool;
    /// After so many streams a connection is followed by another, of clients that lose one of which too many streams were cancelled: h2 counts what comes
    /// for those that it does not remember, and ends a connection with "too_many_internal_resets".
    const STREAMS_OF_A_CONNECTION: usize;

    /// The HTTP/2 settings are those of one kind of client; kind 2 has windows of 700 bytes.
    fn connect(port: u16, kind: usize) -> impl Future<Output = Self> + Send;

    fn get(&self, ticket: String) -> impl Future<Output = Result<Batches, Failure>> + Send;

    fn get_within(
        &self,
        ticket: String,
        limit: Duration,
    ) -> impl Future<Output = Result<Batches, Failure>> + Send;

    /// Uploads to `drain`, gives its results.
    fn put(&self, upload: Upload) -> impl Future<Output = Result<Vec<Bytes>, Failure>> + Send;

    /// Exchanges with `echo`.
    fn exchange(&self, upload: Upload) -> impl Future<Output = Result<Batches, Failure>> + Send;

    /// Calls `echo`.
    fn action(&self, body: Vec<u8>) -> impl Future<Output = Result<Vec<Bytes>, Failure>> + Send;
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

async fn waits<T>(what: &str, wait: impl Future<Output = T>) -> T {
    match timeout(HANGS, wait).await {
        Ok(value) => value,
        Err(_) => panic!("{what} hangs"),
    }
}

/// The most rows of a batch that such a client asks for.
///
/// 700 bytes a round trip, each of which waits for all tasks of this program, are some 20 KB/s: a batch of a megabyte would take longer
/// than [`HANGS`] without hanging.
fn most_rows(kind: usize) -> usize {
    if kind % 4 == 2 { 2000 } else { LARGE }
}

fn many(batches: usize, count: usize) -> Upload {
    stream::iter((0..batches).map(move |batch| rows(batch, count))).boxed()
}

/// Reads at most so many batches, and checks what is in them; gives the number of rows.
async fn read(stream: &mut Batches, most: usize, mut pauses: Option<&mut Dice>) -> usize {
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
async fn one<C: Client>(client: &C, kind: usize, port: u16, dice: &mut Dice) -> &'static str {
    let (batches, count) = dice.size();
    let count = count.min(most_rows(kind));
    let ticket = |route: &str| format!("{route}/{batches}/{count}");
    let endless = |route: &str| format!("{route}/1000000/{count}");
    match dice.below(12) {
        0..=2 => {
            let ticket = ticket(dice.route());
            let mut stream = waits("a head", client.get(ticket)).await.unwrap();
            assert_eq!(read(&mut stream, usize::MAX, None).await, batches * count);
            "read to the end"
        }
        3 => {
            let ticket = ticket(dice.route());
            let mut stream = waits("a head", client.get(ticket)).await.unwrap();
            let total = read(&mut stream, usize::MAX, Some(dice)).await;
            assert_eq!(total, batches * count);
            "read slowly"
        }
        4 => {
            let ticket = endless(dice.route());
            let mut stream = waits("a head", client.get(ticket)).await.unwrap();
            read(&mut stream, dice.below(5), None).await;
            dice.pause().await;
            "left half-read"
        }
        5 => {
            let call = client.get(ticket(dice.route()));
            let limit = Duration::from_micros(dice.roll() % 1500);
            // Either is fine; the stream goes with what holds it.
            let _ = timeout(limit, call).await;
            "cancelled before its head"
        }
        6 => {
            let limit = Duration::from_millis(1 + dice.roll() % 20);
            let call = client.get_within(endless(dice.route()), limit);
            // The deadline comes before the head or after it, and ends either.
            if let Ok(mut stream) = waits("a head", call).await {
                waits("a deadline", async {
                    while let Some(Ok(_)) = stream.next().await {}
                })
                .await;
            }
            "ended by its deadline"
        }
        7 => {
            let results = waits("a put", client.put(many(batches, count))).await;
            assert_eq!(results.unwrap(), [(batches * count).to_string()]);
            "uploaded"
        }
        8 => {
            let upload = many(batches, count).chain(stream::pending());
            let call = client.put(upload.boxed());
            let _ = timeout(Duration::from_micros(dice.roll() % 5000), call).await;
            "upload cut"
        }
        9 => {
            let call = client.exchange(many(batches, count));
            let mut stream = waits("a head", call).await.unwrap();
            assert_eq!(read(&mut stream, usize::MAX, None).await, batches * count);
            "exchanged"
        }
        10 => {
            let upload = match C::CANCELS_UPLOADS {
                true => many(usize::MAX, count),
                // One that fits into the server's window: such a client goes on with an upload whose answer was dropped,
                // and would hold the window of its whole connection for ever.
                false => many(batches, count % 300),
            };
            let mut stream = waits("a head", client.exchange(upload)).await.unwrap();
            read(&mut stream, dice.below(4), None).await;
            "exchange left"
        }
        _ if dice.below(8) == 0 => {
            // A connection that goes away as a whole, with streams open on it.
            let client = C::connect(port, dice.below(4)).await;
            let mut held = Vec::new();
            for _ in 0..3 {
                let ticket = endless(dice.route());
                held.push(waits("a head", client.get(ticket)).await.unwrap());
            }
            dice.pause().await;
            "connection lost"
        }
        _ => {
            let body = vec![7; dice.below(2000)];
            let results = waits("an action", client.action(body.clone())).await;
            assert_eq!(results.unwrap(), [body]);
            "action"
        }
    }
}

fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}

/// The clients of a kind, one after the other.
struct Connections<C> {
    port: u16,
    kind: usize,
    /// The one at work, and how many streams it had.
    used: AsyncMutex<(C, usize)>,
}

impl<C: Client> Connections<C> {
    async fn client(&self) -> C {
        let mut used = self.used.lock().await;
        if used.1 == C::STREAMS_OF_A_CONNECTION {
            *used = (C::connect(self.port, self.kind).await, 0);
        }
        used.1 += 1;
        used.0.clone()
    }
}

/// Streams for so many seconds; all of them end, and all of their handlers.
async fn stress<C: Client>(port: u16, alive: Alive, seconds: u64) {
    let seconds = variable("FLIGHT_STRESS_SECONDS").unwrap_or(seconds);
    let seed = variable("FLIGHT_STRESS_SEED").unwrap_or(1);
    let until = Instant::now() + Duration::from_secs(seconds);
    let counts: Arc<Mutex<BTreeMap<&str, usize>>> = Arc::default();
    let mut clients = Vec::new();
    for kind in 0..8 {
        clients.push(Arc::new(Connections {
            port,
            kind,
            used: AsyncMutex::new((C::connect(port, kind).await, 0)),
        }));
    }
    let workers: Vec<_> = (0..AT_ONCE)
        .map(|worker| {
            let kind = worker % clients.len();
            let connections = Arc::clone(&clients[kind]);
            let counts = Arc::clone(&counts);
            // Each kind of client has all kinds of streams, six at a time.
            let mut dice = Dice(seed.wrapping_mul(1 << 32).wrapping_add(worker as u64));
            tokio::spawn(async move {
                while Instant::now() < until {
                    let client = connections.client().await;
                    let what = one(&client, kind, port, &mut dice).await;
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
    drop(clients);
    waits("a handler that nobody needs", async {
        while alive.count() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// In the framework's own server, for so many seconds unless more are asked for.
pub(crate) async fn in_own_server<C: Client>(seconds: u64) {
    let alive = Alive::default();
    let server = FlightServer::builder(Stress::new(&alive))
        .location("grpc://127.0.0.1:0")
        .start()
        .await
        .unwrap();
    stress::<C>(server.port(), alive, seconds).await;
    server.shutdown();
    waits("the server's end", server.wait()).await;
}

/// In a tonic server.
pub(crate) async fn in_tonic_server<C: Client>(seconds: u64) {
    let alive = Alive::default();
    let service = FlightServer::builder(Stress::new(&alive));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::builder()
        .add_service(service.into_service().unwrap())
        .serve_with_incoming(TcpIncoming::from(listener));
    let server = tokio::spawn(server);
    stress::<C>(port, alive, seconds).await;
    server.abort();
}
