//! [`Connections`]: how many there are, and who may not be one more.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::caller::{Peer, network};
use crate::context::now;
use crate::handle::Counters;
use crate::limits::Limits;

/// How often the log has a warning of connections that were refused: whoever floods the server must not flood its log too.
const WARN_EVERY: Duration = Duration::from_secs(10);

/// The connections of a server.
#[derive(Clone)]
pub(super) struct Connections(Arc<Inner>);

struct Inner {
    most: usize,
    most_per_address: Option<usize>,
    counters: Arc<Counters>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    /// Only those that are counted by address.
    by_address: HashMap<IpAddr, usize>,
    /// When the log was last told, and how many were refused since.
    warned: Option<Instant>,
    refused: u64,
}

/// A connection that was let in. Dropped, it makes room for another.
pub(super) struct Place {
    connections: Connections,
    address: Option<IpAddr>,
}

impl Connections {
    pub(super) fn new(limits: &Limits, counters: Arc<Counters>) -> Self {
        Self(Arc::new(Inner {
            most: limits.connections,
            most_per_address: limits.connections_per_address,
            counters,
            open: Mutex::default(),
        }))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from there; `None` when there is none left.
    pub(super) fn enter(&self, peer: Peer) -> Option<Place> {
        let mut open = self.open();
        let address = self.0.most_per_address.and(network(peer));
        let here = address.map_or(0, |address| {
            open.by_address.get(&address).copied().unwrap_or_default()
        });
        let limit = if open.all >= self.0.most {
            Some("max_connections")
        } else {
            let full = self.0.most_per_address.is_some_and(|most| here >= most);
            full.then_some("max_connections_per_address")
        };
        if let Some(limit) = limit {
            self.0.counters.refused_connection();
            open.refuse(peer, format_args!("`Limits::{limit}` is reached"));
            return None;
        }
        open.all += 1;
        if let Some(address) = address {
            open.by_address.insert(address, here + 1);
        }
        Some(Place {
            connections: self.clone(),
            address,
        })
    }

    /// A connection was closed for which there was no file descriptor.
    pub(super) fn turned_away(&self, peer: Peer) {
        self.0.counters.refused_connection();
        let reason = format_args!("there are no more file descriptors (`ulimit -n`)");
        self.open().refuse(peer, reason);
    }
}

impl Open {
    fn refuse(&mut self, peer: Peer, reason: fmt::Arguments<'_>) {
        self.refused += 1;
        let now = now();
        if self
            .warned
            .is_none_or(|warned| now.duration_since(warned) >= WARN_EVERY)
        {
            let refused = std::mem::take(&mut self.refused);
            tracing::warn!(%peer, refused, open = self.all, "connections are refused: {reason}");
            self.warned = Some(now);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.all = open.all.saturating_sub(1);
        if let Some(address) = self.address
            && let Some(here) = open.by_address.get_mut(&address)
        {
            *here = here.saturating_sub(1);
            if *here == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}
