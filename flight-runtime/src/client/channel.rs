//! [`Channel`]: one place that is called, with the connection to it, made when it is first needed and made anew when it is lost.
//!
//! A connection is made in a task of its own, for all who need it: none of them holds up the others, however seldom it is polled, and one host that
//! does not answer is waited for once.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, Shared};
use futures::stream::{FuturesUnordered, StreamExt};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method as HttpMethod, Request, Uri, Version};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use super::connection::{Http2, Live, open};
use super::tls::Connector;
use crate::Error;
use crate::caller::Peer;
use crate::location::{Location, localhost};
use crate::rpc::{Method, SERVICE_NAME};
use crate::socket::prepare;

/// From the first packet to the end of the TLS handshake.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// An address that has not answered by then has the next one tried beside it ("Happy Eyeballs", RFC 8305, 5).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// A host that says nothing for this long is asked by the kernel whether it is there …
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);
/// … and then so often, until the kernel takes it for gone: after nine times on Linux.
const TCP_KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

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
    to: Arc<Whereto>,
    authority: Authority,
    slot: Arc<Mutex<Slot>>,
}

/// What a connection is made with.
struct Whereto {
    location: Location,
    place: Place,
    http2: Http2,
}

#[derive(Default)]
enum Slot {
    #[default]
    Empty,
    /// Somebody is at it, for all who need it.
    Connecting(Attempt),
    Live(Live),
}

type Attempt = Shared<BoxFuture<'static, Result<Live, Arc<Error>>>>;

/// Where an attempt leaves its connection; nothing, when it has none or its runtime has ended.
struct Outcome {
    slot: Arc<Mutex<Slot>>,
    live: Option<Live>,
}

impl Outcome {
    fn new(slot: Arc<Mutex<Slot>>) -> Self {
        Self { slot, live: None }
    }

    fn tell(mut self, live: Option<&Live>) {
        self.live = live.cloned();
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        *lock(&self.slot) = self.live.take().map_or(Slot::Empty, Slot::Live);
    }
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("location", &self.to.location)
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
        let to = Whereto {
            location,
            place,
            http2,
        };
        Self {
            to: Arc::new(to),
            authority: Authority::from_static("localhost"),
            slot: Arc::default(),
        }
    }

    pub(super) fn location(&self) -> &Location {
        &self.to.location
    }

    pub(super) fn is_tls(&self) -> bool {
        matches!(self.to.place, Place::Tcp { tls: Some(_), .. })
    }

    /// A connection on which a call may begin: the one there is, or a new one.
    async fn ready(&self) -> Result<Live, Error> {
        let attempt = {
            let mut slot = lock(&self.slot);
            if let Slot::Live(live) = &*slot
                && let Some(live) = live.usable()
            {
                return Ok(live);
            }
            match &*slot {
                Slot::Connecting(attempt) => attempt.clone(),
                Slot::Live(_) | Slot::Empty => {
                    let attempt = self.attempt();
                    *slot = Slot::Connecting(attempt.clone());
                    attempt
                }
            }
        };
        attempt.await.map_err(|error| error.again())
    }

    /// Begins with the first who waits, goes on whether anybody does, and puts what comes of it into the slot.
    fn attempt(&self) -> Attempt {
        let (to, slot) = (Arc::clone(&self.to), Arc::clone(&self.slot));
        let connected = async move {
            let outcome = Outcome::new(slot);
            let connecting = tokio::spawn(async move {
                let connected = to.connect().await;
                outcome.tell(connected.as_ref().ok());
                connected.map_err(Arc::new)
            });
            connecting.await.unwrap_or_else(|stopped| {
                Err(Arc::new(match stopped.is_panic() {
                    true => Error::internal("whoever makes connections for this client panicked"),
                    false => Error::unavailable("the runtime ended while a connection was made"),
                }))
            })
        };
        connected.boxed().shared()
    }

    /// The same until then.
    pub(super) async fn ready_by(&self, deadline: Option<Instant>) -> Result<Live, Error> {
        let Some(deadline) = deadline else {
            return self.ready().await;
        };
        timeout_at(deadline, self.ready()).await.map_err(|_| {
            let location = self.location();
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
        Error::unavailable(format!("connection to `{}` lost: {error}", self.location()))
            .with_source(error)
    }
}

impl Whereto {
    async fn connect(&self) -> Result<Live, Error> {
        let failed = |error: io::Error| {
            Error::unavailable(format!("cannot connect to `{}`: {error}", self.location))
                .with_source(error)
        };
        let connecting = async {
            match &self.place {
                Place::Tcp { host, port, tls } => {
                    let addresses = addresses(host, *port).await.map_err(failed)?;
                    let stream = dial(addresses).await.map_err(failed)?;
                    let peer = stream.peer_addr().map_or(Peer::Unknown, Peer::tcp);
                    match tls {
                        None => open(stream, &self.http2, peer.is_local()).await,
                        Some(tls) => {
                            let stream = tls.connect(host, stream).await.map_err(failed)?;
                            open(stream, &self.http2, peer.is_local()).await
                        }
                    }
                }
                Place::Unix(path) => {
                    let stream = UnixStream::connect(path).await.map_err(failed)?;
                    open(stream, &self.http2, true).await
                }
                Place::Dialled(dial) => {
                    let stream = dial().await.map_err(failed)?;
                    open(stream, &self.http2, true).await
                }
            }
        };
        match timeout(CONNECT_LIMIT, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(failed(io::ErrorKind::TimedOut.into())),
        }
    }
}

async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match host {
        "localhost" => Ok(localhost(port)),
        _ => Ok(lookup_host((host, port)).await?.collect()),
    }
}

/// Connects to the address that answers first. The next one is tried when one has failed or keeps us waiting, and those before it are not given up.
async fn dial(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut addresses = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    loop {
        if let Some(address) = addresses.next() {
            attempts.push(async move { (address, TcpStream::connect(address).await) });
        }
        let next = match addresses.len() {
            0 => Ok(attempts.next().await),
            _ => timeout(NEXT_ADDRESS, attempts.next()).await,
        };
        match next {
            Ok(Some((address, Ok(stream)))) => {
                prepare(&stream, Peer::tcp(address));
                keep_alive(&stream);
                return Ok(stream);
            }
            Ok(Some((_, Err(error)))) => last = error,
            // All have failed.
            Ok(None) => return Err(last),
            Err(_) => {}
        }
    }
}

/// Has the kernel notice a host that is gone.
fn keep_alive(stream: &TcpStream) {
    let keep_alive = TcpKeepalive::new()
        .with_time(TCP_KEEPALIVE)
        .with_interval(TCP_KEEPALIVE_INTERVAL);
    if let Err(error) = SockRef::from(stream).set_tcp_keepalive(&keep_alive) {
        tracing::debug!(%error, "SO_KEEPALIVE");
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Poll;

    use futures::future::{join_all, pending, poll_fn};
    use tokio::io::duplex;
    use tokio::sync::Notify;

    use super::*;

    const WITHIN: Duration = Duration::from_secs(10);

    /// A channel whose connections are what this gives.
    fn channel<F>(dial: impl Fn() -> F + Send + Sync + 'static) -> Channel
    where
        F: Future<Output = io::Result<Box<dyn AnyStream>>> + Send + 'static,
    {
        let dial: Dial = Arc::new(move || dial().boxed());
        let place = Place::Dialled(dial);
        let location = Location::from("grpc://test:1");
        Channel::nearby(location, place, Http2::default())
    }

    /// What h2 takes for an open connection until it is read from.
    fn open_end() -> Box<dyn AnyStream> {
        let (here, there) = duplex(1024);
        // The other end is neither read nor closed.
        std::mem::forget(there);
        Box::new(here)
    }

    #[tokio::test]
    async fn who_waits_without_being_polled_holds_up_nobody() {
        let let_in = Arc::new(Notify::new());
        let waits = Arc::clone(&let_in);
        let channel = channel(move || {
            let waits = Arc::clone(&waits);
            async move {
                waits.notified().await;
                Ok(open_end())
            }
        });
        let mut first = channel.ready().boxed();
        assert!(poll_fn(|cx| Poll::Ready(first.poll_unpin(cx).is_pending())).await);
        let_in.notify_one();
        let second = timeout(WITHIN, channel.ready()).await;
        assert!(second.expect("nobody else is waited for").is_ok());
        assert!(first.await.is_ok());
    }

    #[tokio::test]
    async fn one_attempt_is_for_all_and_its_failure_too_and_the_next_call_tries_again() {
        let dialled = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&dialled);
        let channel = channel(move || {
            count.fetch_add(1, Ordering::SeqCst);
            async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(io::ErrorKind::ConnectionRefused.into())
            }
        });
        let all = join_all((0..50).map(|_| channel.ready())).await;
        for failed in all {
            let error = failed.err().expect("nobody is there");
            let source = error
                .source()
                .and_then(|source| source.downcast_ref::<io::Error>());
            let kind = source.map(io::Error::kind);
            assert_eq!(kind, Some(io::ErrorKind::ConnectionRefused), "{error}");
        }
        assert_eq!(dialled.load(Ordering::SeqCst), 1);
        assert!(channel.ready().await.is_err());
        assert_eq!(dialled.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_connection_whose_making_panics_is_an_error_and_made_anew() {
        let channel = channel(|| async { panic!("on purpose") });
        for _ in 0..2 {
            let error = channel.ready().await.err().expect("nothing was made");
            assert!(error.message().contains("panicked"), "{error}");
        }
    }

    #[test]
    fn a_runtime_that_ends_while_it_connects_leaves_the_channel_to_the_next() {
        let channel = channel(pending);
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
        };
        let first = runtime().expect("a runtime");
        let waits = channel.ready();
        assert!(first.block_on(async { timeout(Duration::from_millis(20), waits).await.is_err() }));
        drop(first);
        assert!(matches!(*lock(&channel.slot), Slot::Empty));
    }

    #[tokio::test]
    async fn an_address_that_does_not_answer_is_passed_over() {
        // A listener that accepts nothing and whose queue is full: the kernel drops what comes.
        let silent = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let silent = silent.expect("a socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        silent.bind(&any.into()).expect("a port");
        silent.listen(0).expect("a listener");
        let address = silent.local_addr().expect("an address").as_socket();
        let address = address.expect("of IP");
        let mut queue = Vec::new();
        while let Ok(Ok(connected)) = timeout(NEXT_ADDRESS, TcpStream::connect(address)).await {
            queue.push(connected);
        }
        let answers = tokio::net::TcpListener::bind(any).await.expect("a port");
        let other = answers.local_addr().expect("an address");
        let began = Instant::now();
        let stream = timeout(WITHIN, dial(vec![address, other])).await;
        let stream = stream.expect("in time").expect("a connection");
        assert_eq!(stream.peer_addr().expect("a peer"), other);
        assert!(began.elapsed() >= NEXT_ADDRESS);

        let refused = dial(vec![{
            let gone = std::net::TcpListener::bind(any).expect("a port");
            gone.local_addr().expect("an address")
        }]);
        let error = refused.await.expect_err("nobody is there");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let error = dial(Vec::new()).await.expect_err("nowhere to go");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
