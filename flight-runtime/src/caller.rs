//! [`Peer`] and [`Caller`]: the other end of a connection, which all its calls share.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use crate::certificate::PeerCertificate;

/// Where a call comes from.
///
/// [`Display`](fmt::Display) gives gRPC's form: `ipv4:127.0.0.1:4711`, `ipv6:[::1]:4711`, `unix:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Peer {
    /// A TCP connection from this address.
    Tcp(SocketAddr),
    /// A Unix domain socket.
    Unix,
    /// The server that this service is mounted in did not say.
    #[default]
    Unknown,
}

impl Peer {
    /// That of a TCP connection. Who came by IPv4 to a socket of IPv6 (`[::]` takes both) is known by his address of IPv4: who compares it is not to be
    /// told otherwise.
    pub(crate) fn tcp(address: SocketAddr) -> Self {
        Self::Tcp(SocketAddr::new(address.ip().to_canonical(), address.port()))
    }

    /// Whether it is on this machine: then the way to it takes no time.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Peer::Tcp(address) => address.ip().is_loopback(),
            Peer::Unix | Peer::Unknown => true,
        }
    }

    /// The address, when it has one.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Peer::Tcp(address) => Some(*address),
            Peer::Unix | Peer::Unknown => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Tcp(address @ SocketAddr::V4(_)) => write!(f, "ipv4:{address}"),
            Peer::Tcp(address @ SocketAddr::V6(_)) => write!(f, "ipv6:{address}"),
            Peer::Unix => f.write_str("unix:"),
            Peer::Unknown => f.write_str("unknown"),
        }
    }
}

/// The address by which a peer is counted: of IPv6 the first 64 bits, because one machine may have all that begin with them.
pub(crate) fn network(peer: Peer) -> Option<IpAddr> {
    Some(match peer.socket_addr()?.ip() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    })
}

/// Where the calls of a connection come from, and who vouches for that. Cheap to clone: every call has one.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) peer: Peer,
    pub(crate) certificate: Option<Arc<PeerCertificate>>,
}

impl From<Peer> for Caller {
    fn from(peer: Peer) -> Self {
        Self {
            peer,
            certificate: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_by_ipv4_is_known_by_it() {
        let peer = |address: &str| Peer::tcp(address.parse().unwrap());
        let mapped = peer("[::ffff:127.0.0.1]:4711");
        assert_eq!(mapped, peer("127.0.0.1:4711"));
        assert_eq!(mapped.to_string(), "ipv4:127.0.0.1:4711");
        assert!(mapped.is_local());
        assert_eq!(peer("[2001:db8::1]:1").to_string(), "ipv6:[2001:db8::1]:1");
    }
}
