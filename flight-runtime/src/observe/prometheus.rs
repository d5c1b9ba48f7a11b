//! [`Prometheus`]: metrics as Prometheus reads them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::Error;

/// Bounds of histograms, in seconds.
const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0,
];
/// What is kept of histograms until somebody asks is put in order this often.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long a request for metrics may take.
const LIMIT: Duration = Duration::from_secs(5);
const LONGEST_REQUEST: u64 = 8 << 10;
const MOST_AT_ONCE: usize = 16;

/// The metrics of the process as Prometheus reads them: those of this framework, and whatever else the program writes through the crate `metrics`.
///
/// ```no_run
/// use flight_runtime::{Prometheus, prelude::*};
///
/// # struct Weather;
/// # #[flight_server]
/// # impl Weather {
/// #     #[action("a")]
/// #     fn a(&self) {}
/// # }
/// #[tokio::main]
/// async fn main() -> Result<(), Error> {
///     Prometheus::install()?.serve("0.0.0.0:9090").await?;
///     FlightServer::builder(Weather).location("grpc://0.0.0.0:8815").serve().await
/// }
/// ```
#[derive(Clone)]
pub struct Prometheus(PrometheusHandle);

impl Prometheus {
    /// Makes this what the process's metrics go to. What was counted before is lost, so let it be first.
    ///
    /// # Errors
    ///
    /// FAILED_PRECONDITION when the process has a recorder already.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn install() -> Result<Self, Error> {
        let wrong = |error| Error::failed_precondition(format!("metrics: {error}"));
        let builder = PrometheusBuilder::new()
            .set_buckets(&BUCKETS)
            .map_err(wrong)?;
        let handle = builder.install_recorder().map_err(wrong)?;
        let upkeep = handle.clone();
        tokio::spawn(async move {
            loop {
                sleep(UPKEEP).await;
                upkeep.run_upkeep();
            }
        });
        Ok(Self(handle))
    }

    /// The metrics of this moment, in Prometheus's text format 0.0.4: for an HTTP server of your own.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Answers `GET /metrics` at this address, in plain HTTP and to everybody, until the process ends; gives the address, with the port that was
    /// taken when 0 was asked for.
    ///
    /// # Errors
    ///
    /// When it cannot listen there.
    pub async fn serve(&self, address: impl ToSocketAddrs) -> Result<SocketAddr, Error> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Error::failed_precondition(format!("metrics cannot be served there: {error}"))
                .with_source(error)
        })?;
        let address = listener.local_addr()?;
        tokio::spawn(accept(listener, self.clone()));
        tracing::info!(%address, "serving metrics");
        Ok(address)
    }
}

impl std::fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prometheus").finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, metrics: Prometheus) {
    let places = Arc::new(Semaphore::new(MOST_AT_ONCE));
    loop {
        // Never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                tracing::warn!(%error, "metrics: a connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let metrics = metrics.clone();
        tokio::spawn(async move {
            let answered = timeout(LIMIT, answer(socket, &metrics)).await;
            if let Ok(Err(error)) = answered {
                tracing::debug!(%error, "metrics: a connection broke off");
            }
            drop(place);
        });
    }
}

/// One request of HTTP/1, and the end of its connection.
async fn answer<S>(mut socket: S, metrics: &Prometheus) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = Vec::new();
    let mut reader = (&mut socket).take(LONGEST_REQUEST);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if reader.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let mut words = request.split(|byte| matches!(byte, b' ' | b'\r'));
    let (method, target) = (words.next(), words.next().unwrap_or_default());
    let path = target.split(|&byte| byte == b'?').next();
    let (status, body) = match (method, path) {
        (Some(b"GET"), Some(b"/metrics")) => ("200 OK", metrics.render()),
        (Some(b"GET"), _) => ("404 Not Found", "metrics are at /metrics\n".to_owned()),
        _ => ("405 Method Not Allowed", "GET /metrics\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(body.as_bytes()).await?;
    socket.shutdown().await
}
