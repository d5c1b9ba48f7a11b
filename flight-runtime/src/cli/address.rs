//! [`AddressArgs`]: where the server is.

use super::{set, values};
use crate::{FlightServerBuilder, Location};

/// Where the server is.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(about = None, long_about = None, next_help_heading = "Address")]
#[non_exhaustive]
pub struct AddressArgs {
    /// Where to listen: grpc://, grpc+tls:// or grpc+unix:// [default: port 8815 of localhost, unless the program has its own]
    #[arg(long, env = "FLIGHT_LOCATION", hide_env_values = true)]
    #[arg(value_name = "URI", value_parser = values::location)]
    pub location: Option<Location>,
    /// Where clients reach this server, told to them in answers; may be repeated [default: none, which is this very server]
    #[arg(long, env = "FLIGHT_ADVERTISE", hide_env_values = true)]
    #[arg(value_name = "URI", value_parser = values::advertised, value_delimiter = ',')]
    pub advertise: Vec<Location>,
    /// Where Prometheus reads metrics, in plain HTTP, at /metrics: 0.0.0.0:9090 [default: nowhere]
    #[cfg(feature = "prometheus")]
    #[arg(long, env = "FLIGHT_METRICS", hide_env_values = true)]
    #[arg(value_name = "ADDRESS", value_parser = values::address)]
    pub metrics: Option<std::net::SocketAddr>,
}

impl AddressArgs {
    pub(super) fn give(&self, server: FlightServerBuilder) -> FlightServerBuilder {
        let location = self.location.clone().or_else(|| {
            let unsaid = server.place().is_none();
            unsaid.then(|| ("localhost", 8815).into())
        });
        let server = set(server, location, FlightServerBuilder::replace_location);
        let advertise = (!self.advertise.is_empty()).then(|| self.advertise.clone());
        let server = set(server, advertise, FlightServerBuilder::replace_advertise);
        #[cfg(feature = "prometheus")]
        let server = set(server, self.metrics, FlightServerBuilder::metrics);
        server
    }
}
