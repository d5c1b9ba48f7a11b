//! [`Reserve`]: a file descriptor that is kept for the time when there are no others.
//!
//! A process without descriptors cannot accept connections, and so it cannot close them either: they stay with the kernel, which has told their
//! clients that they are connected. With the reserve they are accepted and closed, and their clients try again later, or elsewhere.

use std::fs::File;
use std::io;

use futures::FutureExt;

use super::admission::Connections;
use super::listener::Listener;

/// The process, and the system, have no more descriptors. On Linux, the BSDs and macOS alike.
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;
/// How many connections are turned away at a time. Between times there is a pause, so that a flood of them leaves the processor to others.
const AT_A_TIME: usize = 64;

/// A descriptor in reserve; `None` while somebody else was faster.
pub(super) struct Reserve(Option<File>);

impl Reserve {
    pub(super) fn new() -> Self {
        Self(File::open("/dev/null").ok())
    }

    /// Whether this is what it is kept for.
    pub(super) fn is_for(error: &io::Error) -> bool {
        matches!(error.raw_os_error(), Some(EMFILE | ENFILE))
    }

    /// Accepts and closes connections that wait.
    pub(super) fn turn_away(&mut self, listener: &Listener, connections: &Connections) {
        for _ in 0..AT_A_TIME {
            self.0 = None;
            let accepted = listener.accept_one().now_or_never();
            let turned = matches!(accepted, Some(Ok(_)));
            if let Some(Ok((socket, peer))) = accepted {
                drop(socket);
                connections.turned_away(peer);
            }
            *self = Self::new();
            if !turned {
                return;
            }
        }
    }
}
