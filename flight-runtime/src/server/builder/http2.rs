//! What the builder says of HTTP/2.

use std::time::Duration;

use super::FlightServerBuilder;
use crate::timers::countable;

impl FlightServerBuilder {
    /// How much of one upload may be under way, in bytes: HTTP/2's window of a stream. Default: 2 MiB from this machine, where more is slower, and
    /// 16 MiB from any other.
    ///
    /// An upload gets at most this much through in a round trip: through a line of 50 ms 1 MiB was measured to give 18 MiB/s and 16 MiB 200 MiB/s
    /// (`benches/README.md`). So a faster or longer line wants bandwidth × round-trip time, and
    /// [`initial_connection_window_size`](Self::initial_connection_window_size) above it. It bounds what the server holds of an upload whose handler does
    /// not read. Downloads go by the window of the client.
    ///
    /// # Errors
    ///
    /// At the start: below 64 KiB, above 2 GiB, or above the connection's window.
    pub fn initial_stream_window_size(mut self, bytes: u32) -> Self {
        self.http2.stream_window = Some(bytes);
        self
    }

    /// How much of all uploads of a connection may be under way, in bytes: HTTP/2's window of a connection. Default: 16 MiB from this
    /// machine, 64 MiB from any other.
    ///
    /// Let it be several times [`initial_stream_window_size`](Self::initial_stream_window_size): an upload that nobody reads keeps its part, and all other
    /// calls of the connection share what is left.
    ///
    /// # Errors
    ///
    /// At the start: as for [`initial_stream_window_size`](Self::initial_stream_window_size).
    pub fn initial_connection_window_size(mut self, bytes: u32) -> Self {
        self.http2.connection_window = Some(bytes);
        self
    }

    /// The largest frame that clients may send, in bytes. Default: 256 KiB.
    ///
    /// The protocol's own default of 16 KiB was measured to cost a server twice the processor time. A frame is read whole before its memory is given back
    /// to the client, so it should be a fraction of [`initial_stream_window_size`](Self::initial_stream_window_size): with 1 MiB of 1 MiB, client and
    /// server wait for each other in turns, at seven tenths of the throughput. How large the frames of downloads are, the client says.
    ///
    /// # Errors
    ///
    /// At the start: below 16 KiB, or 16 MiB and more (RFC 9113, 6.5.2).
    pub fn max_frame_size(mut self, bytes: u32) -> Self {
        self.http2.max_frame_size = bytes;
        self
    }

    /// After how long a silence a client is asked whether it lives. Default: 20 s.
    ///
    /// Short enough for the proxies and address translators in between to keep a quiet connection: they forget it after a minute or more.
    pub fn http2_keepalive_interval(mut self, interval: Duration) -> Self {
        self.http2.keep_alive_interval = countable(interval);
        self
    }

    /// How long a client has to answer that; then its connection is cut, and its calls are cancelled. Default: 10 s.
    pub fn http2_keepalive_timeout(mut self, timeout: Duration) -> Self {
        self.http2.keep_alive_timeout = countable(timeout);
        self
    }
}
