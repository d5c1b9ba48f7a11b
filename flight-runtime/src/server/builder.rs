//! [`FlightServerBuilder`]: services and settings, then a running server or a tower service.

use std::sync::Arc;
use std::time::Duration;

use super::listener::bind;
use super::run;
use super::running::RunningServer;
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
    /// What is wrong with the location (INVALID_ARGUMENT), a port that is taken or handlers that clash (FAILED_PRECONDITION); each
    /// says what to change.
    pub async fn start(self) -> Result<RunningServer, Error> {
        let handlers = self.handlers?;
        let bound = bind(&self.location).await?;
        let signals = Signals::default();
        let handle = ServerHandle::new(bound.location.clone(), bound.port, signals.clone());
        let service = Service {
            handlers,
            settings: self.settings,
            server: Some(handle.clone()),
        };
        run(bound, signals, Arc::new(service));
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
        self.start().await?.serve().await
    }

    /// The services as a plain tower service, for a tonic or axum server of your own. The location plays no part.
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
