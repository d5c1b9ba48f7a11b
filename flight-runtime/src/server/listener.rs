//! Listening sockets: one location may be several.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream, lookup_host};

use super::admission::Connections;
use super::reserve::Reserve;
use crate::Error;
use crate::caller::Peer;
use crate::location::{Location, Target, localhost};

/// After an error of accepting, doubled from one to the next.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause while there are no descriptors: connections that come meanwhile wait for it.
const LONGEST_LACK: Duration = Duration::from_millis(100);

/// A bound socket.
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// An accepted connection.
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    /// The next connection.
    pub(super) async fn accept_one(&self) -> io::Result<(Socket, Peer)> {
        match self {
            Listener::Tcp(listener) => listener
                .accept()
                .await
                .map(|(socket, address)| (Socket::Tcp(socket), Peer::tcp(address))),
            Listener::Unix(listener) => listener
                .accept()
                .await
                .map(|(socket, _)| (Socket::Unix(socket), Peer::Unix)),
        }
    }

    /// Waits for the next connection, and through the lack of file descriptors.
    pub(super) async fn accept(
        &self,
        reserve: &mut Reserve,
        connections: &Connections,
    ) -> (Socket, Peer) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.accept_one().await {
                Ok(accepted) => return accepted,
                // The peer was gone before it was accepted: nothing is wrong here.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) if Reserve::is_for(&error) => {
                    reserve.turn_away(self, connections);
                    pause = pause.min(LONGEST_LACK);
                }
                Err(error) => {
                    tracing::warn!(%error, ?pause, "cannot accept connections for now");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// The sockets of a location, where it really is, and the file that is removed at the end.
pub(super) struct Bound {
    pub(super) listeners: Vec<Listener>,
    pub(super) location: Location,
    /// 0 for a Unix domain socket.
    pub(super) port: u16,
    pub(super) file: Option<SocketFile>,
}

/// Binds a location.
pub(super) async fn bind(location: &Location) -> Result<Bound, Error> {
    match location.target()? {
        Target::Unix { path } => bind_unix(location, path).await,
        Target::Tcp { host, port, tls } => bind_tcp(location, &host, port, tls).await,
    }
}

/// Takes over sockets that are bound.
pub(super) fn adopt(
    location: Location,
    listeners: Vec<std::net::TcpListener>,
) -> Result<Bound, Error> {
    let port = match location.target()? {
        Target::Tcp { port, .. } => port,
        Target::Unix { .. } => 0,
    };
    let listeners = listeners.into_iter().map(|listener| {
        listener.set_nonblocking(true)?;
        Ok(Listener::Tcp(TcpListener::from_std(listener)?))
    });
    Ok(Bound {
        listeners: listeners.collect::<Result<_, Error>>()?,
        location,
        port,
        file: None,
    })
}

async fn bind_tcp(location: &Location, host: &str, port: u16, tls: bool) -> Result<Bound, Error> {
    let addresses: Vec<SocketAddr> = if host == "localhost" {
        localhost(port)
    } else {
        let found = lookup_host((host, port)).await;
        found
            .map_err(|error| cannot_listen(location, &error, "the host is not known here"))?
            .collect()
    };
    let listeners = bind_all(&addresses).await.map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => "another process listens there: stop it, or choose another port (0 takes a free one)",
            io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege: choose a higher one",
            io::ErrorKind::AddrNotAvailable => "this machine has no such address: `0.0.0.0` listens on all of them",
            _ => "choose another location",
        };
        cannot_listen(location, &error, hint)
    })?;
    let port = match listeners.first() {
        Some(listener) => listener.local_addr()?.port(),
        None => {
            return Err(Error::failed_precondition(format!(
                "location `{location}` has no address to listen on"
            )));
        }
    };
    Ok(Bound {
        listeners: listeners.into_iter().map(Listener::Tcp).collect(),
        location: Location::of_tcp(tls, host, port),
        port,
        file: None,
    })
}

/// Binds all addresses on one port; the first to come chooses it when it is 0.
async fn bind_all(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    /// How often a free port is looked for that is free on all addresses.
    const TRIES: u32 = 32;
    let mut tries = 0;
    loop {
        tries += 1;
        match try_bind_all(addresses).await {
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse
                    && tries < TRIES
                    && addresses.first().is_some_and(|address| address.port() == 0) => {}
            bound => return bound,
        }
    }
}

async fn try_bind_all(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let mut listeners: Vec<TcpListener> = Vec::with_capacity(addresses.len());
    for &address in addresses {
        let mut address = address;
        if let Some(first) = listeners.first() {
            address.set_port(first.local_addr()?.port());
        }
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            // A machine without IPv6 (or IPv4) still serves the other.
            Err(error) if addresses.len() > 1 && is_missing_family(&error) => {
                tracing::debug!(%address, %error, "not listening on this address");
            }
            Err(error) => return Err(error),
        }
    }
    if listeners.is_empty() {
        return Err(io::ErrorKind::AddrNotAvailable.into());
    }
    Ok(listeners)
}

fn is_missing_family(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
    ) || error.raw_os_error() == Some(EAFNOSUPPORT)
}

/// "Address family not supported by protocol" (Linux); it has no `ErrorKind` of its own.
const EAFNOSUPPORT: i32 = 97;

async fn bind_unix(location: &Location, path: PathBuf) -> Result<Bound, Error> {
    let listener = match UnixListener::bind(&path) {
        // A server that was killed leaves its file behind: nobody answers there.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(&path).await => {
            std::fs::remove_file(&path)?;
            UnixListener::bind(&path)
        }
        bound => bound,
    };
    let listener = listener.map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another process listens there: stop it, or choose another path"
            }
            io::ErrorKind::NotFound => "the folder of the socket does not exist",
            _ => "choose another path",
        };
        cannot_listen(location, &error, hint)
    })?;
    Ok(Bound {
        listeners: vec![Listener::Unix(listener)],
        location: location.clone(),
        port: 0,
        file: Some(SocketFile(path)),
    })
}

async fn is_stale(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let is_socket = std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    is_socket
        && UnixStream::connect(path)
            .await
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

fn cannot_listen(location: &Location, error: &io::Error, hint: &str) -> Error {
    Error::failed_precondition(format!("cannot listen on `{location}`: {error}; {hint}"))
}

/// The file of a Unix domain socket, removed with its server.
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.0.display(), %error, "the socket file stays behind");
        }
    }
}
