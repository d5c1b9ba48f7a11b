//! Where a server listens, as the builder is told.

use std::net::TcpListener;

use super::FlightServerBuilder;
use crate::Error;
use crate::location::Location;
use crate::server::listener::{Bound, adopt, bind};

/// Where to listen.
pub(super) struct Listening {
    pub(super) location: Location,
    /// Sockets that are bound already.
    listeners: Vec<TcpListener>,
}

impl FlightServerBuilder {
    /// Where to listen. Default: `grpc://localhost:0`, a free port on IPv4 and IPv6; with a certificate, the same in TLS.
    pub fn location(mut self, location: impl Into<Location>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// A TCP socket that is bound already, in place of a [`location`](Self::location), beside which it is INVALID_ARGUMENT at the start. Several may be
    /// said; the first is what [`ServerHandle::location`](crate::ServerHandle::location) names. With a certificate they are in TLS.
    ///
    /// For sockets that come from elsewhere: from systemd, from the process before this one, from a program that opened a low port and gave up its
    /// rights, or with options of their own.
    ///
    /// ```
    /// use std::net::TcpListener;
    ///
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let port = listener.local_addr()?.port();
    /// let server = FlightServer::builder(Hello).listener(listener).start().await?;
    /// assert_eq!(server.port(), port);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// One of tokio's is [`into_std`](tokio::net::TcpListener::into_std) first.
    pub fn listener(mut self, listener: TcpListener) -> Self {
        self.listeners.push(listener);
        self
    }

    /// What has been said of it.
    pub(crate) fn place(&self) -> Option<Location> {
        let bound = self.listeners.first();
        let bound = bound.and_then(|listener| listener.local_addr().ok());
        let said = bound.map(Location::from).or_else(|| self.location.clone());
        said.map(|said| self.settled(said))
    }

    /// The same place where clients are sent.
    pub(super) fn settle_advertised(&mut self) {
        let said = std::mem::take(&mut self.settings.advertise);
        self.settings.advertise = said.into_iter().map(|said| self.settled(said)).collect();
    }

    fn settled(&self, said: Location) -> Location {
        match self.has_certificate() {
            true => said.with_certificates(),
            false => said,
        }
    }

    /// Where it is to be, and whether that fits together.
    pub(super) fn listening(&mut self) -> Result<Listening, Error> {
        if let Some(location) = &self.location
            && !self.listeners.is_empty()
        {
            return Err(Error::invalid_argument(format!(
                "`location({location})` and `listener` both say where to listen: leave one of them out"
            )));
        }
        let location = self.place();
        Ok(Listening {
            location: location.unwrap_or_else(|| self.settled(Location::default())),
            listeners: std::mem::take(&mut self.listeners),
        })
    }
}

impl Listening {
    /// Binds what is not bound.
    pub(super) async fn bind(self) -> Result<Bound, Error> {
        match self.listeners.is_empty() {
            true => bind(&self.location).await,
            false => adopt(self.location, self.listeners),
        }
    }
}
