//! TLS: what the builder was told, whether it fits together, and the handshake.
//!
//! The settings are there without the features as well, so that a program compiles either way and a location that cannot be
//! served says which feature it lacks. Every contradiction ends the start: a server that drops a setting in silence runs in plain text
//! or lets everybody in.

#[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc")))]
mod absent;
#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
mod acceptor;
#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
mod config;
#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
mod identity;
#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
mod resolver;

#[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc")))]
pub(super) use absent::Acceptor;
#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
pub(super) use acceptor::Acceptor;

use crate::Error;
use crate::location::{Location, Target};
use crate::pem::Pem;

/// What the builder was told.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsSettings {
    pub(super) certificates: Vec<(Pem, Pem)>,
    pub(super) roots: Vec<Pem>,
    pub(super) verify_client: bool,
    pub(super) client_certificate_optional: bool,
}

impl TlsSettings {
    /// What accepts TLS connections at this location; `None` for one in plain text.
    pub(super) fn acceptor(self, location: &Location) -> Result<Option<Acceptor>, Error> {
        let tls = matches!(location.target()?, Target::Tcp { tls: true, .. });
        self.check(location, tls)?;
        tls.then(|| Acceptor::new(self, location)).transpose()
    }

    fn check(&self, location: &Location, tls: bool) -> Result<(), Error> {
        let asks = self.verify_client || self.client_certificate_optional;
        let wrong = if !tls {
            let said = [
                (!self.certificates.is_empty(), "tls_certificate"),
                (self.verify_client, "verify_client"),
                (
                    self.client_certificate_optional,
                    "client_certificate_optional",
                ),
                (!self.roots.is_empty(), "root_certificates"),
            ];
            let Some((_, said)) = said.into_iter().find(|(said, _)| *said) else {
                return Ok(());
            };
            format!(
                "location `{location}` is in plain text, where `{said}` has no effect: \
                 listen on `grpc+tls://host:port`, or leave it out"
            )
        } else if self.certificates.is_empty() {
            format!(
                "location `{location}` needs a certificate: add `.tls_certificate(certificate, key)`"
            )
        } else if self.verify_client && self.client_certificate_optional {
            "`verify_client(true)` asks every client for a certificate and `client_certificate_optional()` does not: \
             say one of them"
                .to_owned()
        } else if asks && self.roots.is_empty() {
            let said = if self.verify_client {
                "verify_client(true)"
            } else {
                "client_certificate_optional()"
            };
            format!(
                "`{said}` needs the authorities that vouch for clients: add `.root_certificates(pem)`"
            )
        } else if !asks && !self.roots.is_empty() {
            "`root_certificates` has no effect unless clients are asked for a certificate: \
             add `.verify_client(true)`, or `.client_certificate_optional()`"
                .to_owned()
        } else {
            return Ok(());
        };
        Err(Error::invalid_argument(wrong))
    }
}
