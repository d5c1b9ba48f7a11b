//! [`CallContext`]: who calls, until when, and what goes back beside the data.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Notify;
use tonic::metadata::{MetadataMap, MetadataValue};

use crate::Error;
use crate::caller::{Caller, Peer};
use crate::certificate::PeerCertificate;
use crate::handle::ServerHandle;
use crate::headers::GRPC_TIMEOUT;
use crate::limits::reached;
use crate::middleware::Started;
use crate::observe::{Observed, TraceContext};
use crate::principal::{Admission, Principal};
use crate::rpc::Method;

/// Everything about a call that is not its payload.
///
/// An argument of any handler. Cheap to clone, and valid for as long as the call's stream runs.
///
/// ```
/// use flight_runtime::prelude::*;
///
/// struct Slow;
///
/// #[flight_server]
/// impl Slow {
///     #[action("wait")]
///     async fn wait(&self, ctx: CallContext) -> Result<String, Error> {
///         ctx.add_header("x-served-by", "slow")?;
///         tracing::info!(peer = %ctx.peer(), "waiting");
///         Ok(format!("{} is patient", ctx.peer()))
///     }
/// }
/// ```
#[derive(Clone)]
pub struct CallContext(Arc<Inner>);

struct Inner {
    method: Method,
    caller: Caller,
    headers: MetadataMap,
    extensions: Extensions,
    deadline: Option<Instant>,
    /// The server's own limit, when it comes before the client's.
    limit: Option<TimeLimit>,
    cancelled: AtomicBool,
    /// Those who wait for that.
    waiting: Notify,
    outgoing: Mutex<Outgoing>,
    /// Unset until the caller was asked for credentials.
    admission: OnceLock<Admission>,
    middleware: Started,
    /// Unset until it is found.
    route: OnceLock<&'static str>,
    server: Option<ServerHandle>,
    observed: Observed,
}

/// A limit on the time of a call, and its option.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeLimit {
    pub(crate) limit: Duration,
    pub(crate) option: &'static str,
}

/// What the handler wants sent beside its data.
#[derive(Default)]
struct Outgoing {
    /// `None` once the head is on its way.
    headers: Option<HeaderMap>,
    trailers: HeaderMap,
}

impl CallContext {
    #[cfg(test)]
    pub(crate) fn new(
        method: Method,
        caller: impl Into<Caller>,
        headers: HeaderMap,
        extensions: Extensions,
        server: Option<ServerHandle>,
        limit: Option<TimeLimit>,
    ) -> Result<Self, Error> {
        Self::of_call(method, None, caller, headers, extensions, server, limit)
    }

    /// `beside` is the name of a call that is none of Flight's.
    pub(crate) fn of_call(
        method: Method,
        beside: Option<&'static str>,
        caller: impl Into<Caller>,
        headers: HeaderMap,
        extensions: Extensions,
        server: Option<ServerHandle>,
        limit: Option<TimeLimit>,
    ) -> Result<Self, Error> {
        let asked = timeout(&headers)?;
        let limit = limit.filter(|most| asked.is_none_or(|asked| most.limit < asked));
        let deadline = match limit {
            Some(TimeLimit { limit, .. }) => Some(limit),
            None => asked,
        };
        let deadline = deadline.and_then(|timeout| now().checked_add(timeout));
        let caller = caller.into();
        let observed = Observed::new(
            beside.unwrap_or(method.name()),
            beside.is_none(),
            caller.peer,
            &headers,
        );
        Ok(Self(Arc::new(Inner {
            method,
            caller,
            headers: MetadataMap::from_headers(headers),
            extensions,
            deadline,
            limit,
            cancelled: AtomicBool::new(false),
            waiting: Notify::new(),
            outgoing: Mutex::new(Outgoing {
                headers: Some(HeaderMap::new()),
                ..Outgoing::default()
            }),
            admission: OnceLock::new(),
            middleware: Started::default(),
            route: OnceLock::new(),
            server,
            observed,
        })))
    }

    /// The call as the client made it. A `#[do_get]` handler that is asked for its schema alone sees `GetFlightInfo`.
    pub fn method(&self) -> Method {
        self.0.method
    }

    /// What is called, once it is found: the text of the route, or the name of the action. `None` before that (in
    /// [`start_call`](crate::ServerMiddlewareFactory::start_call)), for catch-alls, for lists and for what does not exist.
    ///
    /// There are as many as the service has handlers, so it is what logs and metrics are labelled with; a ticket may be anything.
    pub fn route(&self) -> Option<&'static str> {
        self.0.route.get().copied()
    }

    /// Which trace the call belongs to, as its `traceparent` says; `None` without one, or with a wrong one.
    pub fn trace_context(&self) -> Option<&TraceContext> {
        self.0.observed.trace(self.0.headers.as_ref())
    }

    /// The call's span, which its handler runs in: for a task that it spawns and that is to log in the call's name.
    pub fn span(&self) -> &tracing::Span {
        self.0.observed.span()
    }

    pub(crate) fn observed(&self) -> &Observed {
        &self.0.observed
    }

    /// Where the call comes from.
    pub fn peer(&self) -> Peer {
        self.0.caller.peer
    }

    /// Who calls: the name of the [`principal`](Self::principal), else the name in the client's TLS certificate; `""` when nobody vouches
    /// for the client.
    ///
    /// The name in a certificate is its first URI name, else its first DNS name, else the common name of its subject, read once a
    /// connection. It was verified against [`root_certificates`](crate::FlightServerBuilder::root_certificates), so it is as trustworthy as
    /// they are. A service that is mounted in another server knows no certificates.
    ///
    /// ```
    /// use flight_runtime::prelude::*;
    ///
    /// # struct Tables;
    /// # #[flight_server]
    /// # impl Tables {
    /// #[action("compact")]
    /// async fn compact(&self, ctx: CallContext) -> Result<(), Error> {
    ///     match ctx.peer_identity() {
    ///         "spiffe://example.org/maintenance" => Ok(()),
    ///         other => Err(Error::permission_denied(format!("`{other}` does not maintain tables"))),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn peer_identity(&self) -> &str {
        match self.principal() {
            Some(principal) => principal.name(),
            None => self.certificate_identity().unwrap_or_default(),
        }
    }

    /// Who calls, as an [`Authenticator`](crate::Authenticator) found out; `None` when the server has none, and in what is public also for
    /// callers without credentials.
    pub fn principal(&self) -> Option<&Principal> {
        match self.0.admission.get()? {
            Admission::Known(principal) => Some(principal),
            Admission::Open | Admission::Anonymous { .. } => None,
        }
    }

    /// The name in the client's certificate, whoever the principal is.
    pub(crate) fn certificate_identity(&self) -> Option<&str> {
        self.peer_certificate()?.identity()
    }

    /// The middleware of this type that was started for the call; the first one, where several are of it. Once the call has ended there is none.
    ///
    /// ```
    /// use flight_runtime::ServerMiddleware;
    /// use flight_runtime::prelude::*;
    ///
    /// struct Tenant(String);
    /// impl ServerMiddleware for Tenant {}
    ///
    /// fn tenant(context: &CallContext) -> Option<String> {
    ///     Some(context.middleware::<Tenant>()?.0.clone())
    /// }
    /// ```
    pub fn middleware<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.started().find(None)
    }

    /// The middleware that was started under this key; `None` also when it is of another type, and once the call has ended.
    pub fn get_middleware<T: Any + Send + Sync>(&self, key: &str) -> Option<Arc<T>> {
        self.started().find(Some(key))
    }

    /// The certificate that the client proved to be its own over TLS.
    pub fn peer_certificate(&self) -> Option<&PeerCertificate> {
        self.0.caller.certificate.as_deref()
    }

    /// The headers that came with the call, text and (`-bin`) binary.
    pub fn headers(&self) -> &MetadataMap {
        &self.0.headers
    }

    /// What tower layers left for the handler.
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// When the client stops waiting, from its `grpc-timeout`, or when the server's own limit
    /// ([`Limits::max_call_duration`](crate::Limits::max_call_duration)) is reached, if that is earlier; the call then ends with DEADLINE_EXCEEDED by itself.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// What a call is told that has come to its deadline.
    pub(crate) fn deadline_exceeded(&self) -> Error {
        Error::deadline_exceeded(match self.0.limit {
            None => "the call's deadline passed before its end".to_owned(),
            Some(TimeLimit { limit, option }) => {
                let error = reached("the call took too long", option, format_args!("{limit:?}"));
                error.message().to_owned()
            }
        })
    }

    /// Whether nobody waits for the answer any more: cancelled, disconnected, past the deadline, or ended.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// Completes when nobody waits for the answer any more.
    ///
    /// An async handler is dropped at that moment and needs this only for tasks that it has spawned; a blocking
    /// one asks [`is_cancelled`](Self::is_cancelled) from time to time.
    pub async fn cancelled(&self) {
        // Made before it is looked: who cancels behind that tells it.
        let told = self.0.waiting.notified();
        if !self.is_cancelled() {
            told.await;
        }
    }

    /// Sends a header before the first message.
    ///
    /// The value of a key that ends in `-bin` may be any bytes, of any other key visible ASCII and spaces. A key may be given
    /// several times.
    ///
    /// # Errors
    ///
    /// FAILED_PRECONDITION once the headers are sent (a trailer still goes); INTERNAL for a key or value that is none.
    pub fn add_header(&self, key: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        let (key, value) = metadata(key, value.as_ref())?;
        match &mut self.outgoing().headers {
            Some(headers) => {
                headers.append(key, value);
                Ok(())
            }
            None => Err(Error::failed_precondition(format!(
                "header `{key}` comes too late: headers are sent with the first message; use add_trailer"
            ))),
        }
    }

    /// The same for a header of the framework's own, which there is once.
    pub(crate) fn insert_header(&self, key: HeaderName, value: HeaderValue) {
        if let Some(headers) = &mut self.outgoing().headers {
            headers.insert(key, value);
        }
    }

    /// Sends a trailer after the last message, whether the call succeeds or fails.
    ///
    /// # Errors
    ///
    /// INTERNAL for a key or value that is none, as for [`add_header`](Self::add_header).
    pub fn add_trailer(&self, key: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        let (key, value) = metadata(key, value.as_ref())?;
        self.outgoing().trailers.append(key, value);
        Ok(())
    }

    /// The server that runs this call, to shut it down or to ask where it listens; `None` when the service is
    /// mounted in another server.
    pub fn server(&self) -> Option<&ServerHandle> {
        self.0.server.as_ref()
    }

    pub(crate) fn admission(&self) -> Option<&Admission> {
        self.0.admission.get()
    }

    /// Says whether the call was let in, once.
    pub(crate) fn admit(&self, admission: Admission) {
        if self.0.admission.set(admission).is_ok() {
            self.0.observed.identified(self.peer_identity());
        }
    }

    /// Says in a Handshake who has logged in, so that middleware and logs know it too; what [`ServerAuthHandler`](crate::ServerAuthHandler) and
    /// [`Authenticator::handshake`](crate::Authenticator::handshake) do once they are sure.
    ///
    /// The first time counts. In any other call it does nothing: who calls is settled before its handler runs.
    pub fn identify(&self, principal: Principal) {
        if self.method() == Method::Handshake {
            self.admit(Admission::Known(principal));
        }
    }

    /// Says what is called. The first time counts: what a handler leads to is none of the client's call.
    pub(crate) fn found(&self, route: Option<&'static str>) {
        let is_list = matches!(self.method(), Method::ListFlights | Method::ListActions);
        if let Some(route) = route.filter(|_| !is_list)
            && self.0.route.set(route).is_ok()
        {
            self.0.observed.found(route);
        }
    }

    /// The middleware of the call.
    pub(crate) fn started(&self) -> &Started {
        &self.0.middleware
    }

    fn outgoing(&self) -> MutexGuard<'_, Outgoing> {
        // A panic while it was held leaves two header maps, which are whole at every moment.
        self.0
            .outgoing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the headers: from now on [`add_header`](Self::add_header) is refused.
    pub(crate) fn take_headers(&self) -> HeaderMap {
        self.outgoing().headers.take().unwrap_or_default()
    }

    pub(crate) fn take_trailers(&self) -> HeaderMap {
        std::mem::take(&mut self.outgoing().trailers)
    }

    pub(crate) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        self.0.waiting.notify_waiters();
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("method", &self.0.method)
            .field("peer", &self.0.caller.peer)
            .field("peer_identity", &self.peer_identity())
            .field("deadline", &self.0.deadline)
            .finish_non_exhaustive()
    }
}

/// A header or trailer as it goes on the wire.
pub(crate) fn metadata(key: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue), Error> {
    let lower = key.to_ascii_lowercase();
    if lower.starts_with("grpc-") {
        return Err(Error::internal(format!(
            "`{key}` cannot be set: keys that start with `grpc-` belong to gRPC"
        )));
    }
    let name = HeaderName::try_from(&lower).map_err(|_| {
        Error::internal(format!(
            "`{key}` is not a header key: letters, digits, `-`, `_` and `.`"
        ))
    })?;
    let value = if lower.ends_with("-bin") {
        let encoded = MetadataValue::<tonic::metadata::Binary>::from_bytes(value);
        HeaderValue::from_bytes(encoded.as_encoded_bytes())
    } else if value.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        HeaderValue::from_bytes(value)
    } else {
        return Err(Error::internal(format!(
            "the value of header `{key}` is not visible ASCII: end the key in `-bin` to send any bytes"
        )));
    };
    let value =
        value.map_err(|error| Error::internal(format!("value of header `{key}`: {error}")))?;
    Ok((name, value))
}

/// By tokio's clock, which tests can stop.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// `grpc-timeout`: at most eight digits and a unit (gRPC over HTTP/2, "Timeout").
fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Error> {
    let Some(value) = headers.get(GRPC_TIMEOUT) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let parsed = text
        .split_at_checked(text.len().saturating_sub(1))
        .and_then(|(digits, unit)| {
            if digits.is_empty()
                || digits.len() > 8
                || !digits.bytes().all(|byte| byte.is_ascii_digit())
            {
                return None;
            }
            let count: u64 = digits.parse().ok()?;
            Some(match unit {
                "H" => Duration::from_secs(count.checked_mul(3600)?),
                "M" => Duration::from_secs(count.checked_mul(60)?),
                "S" => Duration::from_secs(count),
                "m" => Duration::from_millis(count),
                "u" => Duration::from_micros(count),
                "n" => Duration::from_nanos(count),
                _ => return None,
            })
        });
    match parsed {
        Some(timeout) => Ok(Some(timeout)),
        None => Err(Error::invalid_argument(
            "grpc-timeout is not up to eight digits and one of H, M, S, m, u, n".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use futures::future::FutureExt;

    use super::*;

    fn context() -> CallContext {
        CallContext::new(
            Method::DoGet,
            Peer::Unix,
            HeaderMap::new(),
            Extensions::new(),
            None,
            None,
        )
        .unwrap()
    }

    #[test]
    fn all_who_wait_for_the_end_are_told_and_who_asks_behind_it_does_not_wait() {
        let context = context();
        let mut waiting = [(); 2].map(|()| Box::pin(context.cancelled()));
        for waits in &mut waiting {
            assert!(waits.as_mut().now_or_never().is_none());
        }
        assert!(!context.is_cancelled());
        context.cancel();
        assert!(context.is_cancelled());
        for waits in waiting {
            waits.now_or_never().expect("it has been told");
        }
        context.cancelled().now_or_never().expect("it has ended");
    }

    #[test]
    fn a_header_after_the_first_message_is_an_error_that_the_handler_sees() {
        let context = context();
        context.add_header("x-a", "1").unwrap();
        context.add_header("x-a", "2").unwrap();
        assert_eq!(context.take_headers().get_all("x-a").iter().count(), 2);
        let error = context.add_header("x-b", "1").unwrap_err();
        assert_eq!(error.code(), crate::Code::FailedPrecondition);
        context.add_trailer("x-b", "1").unwrap();
    }

    #[test]
    fn binary_values_are_encoded_and_text_must_be_ascii() {
        let context = context();
        context.add_trailer("x-a-bin", [0, 255]).unwrap();
        assert_eq!(context.take_trailers()["x-a-bin"], "AP8");
        assert!(context.add_trailer("x-a", "ü").is_err());
        assert!(context.add_trailer("x a", "b").is_err());
        assert!(context.add_trailer("grpc-status", "0").is_err());
    }

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", text.parse().unwrap());
            timeout(&headers)
        };
        assert_eq!(
            of("99999999H").unwrap(),
            Some(Duration::from_secs(99_999_999 * 3600))
        );
        assert_eq!(of("250m").unwrap(), Some(Duration::from_millis(250)));
        for wrong in ["", "5", "S", "123456789S", "-1S", "1x", "1.5S"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
