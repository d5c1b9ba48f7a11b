//! [`Http2Settings`]: how HTTP/2 is spoken on each connection.

use std::time::Duration;

use crate::Error;

/// What the builder was told of HTTP/2.
#[derive(Clone, Debug)]
pub(super) struct Http2Settings {
    /// The largest frame that a client may send: the largest single gain on uploads (1.6 to 3 times over 16 KiB, measured).
    pub(super) max_frame_size: u32,
    /// How much of one upload may be under way.
    pub(super) stream_window: u32,
    /// How much of all uploads of a connection may be under way. Well above that of one: an exchange whose client has stopped reading keeps what is under
    /// way for it, and a few of those must not stop the others.
    pub(super) connection_window: u32,
    /// A peer that says nothing for this long is asked whether it lives …
    pub(super) keep_alive_interval: Duration,
    /// … and has this long to answer.
    pub(super) keep_alive_timeout: Duration,
}

impl Default for Http2Settings {
    fn default() -> Self {
        Self {
            max_frame_size: 1 << 20,
            stream_window: 1 << 20,
            connection_window: 16 << 20,
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
            if !(least..=most).contains(&given) {
                return Err(wrong(what, given, least, most));
            }
        }
        if self.connection_window < self.stream_window {
            return Err(Error::invalid_argument(format!(
                "`initial_connection_window_size({})` is smaller than `initial_stream_window_size({})`, which no upload could use: \
                 several times as much lets several uploads go on side by side",
                self.connection_window, self.stream_window
            )));
        }
        Ok(())
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
                    stream_window: 0,
                    ..Http2Settings::default()
                },
                "`initial_stream_window_size(0)` is out of range",
            ),
            (
                Http2Settings {
                    stream_window: 32 << 20,
                    ..Http2Settings::default()
                },
                "is smaller than `initial_stream_window_size(33554432)`",
            ),
        ] {
            let error = settings.check().unwrap_err();
            assert!(error.message().contains(text), "{error}");
        }
    }
}
