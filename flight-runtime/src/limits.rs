//! [`Limits`]: how much a server takes, from a socket to a batch.

use std::fmt;
use std::time::Duration;

use crate::Error;
use crate::timers::countable;
use crate::wire::guard::GuardLimits;

/// How much a server takes: of connections, of calls, and of time. Each limit has a default that lets ordinary clients work and stops those
/// that would use the server up.
///
/// A limit that is reached is said to the client with its name, so that whoever reads the error knows what to change. `None`, where a limit
/// takes it, turns the limit off.
///
/// ```
/// use std::time::Duration;
///
/// use flight_runtime::Limits;
/// use flight_runtime::prelude::*;
///
/// # struct Tables;
/// # #[flight_server]
/// # impl Tables {
/// #     #[action("a")]
/// #     fn a(&self) {}
/// # }
/// # fn build() -> flight_runtime::FlightServerBuilder {
/// FlightServer::builder(Tables).limits(
///     Limits::default()
///         .max_calls(500)
///         .time_to_speak(Duration::from_secs(3)),
/// )
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    pub(crate) time_to_speak: Duration,
    pub(crate) connections: usize,
    pub(crate) connections_per_address: Option<usize>,
    pub(crate) connection_age: Option<Duration>,
    pub(crate) connection_age_grace: Option<Duration>,
    pub(crate) resets_per_minute: Option<u32>,
    pub(crate) calls: usize,
    pub(crate) calls_per_connection: u32,
    pub(crate) calls_per_identity: Option<usize>,
    pub(crate) calls_per_address: Option<usize>,
    pub(crate) upload_idle: Option<Duration>,
    pub(crate) download_idle: Option<Duration>,
    pub(crate) call_duration: Option<Duration>,
    pub(crate) upload_rows: Option<u64>,
    pub(crate) upload_bytes: Option<u64>,
    pub(crate) upload_duration: Option<Duration>,
    pub(crate) unfinished_bytes: usize,
    pub(crate) failed_logins_per_address: Option<u32>,
    pub(crate) handshake_duration: Option<Duration>,
    pub(crate) handshake_bytes: u64,
    pub(crate) header_size: u32,
    pub(crate) guard: GuardLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time_to_speak: Duration::from_secs(10),
            connections: 10_000,
            connections_per_address: None,
            connection_age: None,
            connection_age_grace: Some(Duration::from_secs(300)),
            resets_per_minute: Some(6_000),
            calls: 10_000,
            calls_per_connection: 200,
            calls_per_identity: Some(1_000),
            calls_per_address: None,
            upload_idle: Some(Duration::from_secs(300)),
            download_idle: Some(Duration::from_secs(300)),
            call_duration: None,
            upload_rows: None,
            upload_bytes: None,
            upload_duration: None,
            unfinished_bytes: 1 << 30,
            failed_logins_per_address: None,
            handshake_duration: Some(Duration::from_secs(30)),
            handshake_bytes: 1 << 20,
            header_size: 16 << 10,
            guard: GuardLimits::default(),
        }
    }
}

impl Limits {
    /// How long a client has from its connection to its first words: TLS, where there is some, and HTTP/2's preface and SETTINGS.
    /// Default: 10 s.
    ///
    /// Then the connection is closed; there is no call that a status could go to. Clients speak at once: 10 s are several round trips of the worst lines.
    /// A connection that has not spoken does not hold up the end of the server either.
    #[must_use]
    pub fn time_to_speak(mut self, limit: Duration) -> Self {
        self.time_to_speak = countable(limit);
        self
    }

    /// Connections at once. Default: 10,000.
    ///
    /// The next is closed as soon as it is accepted, before TLS: clients of gRPC see UNAVAILABLE, and try again after a pause that grows. The log
    /// has a warning every ten seconds at most, and [`ServerHandle::refused_connections`](crate::ServerHandle::refused_connections) counts.
    /// A connection that waits takes some 15 KiB, so the default is 150 MiB; the process needs a file descriptor for each (`ulimit -n`). Without one,
    /// connections are closed and counted in the same way.
    #[must_use]
    pub fn max_connections(mut self, limit: usize) -> Self {
        self.connections = limit;
        self
    }

    /// Connections at once from one IP address; an IPv6 address counts by its first 64 bits, which one machine may have all of. Default: `None`.
    ///
    /// The next is closed as under [`max_connections`](Self::max_connections). There is no default, because behind a proxy or an address translator all
    /// clients have one address. A server that clients reach directly does well with 100. Unix domain sockets have no address.
    #[must_use]
    pub fn max_connections_per_address(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.connections_per_address = limit.into();
        self
    }

    /// How old a connection may become, a tenth more or less so that not all of them end together. Default: `None`.
    ///
    /// Then its client is told with GOAWAY that nothing new begins on it, and goes on with another connection; calls that run may end, for as long as
    /// [`connection_age_grace`](Self::connection_age_grace). For servers behind a balancer of connections: without it a new server gets nothing
    /// from clients that are connected already.
    #[must_use]
    pub fn max_connection_age(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.connection_age = limit.into().map(countable);
        self
    }

    /// How long calls may go on, on a connection that has reached its [`max_connection_age`](Self::max_connection_age). Default: 5 minutes.
    ///
    /// Those that still run end with UNAVAILABLE, and the connection is closed half a second later. `None` lets them run to their ends.
    #[must_use]
    pub fn connection_age_grace(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.connection_age_grace = limit.into().map(countable);
        self
    }

    /// Streams that a client may reset in a minute, on one connection. Default: 6,000.
    ///
    /// A reset is how a client gives up a call: a download that is left before its end, a call that is cancelled, a deadline that passes. Each makes the
    /// server begin something for nothing, and takes none of the places that [`max_calls_per_connection`](Self::max_calls_per_connection) counts.
    ///
    /// With one more, the client is told with GOAWAY that nothing new begins on the connection. Its calls go on to their ends, and clients of
    /// gRPC open another connection, so that one that leaves downloads by the hundred each second loses nothing. One that goes on is cut
    /// off, once it has reset as many streams again as `max_calls_per_connection` lets it have.
    #[must_use]
    pub fn max_resets_per_minute(mut self, limit: impl Into<Option<u32>>) -> Self {
        self.resets_per_minute = limit.into();
        self
    }

    /// Calls at once, of all clients. Default: 10,000.
    ///
    /// The next ends with RESOURCE_EXHAUSTED before anything of it but its headers is read. A call counts until its handler and the stream that it
    /// returned are dropped. A handler that needs much memory or a connection to a database wants less than the default.
    #[must_use]
    pub fn max_calls(mut self, limit: usize) -> Self {
        self.calls = limit;
        self
    }

    /// Calls at once on one connection: HTTP/2's SETTINGS_MAX_CONCURRENT_STREAMS. Default: 200.
    ///
    /// Clients are told when they connect, and wait with the next call or open another connection. What a client sends over it all the same is reset with
    /// REFUSED_STREAM, which clients of gRPC see as UNAVAILABLE and may send again, because no handler has seen it. RFC 9113 advises against less
    /// than 100; a proxy puts the calls of many clients on one connection.
    #[must_use]
    pub fn max_calls_per_connection(mut self, limit: u32) -> Self {
        self.calls_per_connection = limit;
        self
    }

    /// Calls at once of one [`peer_identity`](crate::CallContext::peer_identity): the name of a principal or of a certificate. Default: 1,000.
    ///
    /// The next ends with RESOURCE_EXHAUSTED before its request is read. The default is a tenth of [`max_calls`](Self::max_calls), so that one
    /// caller leaves something for the others.
    #[must_use]
    pub fn max_calls_per_identity(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.calls_per_identity = limit.into();
        self
    }

    /// Calls at once from one IP address of callers whom nobody vouches for, counted as by
    /// [`max_connections_per_address`](Self::max_connections_per_address). Default: `None`, for the same reason.
    ///
    /// The next ends with RESOURCE_EXHAUSTED before its request is read.
    #[must_use]
    pub fn max_calls_per_address(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.calls_per_address = limit.into();
        self
    }

    /// For how long nothing of a request may come while it is waited for. Default: 5 minutes.
    ///
    /// The handler's stream then ends with DEADLINE_EXCEEDED. Only the client's silence counts: time in which a handler does not read is its own, and
    /// a client that takes what it is sent is not silent, so that an exchange may go on in one direction. An exchange in which both sides wait for
    /// longer than that wants another value, or `None`. Found within a quarter of the limit more. The default outlasts a client that pauses to
    /// compute its next batch.
    #[must_use]
    pub fn upload_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.upload_idle = limit.into().map(countable);
        self
    }

    /// For how long nothing of an answer may be taken by the client that waits for it. Default: 5 minutes.
    ///
    /// A client takes nothing when it grants HTTP/2 no window, or does not read its socket. The handler is then dropped, and the call ends with
    /// DEADLINE_EXCEEDED for a client that goes on within a quarter of the limit; after that its stream is reset with CANCEL, and nothing of the
    /// call is left. Only the client's silence counts: a handler may think for as long as it likes. Found within a quarter of the limit more. The
    /// default outlasts a person who looks at the first rows, and a client that writes to a slow disk. A service in another server
    /// ([`into_service`](crate::FlightServerBuilder::into_service)) does not know what clients take.
    #[must_use]
    pub fn download_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.download_idle = limit.into().map(countable);
        self
    }

    /// How long a call may take, whatever the client asks for. Default: `None`.
    ///
    /// It caps the client's own deadline: handlers see the earlier of both in [`CallContext::deadline`](crate::CallContext::deadline). The call ends
    /// with DEADLINE_EXCEEDED. There is no default, because a large download takes as long as its line needs.
    #[must_use]
    pub fn max_call_duration(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.call_duration = limit.into().map(countable);
        self
    }

    /// Rows of one DoPut or DoExchange. Default: `None`.
    ///
    /// With the batch that has one too many, the handler's stream ends with RESOURCE_EXHAUSTED. There is no default, because streams of any length
    /// are what Flight is for; a service that collects an upload in memory wants one.
    #[must_use]
    pub fn max_upload_rows(mut self, limit: impl Into<Option<u64>>) -> Self {
        self.upload_rows = limit.into();
        self
    }

    /// Bytes of one DoPut or DoExchange as they travel, with what frames their messages, and compressed where they are. Default: `None`.
    ///
    /// With the frame that has one too many, the handler's stream ends with RESOURCE_EXHAUSTED.
    #[must_use]
    pub fn max_upload_bytes(mut self, limit: impl Into<Option<u64>>) -> Self {
        self.upload_bytes = limit.into();
        self
    }

    /// How long one DoPut or DoExchange may send, from its beginning. Default: `None`.
    ///
    /// Then the handler's stream ends with RESOURCE_EXHAUSTED. It also ends an upload that trickles.
    #[must_use]
    pub fn max_upload_duration(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.upload_duration = limit.into().map(countable);
        self
    }

    /// Bytes of all messages that have begun to arrive and are not whole, of all clients; that of a call which takes one counts until its request has ended.
    /// Default: 1 GiB.
    ///
    /// One caller may hold as much as is still free, so at most half of it: whoever comes next finds room. The call whose message would take more ends with
    /// RESOURCE_EXHAUSTED, an upload's in the handler's stream. Callers are told apart by [`peer_identity`](crate::CallContext::peer_identity), and those
    /// whom nobody vouches for by their address. Beside it a server holds, for each connection, what HTTP/2's window lets come unread
    /// ([`initial_connection_window_size`](crate::FlightServerBuilder::initial_connection_window_size)). Less than twice
    /// [`max_message_size`](crate::FlightServerBuilder::max_message_size) means that the largest message does not fit.
    #[must_use]
    pub fn max_unfinished_bytes(mut self, limit: usize) -> Self {
        self.unfinished_bytes = limit;
        self
    }

    /// How often in a minute an address may be wrong about who it is: calls and handshakes that end with UNAUTHENTICATED because of what they bring.
    /// Default: `None`.
    ///
    /// Until the minute has passed, which begins with the first, all calls from there end with RESOURCE_EXHAUSTED before what they bring is
    /// judged, and so do handshakes. There is no default, because behind a proxy one client that guesses would lock out all. A server that clients reach
    /// directly does well with 20. Addresses are told apart as by [`max_connections_per_address`](Self::max_connections_per_address).
    #[must_use]
    pub fn max_failed_logins_per_address(mut self, limit: impl Into<Option<u32>>) -> Self {
        self.failed_logins_per_address = limit.into();
        self
    }

    /// How long a Handshake may take. Default: 30 s.
    ///
    /// The call ends with DEADLINE_EXCEEDED. Anybody may begin one, so it is held to less than other calls; the default is time enough for
    /// a login that asks another server. Where [`max_call_duration`](Self::max_call_duration) is less, that holds.
    #[must_use]
    pub fn max_handshake_duration(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.handshake_duration = limit.into().map(countable);
        self
    }

    /// Bytes that a client may send in one Handshake, in all. Default: 1 MiB.
    ///
    /// The call ends with RESOURCE_EXHAUSTED. One message may have at most [`MAX_HANDSHAKE_MESSAGE`](crate::MAX_HANDSHAKE_MESSAGE); the default is
    /// sixteen of those.
    #[must_use]
    pub fn max_handshake_bytes(mut self, limit: u64) -> Self {
        self.handshake_bytes = limit;
        self
    }

    /// Bytes of the headers of one call, as HTTP/2 counts them: names, values, and 32 for each. Default: 16 KiB.
    ///
    /// HTTP/2 itself answers with the HTTP status 431, which clients of gRPC show as UNKNOWN or INTERNAL; no handler or middleware sees the call. The
    /// default is what gRPC's C++ library takes. Large tokens want more.
    #[must_use]
    pub fn max_header_size(mut self, limit: u32) -> Self {
        self.header_size = limit;
        self
    }

    /// Fields of an upload's schema, nested ones included. Default: 10,000.
    ///
    /// The handler's stream ends with RESOURCE_EXHAUSTED. Wide tables have a few thousand, and each field becomes several allocations.
    #[must_use]
    pub fn max_schema_fields(mut self, limit: usize) -> Self {
        self.guard.fields = limit;
        self
    }

    /// How deep fields of an upload's schema nest; a plain column counts 1. Default: 64.
    ///
    /// The handler's stream ends with RESOURCE_EXHAUSTED. The default is the depth that Arrow's C++ library reads; whatever handles a schema
    /// recurses that deep.
    #[must_use]
    pub fn max_schema_nesting(mut self, limit: usize) -> Self {
        self.guard.nesting = limit;
        self
    }

    /// Rows of one batch of an upload, and of any array in it. Default: 2³¹ − 1.
    ///
    /// The handler's stream ends with RESOURCE_EXHAUSTED. Above the default, Arrow's format leaves support to each library. Columns of nulls take no bytes
    /// for their rows, so the size of a message does not bound them.
    #[must_use]
    pub fn max_batch_rows(mut self, limit: u64) -> Self {
        self.guard.rows = limit;
        self
    }

    /// Bytes that the buffers of one uploaded message may be in memory, once they are decompressed. Default: 256 MiB.
    ///
    /// The handler's stream ends with RESOURCE_EXHAUSTED, before anything is allocated. A message that is larger on its way may be as large as it is:
    /// [`max_message_size`](crate::FlightServerBuilder::max_message_size) bounds that, and has the same default.
    #[must_use]
    pub fn max_decompressed_size(mut self, limit: u64) -> Self {
        self.guard.decompressed = limit;
        self
    }

    /// Bytes of the dictionaries that are kept for one upload. Default: 256 MiB.
    ///
    /// The handler's stream ends with RESOURCE_EXHAUSTED. Later batches refer to dictionaries, so they stay for as long as the upload runs.
    #[must_use]
    pub fn max_dictionaries_size(mut self, limit: u64) -> Self {
        self.guard.dictionaries = limit;
        self
    }

    /// What would let nothing through.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let none = Duration::ZERO;
        let wrong = [
            ("time_to_speak", self.time_to_speak == none),
            ("max_connections", self.connections == 0),
            (
                "max_connections_per_address",
                self.connections_per_address == Some(0),
            ),
            ("max_connection_age", self.connection_age == Some(none)),
            ("max_resets_per_minute", self.resets_per_minute == Some(0)),
            ("max_calls", self.calls == 0),
            ("max_calls_per_connection", self.calls_per_connection == 0),
            ("max_calls_per_identity", self.calls_per_identity == Some(0)),
            ("max_calls_per_address", self.calls_per_address == Some(0)),
            ("upload_idle", self.upload_idle == Some(none)),
            ("download_idle", self.download_idle == Some(none)),
            ("max_call_duration", self.call_duration == Some(none)),
            ("max_upload_bytes", self.upload_bytes == Some(0)),
            ("max_upload_duration", self.upload_duration == Some(none)),
            ("max_unfinished_bytes", self.unfinished_bytes == 0),
            (
                "max_failed_logins_per_address",
                self.failed_logins_per_address == Some(0),
            ),
            (
                "max_handshake_duration",
                self.handshake_duration == Some(none),
            ),
            ("max_handshake_bytes", self.handshake_bytes == 0),
            ("max_header_size", self.header_size == 0),
            ("max_schema_fields", self.guard.fields == 0),
            ("max_schema_nesting", self.guard.nesting == 0),
            ("max_batch_rows", self.guard.rows == 0),
            ("max_decompressed_size", self.guard.decompressed == 0),
            ("max_dictionaries_size", self.guard.dictionaries == 0),
        ];
        match wrong.iter().find(|(_, wrong)| *wrong) {
            None => Ok(()),
            Some((name, _)) => Err(Error::invalid_argument(format!(
                "`Limits::{name}` is 0: nothing could be served"
            ))),
        }
    }
}

/// What a client is told of a limit.
pub(crate) fn reached(what: &str, option: &str, limit: impl fmt::Display) -> Error {
    Error::resource_exhausted(format!(
        "{what}: the server's limit is `Limits::{option}({limit})`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_lets_nothing_through_is_an_error_that_names_it() {
        assert!(Limits::default().check().is_ok());
        let error = Limits::default().max_calls(0).check().unwrap_err();
        assert_eq!(
            error.message(),
            "`Limits::max_calls` is 0: nothing could be served"
        );
    }
}
