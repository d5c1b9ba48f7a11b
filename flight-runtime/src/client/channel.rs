//! [`Channel`]: one place that is called, with the connection to it, made when it is first needed and made anew when it is lost.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method as HttpMethod, Request, Uri, Version};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::connection::{Http2, Live, open};
use super::tls::Connector;
use crate::Error;
use crate::caller::Peer;
use crate::location::{Location, localhost};
use crate::rpc::{Method, SERVICE_NAME};
use crate::socket::prepare;

/// From the first packet to the end of the TLS handshake.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// A host that is gone without a word is noticed by the kernel: after this long, and three tries.
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);

/// A connection of any kind.
pub(crate) trait AnyStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> AnyStream for S {}

/// Makes a connection to a place that has no address: a server in memory, or whatever a test has.
pub(crate) type Dial =
    Arc<dyn Fn() -> BoxFuture<'static, io::Result<Box<dyn AnyStream>>> + Send + Sync>;

/// Where a channel leads.
#[derive(Clone)]
pub(super) enum Place {
    Tcp {
        host: String,
        port: u16,
        tls: Option<Connector>,
    },
    Unix(std::path::PathBuf),
    Dialled(Dial),
}

/// One place and the connection to it.
pub(super) struct Channel {
    location: Location,
    place: Place,
    authority: Authority,
    http2: Http2,
    live: Mutex<Option<Live>>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

impl Channel {
    /// Does not connect yet.
    pub(super) fn new(location: Location, place: Place, http2: Http2) -> Result<Self, Error> {
        let host = match &place {
            Place::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Place::Tcp { host, port, .. } => format!("{host}:{port}"),
            Place::Unix(_) | Place::Dialled(_) => return Ok(Self::nearby(location, place, http2)),
        };
        let authority = host.parse().map_err(|_| {
            Error::invalid_argument(format!("location `{location}`: `{host}` is no host"))
        })?;
        Ok(Self {
            authority,
            ..Self::nearby(location, place, http2)
        })
    }

    /// To a place that has no host.
    pub(super) fn nearby(location: Location, place: Place, http2: Http2) -> Self {
        Self {
            location,
            place,
            authority: Authority::from_static("localhost"),
            http2,
            live: Mutex::new(None),
        }
    }

    pub(super) fn location(&self) -> &Location {
        &self.location
    }

    pub(super) fn is_tls(&self) -> bool {
        matches!(self.place, Place::Tcp { tls: Some(_), .. })
    }

    /// A connection on which a call may begin: the one there is, or a new one.
    ///
    /// Waits while as many calls run as the server allows.
    async fn ready(&self) -> Result<Live, Error> {
        let there = self.live.lock().await.clone();
        if let Some(Live { calls, running }) = there
            && let Ok(calls) = calls.ready().await
        {
            return Ok(Live { calls, running });
        }
        let live = {
            let mut slot = self.live.lock().await;
            // Somebody else may have connected meanwhile.
            let usable = match slot.clone() {
                Some(live) => live.calls.clone().ready().await.is_ok().then_some(live),
                None => None,
            };
            match usable {
                Some(live) => live,
                None => slot.insert(self.connect().await?).clone(),
            }
        };
        let Live { calls, running } = live;
        let calls = calls.ready().await.map_err(|error| self.lost(error))?;
        Ok(Live { calls, running })
    }

    /// The same until then.
    pub(super) async fn ready_by(&self, deadline: Option<Instant>) -> Result<Live, Error> {
        let Some(deadline) = deadline else {
            return self.ready().await;
        };
        timeout_at(deadline, self.ready()).await.map_err(|_| {
            let location = &self.location;
            Error::deadline_exceeded(format!("connecting to `{location}` took too long"))
        })?
    }

    /// The head of a call.
    pub(super) fn request(&self, method: Method) -> Result<Request<()>, Error> {
        let wrong = |error: http::Error| Error::internal(format!("the request's head: {error}"));
        let path = PathAndQuery::try_from(format!("/{SERVICE_NAME}/{}", method.name()))
            .map_err(|error| wrong(error.into()))?;
        let scheme = match self.is_tls() {
            true => Scheme::HTTPS,
            false => Scheme::HTTP,
        };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .map_err(wrong)?;
        Request::builder()
            .method(HttpMethod::POST)
            .version(Version::HTTP_2)
            .uri(uri)
            .body(())
            .map_err(wrong)
    }

    /// What a call ends with when its connection is gone.
    pub(super) fn lost(&self, error: h2::Error) -> Error {
        Error::unavailable(format!("connection to `{}` lost: {error}", self.location))
            .with_source(error)
    }

    async fn connect(&self) -> Result<Live, Error> {
        let failed = |error: io::Error| {
            Error::unavailable(format!("cannot connect to `{}`: {error}", self.location))
                .with_source(error)
        };
        let connecting = async {
            match &self.place {
                Place::Tcp { host, port, tls } => {
                    let stream = dial(host, *port).await.map_err(failed)?;
                    let peer = stream.peer_addr().map_or(Peer::Unknown, Peer::Tcp);
                    match tls {
                        None => open(stream, &self.http2, peer.is_local()).await,
                        Some(tls) => {
                            let stream = tls.connect(host, stream).await.map_err(failed)?;
                            open(stream, &self.http2, peer.is_local()).await
                        }
                    }
                }
                Place::Unix(path) => {
                    let stream = unix(path).await.map_err(failed)?;
                    open(stream, &self.http2, true).await
                }
                Place::Dialled(dial) => {
                    let stream = dial().await.map_err(failed)?;
                    open(stream, &self.http2, true).await
                }
            }
        };
        match tokio::time::timeout(CONNECT_LIMIT, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(failed(io::ErrorKind::TimedOut.into())),
        }
    }
}

async fn unix(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path).await
}

/// Connects to the first address that answers.
async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = if host == "localhost" {
        localhost(port)
    } else {
        lookup_host((host, port)).await?.collect()
    };
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                prepare(&stream, Peer::Tcp(address));
                keep_alive(&stream);
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Has the kernel notice a host that is gone.
fn keep_alive(stream: &TcpStream) {
    let keep_alive = TcpKeepalive::new().with_time(TCP_KEEPALIVE);
    if let Err(error) = SockRef::from(stream).set_tcp_keepalive(&keep_alive) {
        tracing::debug!(%error, "SO_KEEPALIVE");
    }
}
