//! Streams in which nothing happens for long, through a proxy that cuts connections in which nothing happens.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use common::{Running, within};
use flight_runtime::arrow::array::{ArrayRef, Int64Array};
use flight_runtime::prelude::*;
use flight_runtime::{Code, FlightClient};
use futures::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

/// After so long a silence the proxy cuts a connection.
const IDLE: Duration = Duration::from_millis(400);

/// A batch, then nothing for four times as long as the proxy waits, then another.
struct Quiet;

fn one() -> RecordBatch {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    RecordBatch::try_from_iter([("n", column)]).unwrap()
}

#[flight_server]
impl Quiet {
    #[do_get("quiet")]
    async fn quiet(&self) -> BatchStream {
        let batches = futures::stream::iter([Duration::ZERO, IDLE * 4]).then(|pause| async move {
            sleep(pause).await;
            Ok::<_, Error>(one())
        });
        BatchStream::new(one().schema(), batches)
    }
}

/// Copies one way, and tells of each piece.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    moved: &Notify,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..length]).await?;
        moved.notify_one();
    }
}

async fn relay(mut client: TcpStream, mut server: TcpStream) {
    let moved = Notify::new();
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let silence = async {
        let mut end = Instant::now() + IDLE;
        loop {
            tokio::select! {
                () = moved.notified() => end = Instant::now() + IDLE,
                () = sleep_until(end) => return,
            }
        }
    };
    tokio::select! {
        _ = copy(from_client, to_server, &moved) => {}
        _ = copy(from_server, to_client, &moved) => {}
        () = silence => {}
    }
}

async fn proxy(port: u16) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            tokio::spawn(relay(client, server));
        }
    });
    address
}

/// What a client gets through the proxy from a server that asks after so long a silence whether its client lives.
async fn through_the_proxy(interval: Duration) -> Result<usize, Error> {
    let builder = FlightServer::builder(Quiet).http2_keepalive_interval(interval);
    let running = Running::of(builder).await;
    let proxy = proxy(running.0.port()).await;
    let client = FlightClient::connect(format!("grpc://{proxy}")).await?;
    let mut stream = client.do_get(Ticket::new("quiet")).await?;
    Ok(stream.read_all().await?.len())
}

#[tokio::test]
async fn a_quiet_stream_lives_where_the_server_asks_more_often_than_the_proxy_cuts() {
    within(async {
        assert_eq!(through_the_proxy(IDLE / 4).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn it_is_cut_where_the_server_asks_less_often() {
    within(async {
        let error = through_the_proxy(IDLE * 20).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{error}");
    })
    .await;
}
