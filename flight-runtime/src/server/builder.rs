//! [`FlightServerBuilder`]: services and settings, then a running server or a tower service.

use std::sync::Arc;
use std::time::Duration;

use super::listener::bind;
use super::running::RunningServer;
use super::tls::{Pem, TlsSettings};
use super::{StopSignals, run};
use crate::Error;
use crate::handle::{ServerHandle, Signals};
use crate::location::Location;
use crate::service::{FlightService, GrpcService, Handlers, Service, Settings};
use crate::wire::encode::DEFAULT_MAX_MESSAGE_SIZE;
use crate::wire::guard::GuardLimits;

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
#[derive(Debug)]
#[must_use = "a builder does nothing until `serve`, `start` or `into_service`"]
pub struct FlightServerBuilder {
    /// The first clash between handlers ends the start.
    handlers: Result<Handlers, Error>,
    settings: Settings,
    location: Location,
    tls: TlsSettings,
    shutdown_grace: Duration,
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
                guard: GuardLimits::default(),
            },
            location: Location::default(),
            tls: TlsSettings::default(),
            shutdown_grace: Duration::from_secs(30),
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

    /// Where to listen. Default: `grpc://localhost:0`, a free port on IPv4 and IPv6.
    pub fn location(mut self, location: impl Into<Location>) -> Self {
        self.location = location.into();
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

    /// A URI by which clients reach this server, put into the endpoints of generated FlightInfos; several may be said.
    ///
    /// Default: none, which Flight defines as "this very server". Say it for clients that need one, or behind a load balancer
    /// that must not be asked again.
    pub fn advertise(mut self, location: impl Into<Location>) -> Self {
        self.settings
            .advertise
            .push(location.into().as_str().to_owned());
        self
    }

    /// The largest message that a client may send, in bytes. Default: 256 MiB.
    ///
    /// A larger one ends the call with RESOURCE_EXHAUSTED before anything is allocated for it. C++ and Python clients send a batch as one
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
    pub async fn start(self) -> Result<RunningServer, Error> {
        let handlers = self.handlers?;
        let acceptor = self.tls.acceptor(&self.location)?;
        let bound = bind(&self.location).await?;
        let signals = Signals::default();
        let handle = ServerHandle::new(bound.location.clone(), bound.port, signals.clone());
        let service = Service {
            handlers,
            settings: self.settings,
            server: Some(handle.clone()),
        };
        if let Some(acceptor) = &acceptor {
            acceptor.watch(signals.drain.clone());
        }
        run(bound, acceptor, signals, Arc::new(service));
        tracing::info!(location = %handle.location(), "serving Arrow Flight");
        Ok(RunningServer::new(handle, self.shutdown_grace))
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
    /// FAILED_PRECONDITION for handlers that clash.
    pub fn into_service(self) -> Result<GrpcService, Error> {
        Ok(GrpcService::new(Service {
            handlers: self.handlers?,
            settings: self.settings,
            server: None,
        }))
    }
}
