//! [`Attempts`]: how often an address was wrong about who it is.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::caller::{Peer, network};
use crate::context::now;
use crate::limits::{Limits, reached};
use crate::{Code, Error};

/// For how long attempts are counted, from the first.
const WINDOW: Duration = Duration::from_secs(60);
/// From so many addresses on, those whose time has passed are forgotten; all, when none has.
const MOST: usize = 10_000;

/// The failed logins of a server.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<IpAddr, Failed>>);

#[derive(Debug)]
struct Failed {
    since: Instant,
    count: u32,
}

impl Failed {
    fn counts(&self, now: Instant) -> bool {
        now.duration_since(self.since) < WINDOW
    }
}

impl Attempts {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Failed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there may be another, before it is judged.
    pub(super) fn check(&self, peer: Peer, limits: &Limits) -> Result<(), Error> {
        let (Some(most), Some(address)) = (limits.failed_logins_per_address, network(peer)) else {
            return Ok(());
        };
        let now = now();
        let failed = self.lock();
        let failed = failed.get(&address).filter(|failed| failed.counts(now));
        if failed.is_some_and(|failed| failed.count >= most) {
            let what = "too many failed logins of this address within a minute";
            return Err(reached(what, "max_failed_logins_per_address", most));
        }
        Ok(())
    }

    /// Counts what failed for wrong credentials.
    pub(super) fn failed(&self, peer: Peer, error: &Error, limits: &Limits) {
        let Some(address) = network(peer) else {
            return;
        };
        if limits.failed_logins_per_address.is_none() || error.code() != Code::Unauthenticated {
            return;
        }
        let now = now();
        let mut all = self.lock();
        if all.len() >= MOST {
            all.retain(|_, failed| failed.counts(now));
            if all.len() >= MOST {
                all.clear();
            }
        }
        let failed = all.entry(address).or_insert(Failed {
            since: now,
            count: 0,
        });
        if !failed.counts(now) {
            (failed.since, failed.count) = (now, 0);
        }
        failed.count = failed.count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn failed_logins_are_forgotten_after_a_minute() {
        let limits = Limits::default().max_failed_logins_per_address(2);
        let attempts = Attempts::default();
        let here = Peer::Tcp(([192, 0, 2, 1], 1).into());
        let wrong = Error::unauthenticated("wrong");
        for _ in 0..2 {
            attempts.check(here, &limits).unwrap();
            attempts.failed(here, &wrong, &limits);
        }
        let error = attempts.check(here, &limits).unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted);
        let there = Peer::Tcp(([192, 0, 2, 2], 1).into());
        attempts.check(there, &limits).unwrap();
        tokio::time::advance(WINDOW).await;
        attempts.check(here, &limits).unwrap();
    }
}
