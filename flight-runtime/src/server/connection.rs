//! One connection: HTTP/2 by hyper, on settings that fit bulk data.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use futures::future::TryFutureExt;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::admission::Connections;
use super::age::Due;
use super::authority::Authority;
use super::calls::Calls;
use super::events::{Event, Events};
use super::http2::Http2Settings;
use super::listener::Socket;
use super::overheard::Overheard;
use super::sending::Sending;
use super::tls::Acceptor;
use crate::Error;
use crate::caller::{Caller, Peer};
use crate::handle::Signals;
use crate::limits::Limits;
use crate::observe::OpenConnection;
use crate::service::CallService;
use crate::socket::prepare;
use crate::timers::sleep_until;
use crate::wire::frames;
use crate::wire::gather::gather;

/// Streams that a client resets before they were accepted; one more ends the connection (CVE-2023-44487). h2's own default, said here because the
/// server depends on it, as on the next.
const MAX_PENDING_RESETS: usize = 20;
/// Streams that are reset because of what a client does wrong; one more ends the connection (RUSTSEC-2024-0003). What there is against
/// CONTINUATION frames and small DATA frames without end has no setting in hyper, and is always on in h2.
const MAX_LOCAL_RESETS: usize = 1024;

/// What all connections of a server share.
#[derive(Clone)]
pub(super) struct Shared {
    /// With it a TCP connection is TLS. A Unix domain socket never is.
    pub(super) tls: Option<Acceptor>,
    pub(super) http2: Http2Settings,
    pub(super) service: CallService,
    pub(super) signals: Signals,
    pub(super) connections: Connections,
    pub(super) limits: Arc<Limits>,
}

/// Serves a connection until it or the server ends.
pub(super) async fn serve(socket: Socket, peer: Peer, shared: Shared) {
    let speak_by = Instant::now() + shared.limits.time_to_speak;
    match socket {
        Socket::Tcp(stream) => {
            prepare(&stream, peer);
            let Some(tls) = &shared.tls else {
                return serve_stream(stream, peer.into(), speak_by, shared).await;
            };
            let accepted = tokio::select! {
                accepted = tls.accept(stream) => accepted,
                // No call has begun: there is nothing to wait for.
                () = shared.signals.drain.cancelled() => return,
                () = sleep_until(speak_by) => {
                    tracing::debug!(%peer, "closed: no TLS handshake in time (`Limits::time_to_speak`)");
                    return;
                }
            };
            match accepted {
                Ok((stream, certificate)) => {
                    let caller = Caller { peer, certificate };
                    // Apart: it is twice as large as one in plain text, and every connection would take as much as the largest of them.
                    Box::pin(serve_stream(stream, caller, speak_by, shared)).await;
                }
                // Not a warning: any scanner of ports could fill the log.
                Err(error) => tracing::debug!(%peer, %error, "TLS handshake failed"),
            }
        }
        Socket::Unix(stream) => {
            serve_stream(Authority::new(stream), peer.into(), speak_by, shared).await;
        }
    }
}

pub(super) async fn serve_stream<S>(stream: S, caller: Caller, speak_by: Instant, shared: Shared)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Shared {
        http2,
        service,
        signals,
        limits,
        ..
    } = shared;
    let peer = caller.peer;
    let mut calls = Calls::new(&limits);
    let new = calls.executor();
    let answer = service_fn(move |mut request: Request<Incoming>| {
        let pace = new.begin();
        request.extensions_mut().insert(pace.clone());
        let answer = service.clone().answer(caller.clone(), request);
        answer.map_ok(|answer| answer.map(|body| Sending::new(body, pace)))
    });
    let (stream_window, connection_window) = http2.windows(peer.is_local());
    let _open = OpenConnection::new();
    let mut builder = Builder::new(calls.executor());
    builder
        .timer(calls.clock())
        .max_frame_size(http2.max_frame_size)
        .initial_stream_window_size(stream_window)
        .initial_connection_window_size(connection_window)
        .max_header_list_size(limits.header_size)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(MAX_LOCAL_RESETS)
        .max_concurrent_streams(limits.calls_per_connection)
        .keep_alive_interval(http2.keep_alive_interval)
        .keep_alive_timeout(http2.keep_alive_timeout);
    let (stream, heard) = Overheard::new(stream, &limits);
    let (socket, drain) = gather(stream, frames::Peer::Client);
    let connection = builder.serve_connection(TokioIo::new(socket), answer);
    tokio::pin!(connection);
    let mut events = Events::new(&signals);
    events.when(sleep_until(speak_by), Event::Silent);
    events.when(heard.too_many_resets(), Event::Resets);
    events.when(calls.deadlines().due(), Event::Deadline);
    events.age(Due::first(&limits));
    let mut resets_told = false;
    let ended = loop {
        let happened = poll_fn(|cx| {
            let event = events.poll(cx);
            // Before anything that has come is looked at: what is cut off begins nothing more.
            if let Poll::Ready(Event::Cut) = event {
                return Poll::Ready(Ok(Event::Cut));
            }
            let polled = calls.poll(cx, |cx| drain.poll(cx, |cx| connection.as_mut().poll(cx)));
            if let Poll::Ready(ended) = polled {
                return Poll::Ready(Err(ended));
            }
            let look_in = calls.look_in();
            if let Some(time) = look_in {
                events.after(time, Event::Look);
            }
            match event {
                Poll::Pending if look_in.is_some() => events.poll(cx).map(Ok),
                event => event.map(Ok),
            }
        });
        match happened.await {
            Err(ended) => break ended,
            Ok(Event::Silent) => {
                if !heard.spoken() {
                    tracing::debug!(%peer, "closed: it said nothing in time (`Limits::time_to_speak`)");
                    return;
                }
            }
            Ok(Event::Look) => calls.look(),
            Ok(Event::Deadline) => {
                calls.expire();
                events.when(calls.deadlines().due(), Event::Deadline);
            }
            Ok(Event::Resets) if resets_told => {
                tracing::debug!(%peer, "closed: it goes on to reset streams (`Limits::max_resets_per_minute`)");
                return;
            }
            Ok(Event::Resets) => {
                // Those who did not mean it go on with another connection, and lose no call.
                tracing::info!(%peer, "GOAWAY: too many streams are reset (`Limits::max_resets_per_minute`)");
                resets_told = true;
                connection.as_mut().graceful_shutdown();
                events.when(heard.too_many_resets(), Event::Resets);
            }
            Ok(Event::Old(due)) => {
                match due {
                    Due::Drain => connection.as_mut().graceful_shutdown(),
                    Due::Stop => calls.end_with(|| too_old(&limits)),
                    Due::Cut => return,
                }
                events.age(due.next(&limits));
            }
            // Who has not spoken has no call, and may never speak.
            Ok(Event::Drain) if !heard.spoken() => return,
            // GOAWAY: what runs may end, nothing new begins.
            Ok(Event::Drain) => connection.as_mut().graceful_shutdown(),
            Ok(Event::Stop) => calls.end_with(|| Error::unavailable("the server is stopping")),
            Ok(Event::Cut) => return,
        }
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%peer, %error, "connection ended"),
        Err(error) => tracing::debug!(%peer, %error, "connection ended while it was written to"),
    }
}

fn too_old(limits: &Limits) -> Error {
    let age = limits.connection_age.unwrap_or_default();
    Error::unavailable(format!(
        "the connection is too old: the server's limit is `Limits::max_connection_age({age:?})`"
    ))
}
