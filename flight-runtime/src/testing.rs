//! A service and a client, connected in memory: tests without a network.
//!
//! Everything is there that is there behind a socket: HTTP/2, authenticators, rules, middleware, layers, limits. There is no port, no thread
//! and nothing to wait for, so that tests run side by side.
//!
//! ```
//! use flight_runtime::{prelude::*, testing};
//!
//! struct Hello;
//!
//! #[flight_server(client = HelloClient)]
//! impl Hello {
//!     #[action("greet")]
//!     async fn greet(&self, name: String) -> String {
//!         format!("hello, {name}")
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let client = HelloClient::new(testing::connect(FlightServer::builder(Hello))?);
//! assert_eq!(client.greet("Ada").await?, "hello, Ada");
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! What waits or expires goes by tokio's clock: deadlines, tokens of [`BasicAuth`](crate::BasicAuth), keep-alive, periods of grace. In a test with
//! `#[tokio::test(start_paused = true)]` it stands still, runs on by itself while everybody waits, and is moved with [`tokio::time::advance`], so that
//! an hour takes no time. (JSON Web Tokens expire by the calendar: make one that has expired.)
//!
//! [`tokio::time::advance`]: https://docs.rs/tokio/latest/tokio/time/fn.advance.html

use std::future::{Future, ready};
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::{Dial, FlightClient, FlightClientBuilder};
use crate::error::Error;
use crate::handle::ServerHandle;
use crate::server::{FlightServerBuilder, Memory};

/// A client of this service, which lives in memory as long as the client and its clones do.
///
/// Location and TLS of the builder have no meaning here; everything else has.
///
/// # Errors
///
/// INVALID_ARGUMENT for services or settings that do not fit together, as at a server's start.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub fn connect(server: FlightServerBuilder) -> Result<FlightClient, Error> {
    Ok(client(Arc::new(Memory::start(server)?)))
}

/// A client whose connections this function makes: over a simulated network, or to [`TestServer::serve`] with something in between.
///
/// It is asked for one when the first call begins, and again when that is lost. Location and TLS of the builder have no meaning here; everything
/// else has.
///
/// # Errors
///
/// INVALID_ARGUMENT for settings that cannot work.
pub fn client_over<S, F>(
    client: FlightClientBuilder,
    dial: impl Fn() -> F + Send + Sync + 'static,
) -> Result<FlightClient, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    client.check()?;
    Ok(client.dialling(boxed(dial)))
}

fn boxed<S, F>(dial: impl Fn() -> F + Send + Sync + 'static) -> Dial
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    Arc::new(move || {
        let dialled = dial();
        async { Ok(Box::new(dialled.await?) as Box<_>) }.boxed()
    })
}

/// A server in memory: for tests of its end, or with several clients of their own connections.
///
/// It derefs to its [`ServerHandle`]. Dropped, it ends everything at once, whoever is still its client.
///
/// ```
/// use flight_runtime::testing::TestServer;
/// use flight_runtime::{Code, prelude::*};
///
/// struct Hello;
///
/// #[flight_server]
/// impl Hello {
///     #[action("stop")]
///     fn stop(&self, context: CallContext) {
///         context.server().expect("a server").shutdown();
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let server = TestServer::start(FlightServer::builder(Hello))?;
/// server.client().do_action(Action::new("stop", "")).await?.read_all().await?;
/// server.wait().await;
/// let refused = server.client().list_actions().await;
/// assert_eq!(refused.unwrap_err().code(), Code::Unavailable);
/// # Ok(())
/// # }
/// ```
pub struct TestServer(Arc<Memory>);

impl TestServer {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// Those of [`connect`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(server: FlightServerBuilder) -> Result<Self, Error> {
        Ok(Self(Arc::new(Memory::start(server)?)))
    }

    /// A client with a connection of its own.
    pub fn client(&self) -> FlightClient {
        client(Arc::clone(&self.0))
    }

    /// Serves a connection that was accepted elsewhere, in a task of its own: one of a simulated network, or one that a test damages.
    ///
    /// It is in plain text, whatever the builder says of TLS.
    ///
    /// ```
    /// use flight_runtime::testing::{TestServer, client_over};
    /// use flight_runtime::{FlightClient, prelude::*};
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// let server = TestServer::start(FlightServer::builder(Hello))?;
    /// let client = client_over(FlightClient::builder("grpc://test:1"), move || {
    ///     let (here, there) = tokio::io::duplex(1024);
    ///     let served = server.serve(there);
    ///     async move { served.map(|()| here) }
    /// })?;
    /// let results = client.do_action(Action::new("hello", "")).await?.read_all().await?;
    /// assert_eq!(results[0].body, "world");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the server is shutting down, or has as many connections as [`Limits`](crate::Limits) allow. The connection is closed then.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn serve<S>(&self, connection: S) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.0.serve(connection)
    }
}

impl Drop for TestServer {
    /// Clients hold it too.
    fn drop(&mut self) {
        self.0.handle().abort();
    }
}

impl Deref for TestServer {
    type Target = ServerHandle;

    fn deref(&self) -> &ServerHandle {
        self.0.handle()
    }
}

impl std::fmt::Debug for TestServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestServer").finish_non_exhaustive()
    }
}

fn client(server: Arc<Memory>) -> FlightClient {
    let location = server.handle().location().clone();
    let dial = boxed(move || ready(server.connect()));
    FlightClient::builder(location).dialling(dial)
}
