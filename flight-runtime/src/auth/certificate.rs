//! [`ClientCertificates`]: known by the certificate that the connection was made with.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::authenticator::Authenticator;
use crate::Error;
use crate::context::CallContext;
use crate::principal::Principal;

/// Knows callers by their TLS certificate, which
/// [`root_certificates`](crate::FlightServerBuilder::root_certificates) vouch for.
///
/// The name is the certificate's first URI name, else its first DNS name, else its subject's common name. With
/// [`verify_client`](crate::FlightServerBuilder::verify_client) nobody without one gets this far; with
/// [`client_certificate_optional`](crate::FlightServerBuilder::client_certificate_optional) others may have other credentials.
///
/// ```no_run
/// use flight_runtime::ClientCertificates;
/// use flight_runtime::prelude::*;
///
/// # struct Tables;
/// # #[flight_server]
/// # impl Tables {
/// #     #[action("a")]
/// #     fn a(&self) {}
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<(), Error> {
/// FlightServer::builder(Tables)
///     .location("grpc+tls://0.0.0.0:8815")
///     .tls_certificate("/etc/flight/tls.crt", "/etc/flight/tls.key")
///     .root_certificates("/etc/flight/clients.crt")
///     .verify_client(true)
///     .authenticator(ClientCertificates::new().role("spiffe://example.org/operator", "admin"))
///     .serve()
///     .await
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ClientCertificates {
    roles: BTreeMap<String, Vec<String>>,
}

impl ClientCertificates {
    /// Everybody with a certificate that was verified, by its name.
    pub fn new() -> Self {
        Self::default()
    }

    /// The caller of this name has this role; several may be said.
    #[must_use]
    pub fn role(mut self, name: impl Into<String>, role: impl Into<String>) -> Self {
        self.roles.entry(name.into()).or_default().push(role.into());
        self
    }
}

impl Authenticator for ClientCertificates {
    async fn authenticate(&self, context: &CallContext) -> Result<Option<Principal>, Error> {
        // One without a name may still carry the connection of a caller who is known otherwise.
        let Some(name) = context.certificate_identity() else {
            return Ok(None);
        };
        let roles = self.roles.get(name).into_iter().flatten();
        Ok(Some(Principal::new(name).with_roles(roles)))
    }

    fn expects(&self) -> Option<Cow<'static, str>> {
        Some("a client certificate with a name".into())
    }

    fn is_secret(&self) -> bool {
        false
    }
}
