//! [`FlightClientBuilder`]: where a client leads, and how it gets there.

use std::sync::Arc;
use std::time::Duration;

use super::channel::{Channel, Dial, Place};
use super::connection::Http2;
use super::tls::{Connector, TlsSettings, Verify};
use super::{CallOptions, FlightClient, Shared};
use crate::Error;
use crate::location::{Location, Target};
use crate::pem::Pem;
use crate::timers::countable;
use crate::wire::encode::DEFAULT_MAX_MESSAGE_SIZE;
use crate::wire::guard::GuardLimits;

/// What a client may receive at once, unless told: as much as this framework's servers do.
const MAX_MESSAGE_SIZE: usize = 256 << 20;

/// A client that is not connected yet: [`FlightClient::builder`].
#[derive(Clone, Debug)]
pub struct FlightClientBuilder {
    pub(super) location: Location,
    pub(super) settings: Settings,
    pub(super) options: CallOptions,
}

/// What all connections of a client have in common.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) tls: TlsSettings,
    pub(super) http2: Http2,
    pub(super) max_message_size: usize,
    pub(super) max_upload_message_size: usize,
    pub(super) endpoints_at_once: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tls: TlsSettings::default(),
            http2: Http2::default(),
            max_message_size: MAX_MESSAGE_SIZE,
            max_upload_message_size: DEFAULT_MAX_MESSAGE_SIZE,
            endpoints_at_once: None,
        }
    }
}

impl Settings {
    /// What may come of a message, or stay of a stream: at least as much as may come in a message.
    pub(super) fn guard(&self) -> GuardLimits {
        let limits = GuardLimits::default();
        let least = u64::try_from(self.max_message_size).unwrap_or(u64::MAX);
        GuardLimits {
            decompressed: limits.decompressed.max(least),
            dictionaries: limits.dictionaries.max(least),
            ..limits
        }
    }

    /// A channel to this place; nothing is connected yet. `connector` is made with the first that speaks TLS, and shared by all.
    pub(super) fn channel(
        &self,
        location: Location,
        connector: &mut Option<Connector>,
    ) -> Result<Channel, Error> {
        let place = match location.target()? {
            Target::Unix { path } => Place::Unix(path),
            Target::Tcp { host, port, tls } => {
                if tls && connector.is_none() {
                    *connector = Some(Connector::new(&self.tls)?);
                }
                let tls = connector.clone().filter(|_| tls);
                Place::Tcp { host, port, tls }
            }
        };
        Channel::new(location, place, self.http2.clone())
    }
}

impl FlightClientBuilder {
    pub(super) fn new(location: Location) -> Self {
        Self {
            location,
            settings: Settings::default(),
            options: CallOptions::default(),
        }
    }

    /// What every call says: headers, tokens, a time limit. See [`FlightClient::with`] for single calls.
    #[must_use]
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Authorities that vouch for the server's certificate, in PEM; may be called several times. Default: those of the system.
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Pem>) -> Self {
        self.settings.tls.roots.push(pem.into());
        self
    }

    /// The client's own certificate, with what leads from it to its authority, and its key: for servers that ask for one (mutual TLS).
    #[must_use]
    pub fn client_certificate(mut self, certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        self.settings.tls.identity = Some((certificate.into(), key.into()));
        self
    }

    /// The name that the server's certificate must have, where it is not the host of the location.
    #[must_use]
    pub fn override_hostname(mut self, name: impl Into<String>) -> Self {
        self.settings.tls.override_hostname = Some(name.into());
        self
    }

    /// Takes any certificate for the server's: whoever is in between can read and change everything. For experiments alone.
    #[must_use]
    pub fn disable_server_verification(mut self) -> Self {
        self.settings.tls.verify = Verify::No;
        self
    }

    /// The largest message that is taken from a server, in bytes; a larger one ends the call with RESOURCE_EXHAUSTED before it is read.
    /// Default: 256 MiB. Above that it also bounds what a compressed message may take, and what is kept of a stream's dictionaries.
    #[must_use]
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.settings.max_message_size = bytes;
        self
    }

    /// The largest message that is sent, in bytes: batches above it go out as slices that share their memory. Default: 4 MiB, which servers in
    /// every language accept.
    #[must_use]
    pub fn max_upload_message_size(mut self, bytes: usize) -> Self {
        self.settings.max_upload_message_size = bytes;
        self
    }

    /// How much of one download may be under way, in bytes: one stream gets at most this much per round trip. Default: 4 MiB from this machine,
    /// 16 MiB from any other.
    #[must_use]
    pub fn initial_stream_window_size(mut self, bytes: u32) -> Self {
        self.settings.http2.stream_window = Some(bytes);
        self
    }

    /// How much of all downloads of the connection may be under way, in bytes. Default: 1 GiB, so that each stream is bounded by its own window
    /// alone. With less, streams that are held without being read can stop the others of their connection.
    #[must_use]
    pub fn initial_connection_window_size(mut self, bytes: u32) -> Self {
        self.settings.http2.connection_window = bytes;
        self
    }

    /// The largest frame that the server may send, in bytes: fewer frames are less work for both. Default: 1 MiB.
    #[must_use]
    pub fn max_frame_size(mut self, bytes: u32) -> Self {
        self.settings.http2.max_frame_size = bytes;
        self
    }

    /// While calls run, asks the server this often whether it lives (an HTTP/2 PING); calls of a server that does not answer end with UNAVAILABLE.
    /// Default: never, because servers of other implementations take frequent pings for abuse; TCP's own keep-alive notices a lost host after
    /// minutes.
    #[must_use]
    pub fn http2_keepalive_interval(mut self, interval: Duration) -> Self {
        self.settings.http2.keep_alive_interval = Some(countable(interval));
        self
    }

    /// How long the answer to such a ping may take before the connection is given up. Default: 20 seconds.
    #[must_use]
    pub fn http2_keepalive_timeout(mut self, timeout: Duration) -> Self {
        self.settings.http2.keep_alive_timeout = countable(timeout);
        self
    }

    /// How many endpoints of a flight are read at once: [`FlightClient::read_endpoints`]. Default: 8, and of an ordered flight one after the other.
    ///
    /// Said, it is how many of an ordered flight are open at once, too. Those that wait for their turn hold a window full of data each, so many small
    /// ones come sooner; but a server may end a download of which nothing is taken for long, as this framework's do after
    /// [`download_idle`](crate::Limits::download_idle).
    #[must_use]
    pub fn endpoints_at_once(mut self, count: usize) -> Self {
        self.settings.endpoints_at_once = Some(count.max(1));
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for settings that cannot work, UNAVAILABLE when nobody answers or the handshake of TLS fails, DEADLINE_EXCEEDED
    /// after the time limit of the options.
    pub async fn connect(self) -> Result<FlightClient, Error> {
        let deadline = self.options.deadline();
        let client = self.connect_lazy()?;
        client.channel.ready_by(deadline).await?;
        Ok(client)
    }

    /// A client that connects with its first call.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for settings that cannot work.
    pub fn connect_lazy(self) -> Result<FlightClient, Error> {
        let Self {
            location,
            settings,
            options,
        } = self;
        let is_tls = matches!(location.target()?, Target::Tcp { tls: true, .. });
        if !is_tls && let Some(said) = settings.tls.said() {
            return Err(Error::invalid_argument(format!(
                "location `{location}` is in plain text, where `{said}` has no effect: connect to `grpc+tls://host:port`, or leave it out"
            )));
        }
        settings.http2.check()?;
        let mut connector = None;
        let channel = Arc::new(settings.channel(location, &mut connector)?);
        let shared = Shared::new(settings, connector);
        Ok(FlightClient::of(channel, shared, options))
    }

    /// Looks whether HTTP/2 can be spoken like that.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.settings.http2.check()
    }

    /// A client of a place that has no address, in plain text: connections are what `dial` gives.
    pub(crate) fn dialling(self, dial: Dial) -> FlightClient {
        let Self {
            location,
            settings,
            options,
        } = self;
        let channel = Channel::nearby(location, Place::Dialled(dial), settings.http2.clone());
        FlightClient::of(Arc::new(channel), Shared::new(settings, None), options)
    }
}
