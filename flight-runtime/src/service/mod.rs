//! The service: one set of handlers behind one `http::Request → http::Response`, whatever their number and types.
//!
//! ```text
//! layers ── dispatch ──► handlers (routes, rules) ──► generated glue ──► the user's method
//!      ▲        └ middleware, gate                                          │
//!   response ◄── frames ◄── encode ◄──────────── reply (Items, Sink) ◄──────┘
//! ```

mod answering;
mod answers;
mod attempts;
mod beside;
mod budget;
mod describe;
mod dispatch;
mod driver;
mod frames;
mod handlers;
mod keeper;
mod layers;
mod quota;
mod response;
mod status;
mod table;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;

use crate::auth::Gate;
use crate::caller::{Caller, Peer};
use crate::context::TimeLimit;
use crate::error::BoxError;
use crate::handle::ServerHandle;
use crate::limits::Limits;
use crate::location::Location;
use crate::middleware::Stack;
use crate::pace::Pace;
use crate::rpc::{Method, SERVICE_NAME};
use crate::wire::upload::Bounds;

pub use layers::{CallFuture, CallService};
pub use response::{CallBody, CallData};
pub use table::FlightService;
#[doc(hidden)]
pub use table::{HandlerDef, Place, ServiceDef, Table};

pub(crate) use attempts::Attempts;
pub(crate) use beside::Beside;
pub(crate) use budget::Budget;
pub(crate) use handlers::Handlers;
pub(crate) use keeper::Keeper;
pub(crate) use quota::Quota;

/// What authenticators see as the method of a call that is none of Flight's: the one that is most like asking a server about itself.
const STAND_IN: Method = Method::ListActions;

/// What the builder sets for every call.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) expose_internal_errors: bool,
    pub(crate) max_message_size: usize,
    pub(crate) max_reply_message_size: usize,
    pub(crate) advertise: Vec<Location>,
    /// Whether the action that gives the definition is there.
    pub(crate) describe: bool,
    /// The gRPC services beside Flight.
    pub(crate) beside: Beside,
    pub(crate) limits: Limits,
}

/// Handlers and settings: everything that calls share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) handlers: Handlers,
    pub(crate) middleware: Stack,
    pub(crate) gate: Gate,
    pub(crate) settings: Settings,
    pub(crate) quota: Quota,
    pub(crate) budget: Budget,
    pub(crate) attempts: Attempts,
    pub(crate) keeper: Keeper,
    pub(crate) server: Option<ServerHandle>,
}

impl Service {
    fn time_limit(&self, method: Method) -> Option<TimeLimit> {
        let limits = &self.settings.limits;
        let of = |limit: Option<_>, option| Some((limit?, option));
        let handshake = limits
            .handshake_duration
            .filter(|_| method == Method::Handshake);
        let (limit, option) = [
            of(limits.call_duration, "max_call_duration"),
            of(handshake, "max_handshake_duration"),
        ]
        .into_iter()
        .flatten()
        .min()?;
        Some(TimeLimit { limit, option })
    }

    /// What holds for the request of such a call.
    fn bounds(&self, method: Method, pace: &Pace) -> Bounds {
        let limits = &self.settings.limits;
        let is_upload = matches!(method, Method::DoPut | Method::DoExchange);
        Bounds::new(
            limits.upload_idle,
            match method {
                Method::Handshake => Some((limits.handshake_bytes, "max_handshake_bytes")),
                _ if is_upload => limits.upload_bytes.map(|limit| (limit, "max_upload_bytes")),
                _ => None,
            },
            limits.upload_duration.filter(|_| is_upload),
            Arc::clone(pace.progress()),
        )
    }
}

/// A service for a tonic server, an axum router or any tower stack of your own: [`FlightServerBuilder::into_service`].
///
/// ```no_run
/// use flight_runtime::prelude::*;
///
/// struct Hello;
///
/// #[flight_server]
/// impl Hello {
///     #[action("hello")]
///     fn hello(&self) -> &'static str {
///         "world"
///     }
/// }
///
/// # async fn run() -> Result<(), Error> {
/// let service = FlightServer::builder(Hello).into_service()?;
/// flight_runtime::tonic::transport::Server::builder()
///     .add_service(service)
///     .serve("127.0.0.1:8815".parse()?)
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// What belongs to connections is the other server's: frame sizes, windows, limits, TLS (so that
/// [`peer_identity`](crate::CallContext::peer_identity) is empty). tonic's server also keeps the client's deadline itself until the
/// head of the answer is out, and then says CANCELLED where this framework's says DEADLINE_EXCEEDED.
///
/// The other server's own layers leave the body of a request as it is, or pass on its [`is_end_stream`](Body::is_end_stream): by that an upload that was broken
/// off is told from one that has ended, and calls without it end with ABORTED.
///
/// Data goes out as `Bytes` there, which costs copies of small buffers that [`FlightServer`](crate::FlightServer) does not make.
/// Authenticators, middleware and layers are the service's own, and work there as they do here.
///
/// [`FlightServerBuilder::into_service`]: crate::FlightServerBuilder::into_service
#[derive(Clone)]
pub struct GrpcService {
    service: CallService,
}

impl GrpcService {
    pub(crate) fn new(service: CallService) -> Self {
        Self { service }
    }
}

impl fmt::Debug for GrpcService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcService").finish_non_exhaustive()
    }
}

impl tonic::server::NamedService for GrpcService {
    const NAME: &'static str = SERVICE_NAME;
}

impl<B> tower::Service<Request<B>> for GrpcService
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = GrpcFuture<B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> GrpcFuture<B> {
        let caller = caller_of(request.extensions());
        GrpcFuture(self.service.clone().answer(caller, request))
    }
}

/// The answer of a [`GrpcService`].
#[must_use = "a call does not begin before it is polled"]
pub struct GrpcFuture<B>(CallFuture<B>);

impl<B> fmt::Debug for GrpcFuture<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcFuture").finish_non_exhaustive()
    }
}

impl<B> Future for GrpcFuture<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<tonic::body::Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.0).poll(cx))?;
        let body = |body| tonic::body::Body::new(response::BytesBody::new(body));
        Poll::Ready(Ok(response.map(body)))
    }
}

/// What the connection loop, or tonic's server, says of the connection.
fn caller_of(extensions: &http::Extensions) -> Caller {
    use tonic::transport::server::{TcpConnectInfo, UdsConnectInfo};
    if let Some(caller) = extensions.get::<Caller>() {
        return caller.clone();
    }
    if let Some(peer) = extensions.get::<Peer>() {
        return peer.socket_addr().map_or(*peer, Peer::tcp).into();
    }
    if extensions.get::<UdsConnectInfo>().is_some() {
        return Peer::Unix.into();
    }
    extensions
        .get::<TcpConnectInfo>()
        .and_then(TcpConnectInfo::remote_addr)
        .map_or(Peer::Unknown, Peer::tcp)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_by_ipv4_is_known_by_it_in_another_server_too() {
        let mut extensions = http::Extensions::new();
        let said = Peer::Tcp("[::ffff:192.0.2.1]:4711".parse().unwrap());
        extensions.insert(said);
        let expected = Peer::Tcp("192.0.2.1:4711".parse().unwrap());
        assert_eq!(caller_of(&extensions).peer, expected);
        extensions.insert(Peer::Unix);
        assert_eq!(caller_of(&extensions).peer, Peer::Unix);
    }
}
