//! [`Location`]: where a server listens, in Flight's own URIs.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::Error;

/// Where a server listens, as a Flight location URI.
///
/// | URI | listens on |
/// |---|---|
/// | `grpc://host:port`, `grpc+tcp://host:port` | TCP in plain text; port 0 takes a free one |
/// | `grpc+tls://host:port` | TCP in TLS, with the certificates of [`tls_certificate`](crate::FlightServerBuilder::tls_certificate) |
/// | `grpc+unix:///path/to/socket` | a Unix domain socket |
///
/// The host `localhost` is IPv4 and IPv6 on one port, `0.0.0.0` all IPv4 addresses, `[::]` all addresses. The default is
/// `grpc://localhost:0`.
///
/// Made from a string, a `(host, port)` pair or a [`SocketAddr`]; what is wrong with it is said when the server starts. A URI without a
/// port is an error, where other implementations silently take 443. Where a URI was not said, a server with a certificate listens in TLS
/// (`grpc+tls://`), as pyarrow's does.
///
/// ```
/// use flight_runtime::Location;
///
/// assert_eq!(Location::from(("localhost", 8815)).to_string(), "grpc://localhost:8815");
/// assert_eq!(Location::from("grpc+unix:///run/flight.sock").to_string(), "grpc+unix:///run/flight.sock");
/// ```
#[derive(Clone)]
pub struct Location {
    uri: String,
    /// Host and port alone were said, of which a server's certificates decide whether it is TLS.
    bare: bool,
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.uri == other.uri
    }
}

impl Eq for Location {}

impl Hash for Location {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uri.hash(state);
    }
}

/// Both addresses of `localhost`, which servers listen on and clients try. Not what the resolver says: a container's often knows one of them alone.
pub(crate) fn localhost(port: u16) -> Vec<SocketAddr> {
    vec![
        (Ipv4Addr::LOCALHOST, port).into(),
        (Ipv6Addr::LOCALHOST, port).into(),
    ]
}

/// What a location says, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Tcp { host: String, port: u16, tls: bool },
    Unix { path: PathBuf },
}

impl Location {
    /// The URI.
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// A Unix domain socket at this path.
    pub fn unix(path: impl AsRef<Path>) -> Self {
        format!("grpc+unix://{}", path.as_ref().display()).into()
    }

    /// Takes the URI apart.
    pub(crate) fn target(&self) -> Result<Target, Error> {
        let wrong =
            |what: String| Error::invalid_argument(format!("location `{}`: {what}", self.uri));
        let Some((scheme, rest)) = self.uri.split_once("://") else {
            return Err(wrong(format!(
                "a scheme is missing, such as `grpc://{}`",
                self.uri
            )));
        };
        match scheme {
            "grpc" | "grpc+tcp" | "grpc+tls" => {}
            "grpc+unix" if rest.starts_with('/') => return Ok(Target::Unix { path: rest.into() }),
            "grpc+unix" => {
                return Err(wrong(
                    "the path of a socket is absolute: `grpc+unix:///run/flight.sock`".to_owned(),
                ));
            }
            _ => {
                return Err(wrong(format!(
                    "scheme `{scheme}` is none of `grpc`, `grpc+tcp`, `grpc+tls` and `grpc+unix`"
                )));
            }
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if let Some(at) = authority.find(['/', '?', '#', '@']) {
            let (_, behind) = authority.split_at(at);
            return Err(wrong(format!(
                "nothing may stand behind host and port, found `{behind}`"
            )));
        }
        let (host, port) = match authority
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => match authority.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let Some(port) = port.filter(|port| !port.is_empty()) else {
            return Err(wrong(format!(
                "a port is missing: `{scheme}://{authority}:0` takes a free one"
            )));
        };
        if host.is_empty() {
            return Err(wrong(format!(
                "a host is missing: `{scheme}://localhost:{port}` or `{scheme}://0.0.0.0:{port}`"
            )));
        }
        let port = port
            .parse()
            .map_err(|_| wrong(format!("port `{port}` is not a number from 0 to 65535")))?;
        Ok(Target::Tcp {
            host: host.to_owned(),
            port,
            tls: scheme == "grpc+tls",
        })
    }

    /// The same place with the port that was taken.
    pub(crate) fn of_tcp(tls: bool, host: &str, port: u16) -> Self {
        let scheme = if tls { "grpc+tls" } else { "grpc" };
        let (open, close) = if host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        format!("{scheme}://{open}{host}{close}:{port}").into()
    }

    fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    /// That of a server which has certificates.
    pub(crate) fn with_certificates(self) -> Self {
        match self.uri.strip_prefix("grpc://") {
            Some(rest) if self.bare => format!("grpc+tls://{rest}").into(),
            _ => self,
        }
    }
}

impl Default for Location {
    fn default() -> Self {
        ("localhost", 0).into()
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.uri, f)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri)
    }
}

impl From<&str> for Location {
    fn from(uri: &str) -> Self {
        uri.to_owned().into()
    }
}

impl From<String> for Location {
    fn from(uri: String) -> Self {
        Self { uri, bare: false }
    }
}

impl From<(&str, u16)> for Location {
    fn from((host, port): (&str, u16)) -> Self {
        Self::of_tcp(false, host, port).bare()
    }
}

impl From<SocketAddr> for Location {
    fn from(address: SocketAddr) -> Self {
        Self::from(format!("grpc://{address}")).bare()
    }
}

impl From<arrow_flight::Location> for Location {
    fn from(location: arrow_flight::Location) -> Self {
        location.uri.into()
    }
}

impl From<Location> for arrow_flight::Location {
    fn from(location: Location) -> Self {
        Self { uri: location.uri }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Target {
        Target::Tcp {
            host: host.to_owned(),
            port,
            tls: false,
        }
    }

    #[test]
    fn locations_are_taken_apart() {
        for (uri, target) in [
            ("grpc://localhost:0", tcp("localhost", 0)),
            ("grpc+tcp://0.0.0.0:8815", tcp("0.0.0.0", 8815)),
            ("grpc://[::1]:8815/", tcp("::1", 8815)),
            (
                "grpc+tls://localhost:0",
                Target::Tcp {
                    host: "localhost".to_owned(),
                    port: 0,
                    tls: true,
                },
            ),
            (
                "grpc+unix:///tmp/a b.sock",
                Target::Unix {
                    path: "/tmp/a b.sock".into(),
                },
            ),
        ] {
            assert_eq!(Location::from(uri).target().unwrap(), target, "{uri}");
        }
        assert_eq!(Location::default().target().unwrap(), tcp("localhost", 0));
        assert_eq!(
            Location::unix("/x").target().unwrap(),
            Target::Unix { path: "/x".into() }
        );
    }

    #[test]
    fn certificates_decide_where_no_scheme_was_said() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        for (location, with) in [
            (Location::default(), "grpc+tls://localhost:0"),
            (("::1", 2).into(), "grpc+tls://[::1]:2"),
            (address.into(), "grpc+tls://127.0.0.1:1"),
            // Whoever says it wants it.
            ("grpc://localhost:3".into(), "grpc://localhost:3"),
            (Location::unix("/x"), "grpc+unix:///x"),
        ] {
            assert_eq!(location.with_certificates().as_str(), with);
        }
    }

    #[test]
    fn what_is_wrong_with_a_location_is_said_with_the_fix() {
        for (uri, fix) in [
            ("localhost:8815", "grpc://localhost:8815"),
            ("grpc://localhost", "grpc://localhost:0"),
            ("grpc://[::1]", "grpc://[::1]:0"),
            ("grpc://:8815", "grpc://localhost:8815"),
            ("grpc://localhost:99999", "0 to 65535"),
            ("http://localhost:1", "`grpc`"),
            ("grpc://localhost:1/path", "`/path`"),
            ("grpc+unix://relative", "grpc+unix:///"),
        ] {
            let error = Location::from(uri).target().unwrap_err();
            assert!(error.message().contains(fix), "{uri}: {error}");
        }
    }
}
