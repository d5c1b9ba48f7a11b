//! What the builder says of the gRPC services beside Flight.

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
}
