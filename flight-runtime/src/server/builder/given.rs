//! What the command line asks of the builder, and what it puts in place of what the program said.

use super::FlightServerBuilder;
use crate::limits::Limits;
#[cfg(feature = "cli")]
use crate::location::Location;
#[cfg(all(feature = "cli", any(feature = "tls-ring", feature = "tls-aws-lc")))]
use crate::pem::Pem;

impl FlightServerBuilder {
    /// What was given to [`limits`](Self::limits).
    pub(crate) fn limits_given(&self) -> &Limits {
        &self.settings.limits
    }

    pub(crate) fn has_certificate(&self) -> bool {
        !self.tls.certificates.is_empty()
    }
}

#[cfg(feature = "cli")]
impl FlightServerBuilder {
    /// What an operator says takes the place of sockets, too.
    pub(crate) fn replace_location(mut self, location: Location) -> Self {
        self.listeners.clear();
        self.location(location)
    }

    #[cfg(test)]
    pub(crate) fn grace(&self) -> std::time::Duration {
        self.shutdown_grace
    }

    pub(crate) fn replace_advertise(mut self, locations: Vec<Location>) -> Self {
        self.settings.advertise.clear();
        locations.into_iter().fold(self, Self::advertise)
    }
}

#[cfg(all(feature = "cli", any(feature = "tls-ring", feature = "tls-aws-lc")))]
impl FlightServerBuilder {
    pub(crate) fn has_roots(&self) -> bool {
        !self.tls.roots.is_empty()
    }

    /// Whether clients are asked for certificates.
    pub(crate) fn asks_clients(&self) -> bool {
        self.tls.verify_client || self.tls.client_certificate_optional
    }

    pub(crate) fn replace_certificate(
        mut self,
        certificate: impl Into<Pem>,
        key: impl Into<Pem>,
    ) -> Self {
        self.tls.certificates.clear();
        self.tls_certificate(certificate, key)
    }

    pub(crate) fn replace_roots(mut self, pem: impl Into<Pem>) -> Self {
        self.tls.roots.clear();
        self.root_certificates(pem)
    }
}
