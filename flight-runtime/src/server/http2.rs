//! [`Http2Settings`]: how HTTP/2 is spoken on each connection.

use std::time::Duration;

use crate::Error;

/// What the builder was told of HTTP/2.
#[derive(Clone, Debug)]
pub(super) struct Http2Settings {
    /// The largest frame that a client may send. h2 hands on whole frames, so several are to fit into the window of a stream, or client and server wait for
    /// each other in turns.
    pub(super) max_frame_size: u32,
    /// How much of one upload may be under way; when nobody said, it goes by where the peer is.
    pub(super) stream_window: Option<u32>,
    /// How much of all uploads of a connection may be under way. Well above that of one: an exchange whose client has stopped reading keeps what is under
    /// way for it, and a few of those must not stop the others.
    pub(super) connection_window: Option<u32>,
    /// A peer that says nothing for this long is asked whether it lives …
    pub(super) keep_alive_interval: Duration,
    /// … and has this long to answer.
    pub(super) keep_alive_timeout: Duration,
}

impl Default for Http2Settings {
    fn default() -> Self {
        Self {
            max_frame_size: 256 << 10,
            stream_window: None,
            connection_window: None,
            keep_alive_interval: Duration::from_secs(20),
            keep_alive_timeout: Duration::from_secs(10),
        }
    }
}

impl Http2Settings {
    /// What the protocol does not allow (RFC 9113, 6.5.2), or what would stand still.
    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong = |what: &str, given: u32, least: u32, most: u32| {
            Error::invalid_argument(format!(
                "`{what}({given})` is out of range: HTTP/2 allows {least} to {most} bytes"
            ))
        };
        let (least_frame, most_frame) = (1 << 14, (1 << 24) - 1);
        if !(least_frame..=most_frame).contains(&self.max_frame_size) {
            let given = self.max_frame_size;
            return Err(wrong("max_frame_size", given, least_frame, most_frame));
        }
        let (least, most) = (u32::from(u16::MAX), (1 << 31) - 1);
        for (what, given) in [
            ("initial_stream_window_size", self.stream_window),
            ("initial_connection_window_size", self.connection_window),
        ] {
            if let Some(given) = given
                && !(least..=most).contains(&given)
            {
                return Err(wrong(what, given, least, most));
            }
        }
        let (stream, connection) = self.windows(false);
        if connection < stream {
            return Err(Error::invalid_argument(format!(
                "`initial_connection_window_size({connection})` is smaller than `initial_stream_window_size({stream})`, which no upload could use: \
                 several times as much lets several uploads go on side by side",
            )));
        }
        Ok(())
    }

    /// The windows of a stream and of its connection.
    ///
    /// To this machine a round trip takes no time, and what is under way is to stay in the processor's cache: 2 MiB, eight frames, were the fastest. Beyond
    /// it a window is a limit of window / round-trip time: 16 MiB fill a gigabit up to 130 ms.
    pub(super) fn windows(&self, local: bool) -> (u32, u32) {
        let (stream, connection) = if local {
            (2 << 20, 16 << 20)
        } else {
            (16 << 20, 64 << 20)
        };
        let stream = self.stream_window.unwrap_or(match self.connection_window {
            Some(given) => given.min(stream),
            None => stream,
        });
        let connection = self.connection_window.unwrap_or(connection.max(stream));
        (stream, connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_protocol_does_not_allow_is_an_error_that_names_the_setting() {
        assert!(Http2Settings::default().check().is_ok());
        for (settings, text) in [
            (
                Http2Settings {
                    max_frame_size: 1000,
                    ..Http2Settings::default()
                },
                "`max_frame_size(1000)` is out of range: HTTP/2 allows 16384 to 16777215 bytes",
            ),
            (
                Http2Settings {
                    stream_window: Some(0),
                    ..Http2Settings::default()
                },
                "`initial_stream_window_size(0)` is out of range",
            ),
            (
                Http2Settings {
                    stream_window: Some(32 << 20),
                    connection_window: Some(16 << 20),
                    ..Http2Settings::default()
                },
                "is smaller than `initial_stream_window_size(33554432)`",
            ),
        ] {
            let error = settings.check().unwrap_err();
            assert!(error.message().contains(text), "{error}");
        }
    }

    #[test]
    fn windows_go_by_where_the_peer_is_unless_they_are_said() {
        let settings = Http2Settings::default();
        assert_eq!(settings.windows(true), (2 << 20, 16 << 20));
        assert_eq!(settings.windows(false), (16 << 20, 64 << 20));
        let said = Http2Settings {
            stream_window: Some(128 << 20),
            ..Http2Settings::default()
        };
        assert_eq!(said.windows(true), (128 << 20, 128 << 20));
        let said = Http2Settings {
            connection_window: Some(3 << 20),
            ..Http2Settings::default()
        };
        assert_eq!(said.windows(false), (3 << 20, 3 << 20));
    }
}
