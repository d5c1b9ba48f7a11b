//! [`PeerCertificate`]: what a client proved to be over TLS.

use std::time::SystemTime;

use bytes::Bytes;

/// A client's certificate: verified against [`root_certificates`](crate::FlightServerBuilder::root_certificates), and read once a connection.
///
/// ```
/// use flight_runtime::prelude::*;
///
/// # struct Tables;
/// # #[flight_server]
/// # impl Tables {
/// #[action("compact")]
/// async fn compact(&self, ctx: CallContext) -> Result<String, Error> {
///     let certificate = ctx.peer_certificate().ok_or_else(|| Error::unauthenticated("no certificate"))?;
///     Ok(format!("{} until {:?}", certificate.subject(), certificate.not_after()))
/// }
/// # }
/// ```
#[cfg_attr(
    not(any(feature = "tls-ring", feature = "tls-aws-lc")),
    allow(dead_code, reason = "nothing makes one without TLS")
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) common_name: Option<String>,
    pub(crate) uris: Vec<String>,
    pub(crate) dns_names: Vec<String>,
    pub(crate) serial_number: String,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
    pub(crate) chain: Vec<Bytes>,
}

impl PeerCertificate {
    /// Its first URI name, else its first DNS name, else its common name: from what is made for programs to what is made for people. `None`
    /// when it has none of them.
    pub fn identity(&self) -> Option<&str> {
        let uri = self.uris.first();
        let name = uri.or_else(|| self.dns_names.first());
        name.or(self.common_name.as_ref()).map(String::as_str)
    }

    /// The subject's name, as RFC 4514 writes it or close to it: `CN=worker, O=Example`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The name of the authority that vouches for it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The common name in the subject.
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// The URI names, such as a SPIFFE id.
    pub fn uris(&self) -> &[String] {
        &self.uris
    }

    /// The DNS names.
    pub fn dns_names(&self) -> &[String] {
        &self.dns_names
    }

    /// The number that its authority gave it, in hexadecimal.
    pub fn serial_number(&self) -> &str {
        &self.serial_number
    }

    /// Since when it is valid.
    pub fn not_before(&self) -> SystemTime {
        self.not_before
    }

    /// Until when it is valid. A connection that was made before goes on.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// It and the certificates behind it as the client showed them, in DER: for what is not said here. The bytes are shared by all calls of the
    /// connection.
    pub fn chain(&self) -> &[Bytes] {
        &self.chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_come_before_hosts_and_hosts_before_people() {
        let mut certificate = PeerCertificate {
            subject: "CN=worker".to_owned(),
            issuer: String::new(),
            common_name: Some("worker".to_owned()),
            uris: vec!["spiffe://example.org/worker".to_owned()],
            dns_names: vec!["worker.example.org".to_owned()],
            serial_number: "01".to_owned(),
            not_before: SystemTime::UNIX_EPOCH,
            not_after: SystemTime::UNIX_EPOCH,
            chain: Vec::new(),
        };
        assert_eq!(certificate.identity(), Some("spiffe://example.org/worker"));
        certificate.uris.clear();
        assert_eq!(certificate.identity(), Some("worker.example.org"));
        certificate.dns_names.clear();
        assert_eq!(certificate.identity(), Some("worker"));
        certificate.common_name = None;
        assert_eq!(certificate.identity(), None);
    }
}
