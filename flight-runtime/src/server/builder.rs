//! [`FlightServerBuilder`]: services and settings, then a running server or a tower service.

mod beside;
mod given;
mod http2;
mod listening;

use std::borrow::Cow;
use std::fmt;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use tower::Layer;

use super::admission::Connections;
use super::connection::Shared;
use super::http2::Http2Settings;
use super::running::RunningServer;
use super::tls::TlsSettings;
use super::{StopSignals, run};
use crate::Error;
use crate::auth::{Authenticator, Gate, ServerAuthHandler};
use crate::error::BoxError;
use crate::handle::{Counters, ServerHandle, Signals};
use crate::limits::Limits;
use crate::location::{Location, Target};
use crate::middleware::{ServerMiddlewareFactory, Stack};
use crate::observe;
use crate::pem::Pem;
use crate::rpc::Method;
use crate::service::{
    Attempts, Beside, Budget, CallData, CallService, FlightService, GrpcService, Handlers, Keeper,
    Quota, Service, Settings,
};
use crate::wire::encode::DEFAULT_MAX_MESSAGE_SIZE;

/// Puts a layer of any type around a service.
type AddLayer = Box<dyn FnOnce(CallService) -> CallService + Send + Sync>;

/// Services and settings of a server.
///
/// ```no_run
/// use flight_runtime::prelude::*;
///
/// # struct Weather;
/// # #[flight_server]
/// # impl Weather {
/// #     #[action("a")]
/// #     fn a(&self) {}
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<(), Error> {
/// let server = FlightServer::builder(Weather)
///     .location("grpc://0.0.0.0:8815")
///     .max_message_size(64 << 20)
///     .start()
///     .await?;
/// println!("listening on {}", server.location());
/// server.wait().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `serve`, `start` or `into_service`"]
pub struct FlightServerBuilder {
    /// The first clash between handlers ends the start.
    handlers: Result<Handlers, Error>,
    settings: Settings,
    gate: Gate,
    middleware: Stack,
    layers: Vec<AddLayer>,
    location: Option<Location>,
    listeners: Vec<TcpListener>,
    tls: TlsSettings,
    http2: Http2Settings,
    shutdown_grace: Duration,
    #[cfg(feature = "prometheus")]
    metrics: Option<std::net::SocketAddr>,
}

impl FlightServerBuilder {
    pub(super) fn new() -> Self {
        Self {
            handlers: Ok(Handlers::new()),
            settings: Settings {
                expose_internal_errors: false,
                max_message_size: 256 << 20,
                max_reply_message_size: DEFAULT_MAX_MESSAGE_SIZE,
                advertise: Vec::new(),
                describe: true,
                beside: Beside::default(),
                limits: Limits::default(),
            },
            gate: Gate::default(),
            middleware: Stack::default(),
            layers: Vec::new(),
            location: None,
            listeners: Vec::new(),
            tls: TlsSettings::default(),
            http2: Http2Settings::default(),
            shutdown_grace: Duration::from_secs(30),
            #[cfg(feature = "prometheus")]
            metrics: None,
        }
    }

    /// Adds another service to the same server. Two handlers of one address are an error at the start that names both.
    pub fn add_service<S: FlightService>(mut self, service: S) -> Self {
        self.handlers = self.handlers.and_then(|mut handlers| {
            handlers.add(&Arc::new(service))?;
            Ok(handlers)
        });
        self
    }

    /// A certificate, with the chain behind it, and its private key, for a `grpc+tls://` location. Default: none.
    ///
    /// Said several times, a client gets the first certificate that has the name which it asked for (SNI) and a kind of key which it
    /// can verify; the first of all when it asked for none or for an unknown one. A name in a certificate may begin with `*.`.
    /// TLS is 1.2 or 1.3.
    ///
    /// Files are looked at every second. When one changes, all are read again and taken together, by new connections; those that are open
    /// go on. While the new ones are wrong, which the log says, the old ones stay. Needs the feature `tls-ring` or `tls-aws-lc`.
    ///
    /// ```no_run
    /// use flight_runtime::prelude::*;
    ///
    /// # struct Weather;
    /// # #[flight_server]
    /// # impl Weather {
    /// #     #[action("a")]
    /// #     fn a(&self) {}
    /// # }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Error> {
    /// FlightServer::builder(Weather)
    ///     .location("grpc+tls://0.0.0.0:8815")
    ///     .tls_certificate("/etc/flight/tls.crt", "/etc/flight/tls.key")
    ///     .serve()
    ///     .await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// At the start: a file that cannot be read, PEM without a certificate or key, a key that does not fit, a location in plain text.
    /// A certificate that has expired or is not valid yet is a warning in the log.
    pub fn tls_certificate(mut self, certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        self.tls.certificates.push((certificate.into(), key.into()));
        self
    }

    /// Whether every client must show a certificate that [`root_certificates`](Self::root_certificates) vouch for. Default: no.
    ///
    /// Without one the handshake fails. A handler sees who it is in [`CallContext::peer_identity`](crate::CallContext::peer_identity).
    ///
    /// ```no_run
    /// # use flight_runtime::prelude::*;
    /// # struct Weather;
    /// # #[flight_server]
    /// # impl Weather {
    /// #     #[action("a")]
    /// #     fn a(&self) {}
    /// # }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Error> {
    /// FlightServer::builder(Weather)
    ///     .location("grpc+tls://0.0.0.0:8815")
    ///     .tls_certificate("/etc/flight/tls.crt", "/etc/flight/tls.key")
    ///     .root_certificates("/etc/flight/clients.crt")
    ///     .verify_client(true)
    ///     .serve()
    ///     .await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// At the start: no root certificates, or [`client_certificate_optional`](Self::client_certificate_optional) beside it.
    pub fn verify_client(mut self, verify: bool) -> Self {
        self.tls.verify_client = verify;
        self
    }

    /// Clients may show a certificate; one that is shown must be good, as under [`verify_client`](Self::verify_client). Default: not asked for.
    ///
    /// A client without one is served, with an empty [`peer_identity`](crate::CallContext::peer_identity), which handlers must then judge.
    ///
    /// # Errors
    ///
    /// At the start: no root certificates, or `verify_client(true)` beside it.
    pub fn client_certificate_optional(mut self) -> Self {
        self.tls.client_certificate_optional = true;
        self
    }

    /// The authorities that may vouch for clients, one or more certificates; several calls add up. Default: none, also none of the system.
    ///
    /// Files are watched as those of [`tls_certificate`](Self::tls_certificate) are.
    ///
    /// # Errors
    ///
    /// At the start: a section that is no certificate of an authority, or neither [`verify_client`](Self::verify_client) nor
    /// [`client_certificate_optional`](Self::client_certificate_optional).
    pub fn root_certificates(mut self, pem: impl Into<Pem>) -> Self {
        self.tls.roots.push(pem.into());
        self
    }

    /// Authenticates by Flight's handshake, as `auth_handler` does in other Flight libraries: see [`ServerAuthHandler`]. Default: none.
    ///
    /// With it, every call needs credentials but for what is `public` on its attribute or through [`public`](Self::public).
    ///
    /// # Errors
    ///
    /// At the start: a second one.
    pub fn auth_handler(mut self, handler: impl ServerAuthHandler) -> Self {
        self.gate.set_handler(handler);
        self
    }

    /// Knows callers by what they send: see [`Authenticator`]. Several are asked one after the other. Default: none.
    ///
    /// With one, every call needs credentials but for what is `public` on its attribute or through [`public`](Self::public); ListFlights,
    /// ListActions and the lists in error messages show callers what they may use. In plain text on a network, where credentials can be
    /// read by others, the log has a warning.
    ///
    /// ```no_run
    /// use flight_runtime::ClientCertificates;
    /// use flight_runtime::prelude::*;
    ///
    /// struct Tables;
    ///
    /// #[flight_server(roles("admin"))]
    /// impl Tables {
    ///     #[action("compact", require = "role:admin")]
    ///     async fn compact(&self, caller: Principal) -> String {
    ///         format!("compacted for {}", caller.name())
    ///     }
    /// }
    ///
    /// # fn build() -> flight_runtime::FlightServerBuilder {
    /// FlightServer::builder(Tables).authenticator(ClientCertificates::new().role("operator", "admin"))
    /// # }
    /// ```
    pub fn authenticator(mut self, authenticator: impl Authenticator) -> Self {
        self.gate.add(authenticator);
        self
    }

    /// Calls that need no credentials, but for handlers with a `require` of their own; several calls add up. Default: none.
    ///
    /// For single handlers say `public` on the attribute. Once they are public themselves, ListFlights and ListActions show callers without
    /// credentials what these may use: with the example below the flights and their schemas, and no action.
    ///
    /// ```
    /// use flight_runtime::{ClientCertificates, Method};
    /// use flight_runtime::prelude::*;
    ///
    /// # struct Tables;
    /// # #[flight_server]
    /// # impl Tables {
    /// #     #[action("a")]
    /// #     fn a(&self) {}
    /// # }
    /// # fn build() -> flight_runtime::FlightServerBuilder {
    /// FlightServer::builder(Tables)
    ///     .authenticator(ClientCertificates::new())
    ///     .public([Method::ListFlights, Method::ListActions, Method::GetFlightInfo])
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// At the start: no authenticator, so that everything is public.
    pub fn public(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.gate.add_public(methods);
        self
    }

    /// Middleware around every call, under a key by which handlers find it: see [`ServerMiddlewareFactory`]. Default: none.
    ///
    /// The first that is added is the first to see a call and the last to be told of its end.
    ///
    /// # Errors
    ///
    /// At the start: two of one key.
    pub fn middleware(
        mut self,
        key: impl Into<Cow<'static, str>>,
        factory: impl ServerMiddlewareFactory,
    ) -> Self {
        self.middleware.add(key.into(), factory);
        self
    }

    /// A [`tower::Layer`] around the whole service: of requests and responses in HTTP, below authentication and middleware. Default: none.
    ///
    /// The first that is added is the outermost, as in tower's `ServiceBuilder`. tonic's interceptors are layers too
    /// ([`InterceptorLayer`](tonic::service::InterceptorLayer)). What a layer leaves in a request's extensions, handlers find in
    /// [`CallContext::extensions`](crate::CallContext::extensions). An error of a layer ends the call with INTERNAL, or with its own code when
    /// it is a [`Status`](tonic::Status).
    ///
    /// Bodies of answers are of [`CallData`], many buffers at once, so that Arrow's memory goes out uncopied; layers that leave bodies alone
    /// or are generic over their data keep it that way. A layer may also answer with bodies of `Bytes`.
    ///
    /// ```
    /// use flight_runtime::prelude::*;
    /// use flight_runtime::tonic::{Request, Status, service::InterceptorLayer};
    ///
    /// fn only_with_tenant(request: Request<()>) -> Result<Request<()>, Status> {
    ///     match request.metadata().contains_key("x-tenant") {
    ///         true => Ok(request),
    ///         false => Err(Status::invalid_argument("header `x-tenant` is missing")),
    ///     }
    /// }
    ///
    /// # struct Tables;
    /// # #[flight_server]
    /// # impl Tables {
    /// #     #[action("a")]
    /// #     fn a(&self) {}
    /// # }
    /// # fn build() -> flight_runtime::FlightServerBuilder {
    /// FlightServer::builder(Tables).layer(InterceptorLayer::new(only_with_tenant))
    /// # }
    /// ```
    pub fn layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<CallService> + Send + Sync + 'static,
        L::Service: tower::Service<
                Request<tonic::body::Body>,
                Response = Response<B>,
                Error: Into<BoxError>,
                Future: Send + 'static,
            > + Clone
            + Send
            + Sync
            + 'static,
        B: Body<Data: Into<CallData>, Error: Into<BoxError>> + Send + 'static,
    {
        self.layers
            .push(Box::new(move |service| service.inside(&layer)));
        self
    }

    /// A URI by which clients reach this server, put into the endpoints of generated FlightInfos; several may be said.
    ///
    /// Default: none, which Flight defines as "this very server". Say it for clients that need one, or behind a load balancer
    /// that must not be asked again.
    pub fn advertise(mut self, location: impl Into<Location>) -> Self {
        self.settings.advertise.push(location.into());
        self
    }

    /// Whether clients may ask for the [definition](crate::definition) of the services, by the action
    /// [`flight-runtime.definition`](crate::definition::ACTION). Default: yes.
    ///
    /// Callers get what they may use. Without it, the name is that of an action that is not there.
    pub fn describe(mut self, describe: bool) -> Self {
        self.settings.describe = describe;
        self
    }

    /// How much the server takes, from a connection to a batch: see [`Limits`]. Default: `Limits::default()`.
    ///
    /// # Errors
    ///
    /// At the start: a limit of 0, which would let nothing through.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// The largest message that a client may send, in bytes. Default: 256 MiB.
    ///
    /// A larger one ends the call with RESOURCE_EXHAUSTED before anything is allocated for it. One in gzip is held to it both as it travels
    /// and as it is decompressed, which stops there. C++ and Python clients send a batch as one
    /// message, whatever its size.
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.settings.max_message_size = bytes;
        self
    }

    /// The largest message of batches that this server sends, in bytes. Default: 4 MiB.
    ///
    /// A larger batch is sent in slices, which share its memory. The default is what Rust and Go clients accept without
    /// being told otherwise; C++, Python and Java clients take any size.
    pub fn max_reply_message_size(mut self, bytes: usize) -> Self {
        self.settings.max_reply_message_size = bytes;
        self
    }

    /// Whether clients see the text of errors that `?` swept up, and of panics, instead of an id. Default: no.
    ///
    /// For development: such texts name files, queries and addresses of the inside.
    pub fn expose_internal_errors(mut self, expose: bool) -> Self {
        self.settings.expose_internal_errors = expose;
        self
    }

    /// How long calls may go on after a first SIGINT or SIGTERM under [`serve`](Self::serve). Default: 30 s.
    ///
    /// Then those that still run end as [`shutdown_within`](ServerHandle::shutdown_within) says.
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.shutdown_grace = grace;
        self
    }

    /// Starts the server: when this returns, clients can connect.
    ///
    /// # Errors
    ///
    /// What is wrong with the location or its certificates (INVALID_ARGUMENT), a port that is taken or handlers that clash (FAILED_PRECONDITION); each
    /// says what to change.
    pub async fn start(mut self) -> Result<RunningServer, Error> {
        let listening = self.listening()?;
        let acceptor = self.tls.clone().acceptor(&listening.location)?;
        warn_of_plain_text(&self.gate, &listening.location)?;
        let http2 = self.http2()?;
        self.check()?;
        let shutdown_grace = self.shutdown_grace;
        let limits = self.limits_given().clone();
        let bound = listening.bind().await?;
        // Last of what may fail: a recorder of metrics stays for as long as the process, also where no server starts.
        #[cfg(feature = "prometheus")]
        self.serve_metrics().await?;
        let prepared = self.prepared()?;
        let signals = Signals::default();
        let counters = Arc::<Counters>::default();
        let handle = ServerHandle::new(
            bound.location.clone(),
            bound.port,
            signals.clone(),
            Arc::clone(&counters),
        );
        if let Some(acceptor) = &acceptor {
            acceptor.watch(signals.drain.clone());
        }
        let service = prepared.service(Some(handle.clone()), Arc::clone(&counters));
        let shared = Shared {
            tls: acceptor,
            http2,
            service,
            signals,
            connections: Connections::new(&limits, counters),
            limits: Arc::new(limits),
        };
        run(bound, shared);
        tracing::info!(location = %handle.location(), "serving Arrow Flight");
        Ok(RunningServer::new(handle, shutdown_grace))
    }

    /// How HTTP/2 is spoken.
    pub(super) fn http2(&self) -> Result<Http2Settings, Error> {
        self.http2.check()?;
        Ok(self.http2.clone())
    }

    /// What is served, once everything fits together.
    pub(super) fn prepare(mut self) -> Result<Prepared, Error> {
        self.check()?;
        self.prepared()
    }

    /// Looks whether everything fits together.
    fn check(&mut self) -> Result<(), Error> {
        self.gate.check()?;
        self.middleware.check()?;
        self.settings.limits.check()?;
        match &mut self.handlers {
            Ok(handlers) => handlers.settle(&self.gate),
            Err(clash) => Err(clash.again()),
        }
    }

    /// What is served, of what was looked at. Whoever records metrics is there by now: it is told what they are.
    fn prepared(mut self) -> Result<Prepared, Error> {
        observe::server_starts();
        self.settle_advertised();
        Ok(Prepared {
            service: Service {
                handlers: self.handlers?,
                middleware: self.middleware,
                gate: self.gate,
                budget: Budget::new(self.settings.limits.unfinished_bytes),
                settings: self.settings,
                quota: Quota::default(),
                attempts: Attempts::default(),
                keeper: Keeper::default(),
                server: None,
            },
            layers: self.layers,
        })
    }

    /// Starts the server and waits for its end: SIGINT, SIGTERM or [`shutdown`](ServerHandle::shutdown).
    ///
    /// After the first signal calls may go on for [`shutdown_grace`](Self::shutdown_grace); a second one ends at once.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub async fn serve(self) -> Result<(), Error> {
        // Before anybody is told that it serves: a signal in between would end the process as it stands.
        let signals = StopSignals::listen()?;
        self.start().await?.serve_until(signals).await;
        Ok(())
    }

    /// The services as a plain tower service, for a tonic or axum server of your own. The location and its certificates play no part.
    ///
    /// # Errors
    ///
    /// FAILED_PRECONDITION for handlers that clash, INVALID_ARGUMENT for settings that do.
    pub fn into_service(self) -> Result<GrpcService, Error> {
        Ok(GrpcService::new(
            self.prepare()?.service(None, Arc::default()),
        ))
    }
}

/// Services and settings that fit together.
pub(super) struct Prepared {
    service: Service,
    layers: Vec<AddLayer>,
}

impl Prepared {
    /// The services with everything around them.
    pub(super) fn service(
        self,
        server: Option<ServerHandle>,
        counters: Arc<Counters>,
    ) -> CallService {
        let service = CallService::new(Service {
            server,
            quota: Quota::new(counters),
            ..self.service
        });
        // From the inside out.
        let layers = self.layers.into_iter().rev();
        layers.fold(service, |service, layer| layer(service))
    }
}

/// Says in the log that credentials can be read on the way.
fn warn_of_plain_text(gate: &Gate, location: &Location) -> Result<(), Error> {
    if gate.has_secrets()
        && let Target::Tcp {
            host, tls: false, ..
        } = location.target()?
        && !is_loopback(&host)
    {
        tracing::warn!(
            %location,
            "credentials travel in plain text here: listen on `grpc+tls://`, unless something in front of this server speaks TLS"
        );
    }
    Ok(())
}

fn is_loopback(host: &str) -> bool {
    let address: Result<std::net::IpAddr, _> = host.parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

impl fmt::Debug for FlightServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlightServerBuilder")
            .field("location", &self.location)
            .field("settings", &self.settings)
            .field("gate", &self.gate)
            .field("middleware", &self.middleware)
            .field("layers", &self.layers.len())
            .field("tls", &self.tls)
            .field("http2", &self.http2)
            .finish_non_exhaustive()
    }
}
