//! [`Acceptor`]: handshakes on the newest configuration, which follows its files.
//!
//! The whole rustls configuration is swapped, not the certificate in it: so certificates, keys and authorities change in one step,
//! and sessions that were agreed under the old ones cannot be resumed.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::net::TcpStream;
use tokio::time::MissedTickBehavior;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::config::Told;
use super::{TlsSettings, config, identity};
use crate::Error;
use crate::certificate::PeerCertificate;
use crate::location::Location;
use crate::pem::{Pem, Source};

/// How often files are looked at. Events of the file system would be sooner, and miss network and container mounts.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(in crate::server) struct Acceptor(Arc<Inner>);

struct Inner {
    settings: TlsSettings,
    current: RwLock<Arc<ServerConfig>>,
    /// The files as they were before they were first read.
    at_start: Vec<Stamp>,
    told: Told,
}

impl Acceptor {
    pub(super) fn new(settings: TlsSettings, _: &Location) -> Result<Self, Error> {
        let at_start = stamps(&settings);
        let told = Told::default();
        let config = config::read(&settings, &told)?;
        Ok(Self(Arc::new(Inner {
            settings,
            current: RwLock::new(config),
            at_start,
            told,
        })))
    }

    /// The stream inside TLS, and what the client proved to be. How long that may take, the connection says.
    pub(in crate::server) async fn accept(
        &self,
        stream: TcpStream,
    ) -> io::Result<(TlsStream<TcpStream>, Option<Arc<PeerCertificate>>)> {
        let config = {
            let current = &self.0.current;
            Arc::clone(&current.read().unwrap_or_else(PoisonError::into_inner))
        };
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        let (_, connection) = stream.get_ref();
        let certificate = connection.peer_certificates().and_then(identity::read);
        Ok((stream, certificate))
    }

    /// Follows the files until the server ends; does nothing when there are none.
    pub(in crate::server) fn watch(&self, ended: CancellationToken) {
        if !self.0.at_start.is_empty() {
            let acceptor = self.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = acceptor.follow() => {}
                    () = ended.cancelled() => {}
                }
            });
        }
    }

    async fn follow(&self) {
        let mut seen = self.0.at_start.clone();
        // What the log was last told, while the files on disk are not those in use.
        let mut wrong: Option<String> = None;
        let mut interval = tokio::time::interval(WATCH_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            let acceptor = self.clone();
            let last = seen.clone();
            // A file that was wrong is read each time: it may have been half written within one tick of the file system's clock.
            let again = wrong.is_some();
            let looked = tokio::task::spawn_blocking(move || {
                // Before the files are read: a change while they are is seen the next time.
                let Inner { settings, told, .. } = &*acceptor.0;
                let now = stamps(settings);
                let read = (again || now != last).then(|| config::read(settings, told));
                (now, read)
            });
            let Ok((now, read)) = looked.await else {
                continue;
            };
            seen = now;
            match read {
                Some(Ok(config)) => {
                    wrong = None;
                    *self
                        .0
                        .current
                        .write()
                        .unwrap_or_else(PoisonError::into_inner) = config;
                    tracing::info!("certificates have changed: new connections use them");
                }
                Some(Err(error)) if wrong.as_deref() != Some(error.message()) => {
                    tracing::error!(
                        error = error.message(),
                        "certificates have changed and cannot be used: the old ones stay"
                    );
                    wrong = Some(error.message().to_owned());
                }
                Some(Err(_)) | None => {}
            }
        }
    }
}

/// What tells a file from the one that was at its place before. The inode tells files apart that are renamed into place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    /// `None` while it is not there.
    file: Option<(Option<SystemTime>, u64, u64)>,
}

impl Stamp {
    fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            file: fs::metadata(path)
                .ok()
                .map(|file| (file.modified().ok(), file.len(), file.ino())),
        }
    }
}

fn stamps(settings: &TlsSettings) -> Vec<Stamp> {
    let pairs = settings.certificates.iter();
    pairs
        .flat_map(|(certificate, key)| [certificate, key])
        .chain(&settings.roots)
        .filter_map(|Pem(source)| match source {
            Source::File(path) => Some(Stamp::of(path)),
            Source::Text(_) => None,
        })
        .collect()
}
