//! [`Caller`]: the other end of a connection, which all its calls share.

use std::sync::Arc;

use bytes::Bytes;

use crate::context::Peer;

/// Where the calls of a connection come from, and who vouches for that. Cheap to clone: every call has one.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) peer: Peer,
    pub(crate) certificate: Option<Arc<ClientCertificate>>,
}

/// A client certificate that was verified, read once.
#[cfg_attr(
    not(any(feature = "tls-ring", feature = "tls-aws-lc")),
    allow(dead_code, reason = "nothing makes one without TLS")
)]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClientCertificate {
    pub(crate) identity: String,
    pub(crate) chain: Vec<Bytes>,
}

impl Caller {
    pub(crate) fn identity(&self) -> &str {
        self.certificate
            .as_ref()
            .map_or("", |certificate| &certificate.identity)
    }

    pub(crate) fn certificates(&self) -> &[Bytes] {
        self.certificate
            .as_ref()
            .map_or(&[], |certificate| &certificate.chain)
    }
}

impl From<Peer> for Caller {
    fn from(peer: Peer) -> Self {
        Self {
            peer,
            certificate: None,
        }
    }
}
