//! One connection: HTTP/2 by h2, on the socket that gathers frames.
//!
//! On h2 and not on hyper's client, because that one goes on with an upload whose answer was dropped, and stops asking it once the server's
//! window is used up: such a call could not be cancelled.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use h2::client::{Builder, Connection, SendRequest};
use h2::{Ping, PingPong};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};

use crate::Error;
use crate::timers::sleep;
use crate::wire::frames::Peer;
use crate::wire::gather::{Drain, Socket, gather};
use crate::wire::segments::Segments;

/// Calls that were dropped, and of which something may still come. What comes of one that is not remembered h2 takes for the server's fault.
const REMEMBERED_RESETS: usize = 4096;
/// On a slow line, what was under way takes a while.
const REMEMBERED_FOR: Duration = Duration::from_secs(30);
/// Faults of that kind, in the life of a connection; one more ends it, and all of its calls. With h2's own numbers (50, one second, 1024) a client that
/// drops a hundred calls a second loses its connection within a minute.
const MAX_LOCAL_RESETS: usize = 1 << 20;

/// What a connection is opened with.
#[derive(Clone, Debug)]
pub(super) struct Http2 {
    /// How much of one download may be under way; when nobody said, it goes by where the server is.
    pub(super) stream_window: Option<u32>,
    /// How much of all downloads may be under way.
    pub(super) connection_window: u32,
    /// The largest frame that the server may send.
    pub(super) max_frame_size: u32,
    /// While calls run, a server is asked this often whether it lives …
    pub(super) keep_alive_interval: Option<Duration>,
    /// … and has this long to answer.
    pub(super) keep_alive_timeout: Duration,
}

impl Default for Http2 {
    fn default() -> Self {
        Self {
            stream_window: None,
            // Out of the way, as in Go's client and in curl: a stream that is held without being read keeps its own window full, and a few of
            // them would stop all others, such as the first of several endpoints that are opened ahead.
            connection_window: 1 << 30,
            max_frame_size: 1 << 20,
            keep_alive_interval: None,
            keep_alive_timeout: Duration::from_secs(20),
        }
    }
}

impl Http2 {
    /// The window of a stream. Beyond this machine it is a limit of window / round-trip time; on it, more gains nothing.
    fn stream_window(&self, local: bool) -> u32 {
        let default = if local { 4 << 20 } else { 16 << 20 };
        self.stream_window.unwrap_or(default)
    }

    /// What the protocol does not allow (RFC 9113, 6.5.2), or what would stand still.
    pub(super) fn check(&self) -> Result<(), Error> {
        let ranges = [
            (
                "max_frame_size",
                self.max_frame_size,
                1 << 14,
                (1 << 24) - 1,
            ),
            (
                "initial_stream_window_size",
                self.stream_window(false),
                1,
                (1 << 31) - 1,
            ),
            (
                "initial_connection_window_size",
                self.connection_window,
                u32::from(u16::MAX),
                (1 << 31) - 1,
            ),
        ];
        for (what, given, least, most) in ranges {
            if !(least..=most).contains(&given) {
                return Err(Error::invalid_argument(format!(
                    "`{what}({given})` is out of range: {least} to {most} bytes are possible"
                )));
            }
        }
        let times = [
            ("http2_keepalive_interval", self.keep_alive_interval),
            ("http2_keepalive_timeout", Some(self.keep_alive_timeout)),
        ];
        match times.iter().find(|(_, time)| *time == Some(Duration::ZERO)) {
            None => Ok(()),
            Some((what, _)) => Err(Error::invalid_argument(format!(
                "`{what}` is zero: a server needs time to answer"
            ))),
        }
    }
}

/// Headers and trailers of one answer: what others accept, and errors of ours are below.
const MAX_HEADER_LIST_SIZE: u32 = 64 << 10;
/// What h2 may hold of one upload before the socket takes it: by reference, so this bounds memory and not copies.
const SEND_BUFFER: usize = 1 << 20;

/// A connection that calls can be sent on.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) calls: SendRequest<Segments>,
    pub(super) running: Arc<Running>,
}

impl Live {
    /// The same, if calls may begin on it: it is not lost, and its server has not said that it leaves.
    pub(super) fn usable(&self) -> Option<Self> {
        let mut live = self.clone();
        let ready = live
            .calls
            .poll_ready(&mut Context::from_waker(Waker::noop()));
        (!matches!(ready, Poll::Ready(Err(_)))).then_some(live)
    }
}

/// What a connection and its calls know of each other.
#[derive(Default)]
pub(super) struct Running {
    given_up: AtomicBool,
    calls: AtomicUsize,
}

/// A call that runs.
pub(super) struct InCall(Arc<Running>);

impl InCall {
    pub(super) fn new(running: Arc<Running>) -> Self {
        running.calls.fetch_add(1, Ordering::Relaxed);
        Self(running)
    }

    /// The server did not answer a ping.
    pub(super) fn is_given_up(&self) -> bool {
        self.0.given_up.load(Ordering::Relaxed)
    }
}

impl Drop for InCall {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Opens a connection, which a task of its own drives until no call and no client needs it.
pub(super) async fn open<S>(socket: S, http2: &Http2, local: bool) -> Result<Live, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (socket, drain) = gather(socket, Peer::Server);
    let handshake = Builder::new()
        .enable_push(false)
        .initial_window_size(http2.stream_window(local))
        .initial_connection_window_size(http2.connection_window)
        .max_frame_size(http2.max_frame_size)
        .max_header_list_size(MAX_HEADER_LIST_SIZE)
        .max_send_buffer_size(SEND_BUFFER)
        .max_concurrent_reset_streams(REMEMBERED_RESETS)
        .reset_stream_duration(REMEMBERED_FOR)
        .max_local_error_reset_streams(Some(MAX_LOCAL_RESETS))
        .handshake::<_, Segments>(socket);
    let (calls, mut connection) = handshake
        .await
        .map_err(|error| Error::unavailable(format!("HTTP/2: {error}")).with_source(error))?;
    let running = Arc::new(Running::default());
    let keep_alive = http2.keep_alive_interval.and_then(|interval| {
        Some(KeepAlive {
            ping_pong: connection.ping_pong()?,
            running: Arc::clone(&running),
            interval,
            timeout: http2.keep_alive_timeout,
            timer: Box::pin(sleep(interval)),
            waits: false,
        })
    });
    tokio::spawn(drive(connection, drain, keep_alive));
    Ok(Live { calls, running })
}

async fn drive<S>(
    connection: Connection<Socket<S>, Segments>,
    drain: Drain<S>,
    mut keep_alive: Option<KeepAlive>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = pin!(connection);
    let ended = poll_fn(|cx| {
        drain.poll(cx, |cx| {
            if keep_alive.as_mut().is_some_and(|alive| alive.is_lost(cx)) {
                return Poll::Ready(Err(None));
            }
            connection.as_mut().poll(cx).map_err(Some)
        })
    })
    .await;
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(Some(error))) => tracing::debug!(%error, "connection ended"),
        Ok(Err(None)) => tracing::debug!("connection given up: the server does not answer pings"),
        Err(error) => tracing::debug!(%error, "connection ended while it was written to"),
    }
}

/// Asks a server whether it lives, while calls wait for it.
struct KeepAlive {
    ping_pong: PingPong,
    running: Arc<Running>,
    interval: Duration,
    timeout: Duration,
    timer: Pin<Box<Sleep>>,
    /// A ping is out.
    waits: bool,
}

impl KeepAlive {
    /// Whether a ping has stayed without its answer.
    fn is_lost(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            if self.waits && self.ping_pong.poll_pong(cx).is_ready() {
                self.waits = false;
                self.timer.as_mut().reset(Instant::now() + self.interval);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return false;
            }
            if self.waits {
                self.running.given_up.store(true, Ordering::Relaxed);
                return true;
            }
            // Servers take pings without calls for abuse.
            self.waits = self.running.calls.load(Ordering::Relaxed) > 0
                && self.ping_pong.send_ping(Ping::opaque()).is_ok();
            let next = if self.waits {
                self.timeout
            } else {
                self.interval
            };
            self.timer.as_mut().reset(Instant::now() + next);
        }
    }
}
