//! What the builder says of what is served beside Flight: health, reflection, metrics.

use super::FlightServerBuilder;

impl FlightServerBuilder {
    /// Serves `grpc.health.v1.Health`, Check and Watch, for probes and load balancers. Default: no.
    ///
    /// It knows two names: the empty one, for the whole server, and `arrow.flight.protocol.FlightService`. Both are SERVING until the server's end
    /// begins or [`ServerHandle::set_serving`](crate::ServerHandle::set_serving) says otherwise, then NOT_SERVING; a Watch ends behind that when it is the end. With authenticators it
    /// asks for credentials as everything else does; see [`public_health`](Self::public_health). Middleware does not see these calls.
    ///
    /// Of a service that is mounted in another server only those calls come here that its router sends: tonic's sends Flight's alone.
    ///
    /// ```
    /// use flight_runtime::prelude::*;
    ///
    /// # struct Tables;
    /// # #[flight_server]
    /// # impl Tables {
    /// #     #[action("a")]
    /// #     fn a(&self) {}
    /// # }
    /// # fn build() -> flight_runtime::FlightServerBuilder {
    /// FlightServer::builder(Tables).health()
    /// # }
    /// ```
    pub fn health(mut self) -> Self {
        self.settings.beside.health = true;
        self
    }

    /// The same, and asks nobody for credentials: Kubernetes' probes have none. Default: no.
    pub fn public_health(mut self) -> Self {
        self.settings.beside.public_health = true;
        self.health()
    }

    /// Serves `grpc.reflection`, v1 and v1alpha, for clients that have no proto files, such as grpcurl. Default: no.
    ///
    /// It tells of the protocol of Flight, which everybody knows, and nothing of the services' own handlers: for these see
    /// [`describe`](Self::describe). With authenticators it asks for credentials as everything else does.
    #[cfg(feature = "reflection")]
    pub fn reflection(mut self) -> Self {
        self.settings.beside.reflection = true;
        self
    }

    /// Answers `GET /metrics` at this address, as [`Prometheus`](crate::Prometheus) does, from the start of the server on. Default: nowhere.
    ///
    /// A program that counts something of its own before the server starts installs [`Prometheus`](crate::Prometheus) itself. A service in
    /// another server ([`into_service`](Self::into_service)) does not serve them.
    ///
    /// ```
    /// use flight_runtime::prelude::*;
    ///
    /// # struct Tables;
    /// # #[flight_server]
    /// # impl Tables {
    /// #     #[action("a")]
    /// #     fn a(&self) {}
    /// # }
    /// # fn build() -> flight_runtime::FlightServerBuilder {
    /// FlightServer::builder(Tables).metrics(([127, 0, 0, 1], 9090))
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// At the start: it cannot listen there, or the process has a recorder of metrics already.
    #[cfg(feature = "prometheus")]
    pub fn metrics(mut self, address: impl Into<std::net::SocketAddr>) -> Self {
        self.metrics = Some(address.into());
        self
    }

    /// Before anything is counted.
    #[cfg(feature = "prometheus")]
    pub(super) async fn serve_metrics(&self) -> Result<(), crate::Error> {
        if let Some(address) = self.metrics {
            crate::Prometheus::install()?.serve(address).await?;
        }
        Ok(())
    }
}
