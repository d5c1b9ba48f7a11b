//! What the command line says.

use std::collections::HashMap;
use std::path::PathBuf;

use flight_runtime::{Error, Location};

/// Where to listen, and the files that say who is who.
pub(crate) struct Options {
    pub(crate) location: Location,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) users: PathBuf,
    /// Who may vouch for clients by certificate; without it they are not asked for one.
    pub(crate) client_ca: Option<PathBuf>,
}

impl Options {
    pub(crate) fn read() -> Result<Self, Error> {
        let mut said = HashMap::new();
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            said.insert(name, arguments.next().ok_or_else(usage)?);
        }
        let location = said.remove("--location");
        let mut path = |name| said.remove(name).map(PathBuf::from);
        let options = Self {
            location: location.map_or("grpc+tls://localhost:8815".into(), Location::from),
            certificate: path("--certificate").ok_or_else(usage)?,
            key: path("--key").ok_or_else(usage)?,
            users: path("--users").ok_or_else(usage)?,
            client_ca: path("--client-ca"),
        };
        // One that is misspelt is not passed over: it would leave clients unasked.
        said.is_empty().then_some(options).ok_or_else(usage)
    }
}

fn usage() -> Error {
    Error::invalid_argument(
        "usage: secure --certificate server.crt --key server.key --users users.txt \
         [--client-ca ca.crt] [--location grpc+tls://localhost:8815]",
    )
}
