//! The acceptor of a build without TLS: there is none, so the connection path needs no conditions.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::TlsSettings;
use crate::Error;
use crate::certificate::PeerCertificate;
use crate::location::Location;

#[derive(Clone)]
pub(in crate::server) enum Acceptor {}

impl Acceptor {
    pub(super) fn new(_: TlsSettings, location: &Location) -> Result<Self, Error> {
        Err(Error::invalid_argument(format!(
            "location `{location}` needs TLS, which this program was built without: \
             turn on the feature `tls-ring` or `tls-aws-lc` of flight-runtime"
        )))
    }

    pub(in crate::server) fn watch(&self, _: CancellationToken) {
        match *self {}
    }

    pub(in crate::server) async fn accept(
        &self,
        _: TcpStream,
    ) -> io::Result<(TcpStream, Option<Arc<PeerCertificate>>)> {
        match *self {}
    }
}
