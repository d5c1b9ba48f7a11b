//! [`Tokens`]: the bearer tokens that a login has given out.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::authorization::bearer;
use super::handshake;
use super::secret::{Hashed, random_token};
use crate::Error;
use crate::context::CallContext;
use crate::principal::Principal;

/// How many tokens somebody can have at a time. The one that was given out first is forgotten for one more.
const MOST_OF_ONE: usize = 100;

/// The bearer tokens that a [`BasicAuth`](super::BasicAuth) has given out: to revoke them. A handle, cheap to clone.
///
/// They live in this process: with several replicas behind one address, a client has to stay with the one that it logged in to, or
/// use tokens that are signed ([`JwtAuth`](crate::JwtAuth)).
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    idle: Duration,
    lifetime: Duration,
    issued: Mutex<Issued>,
}

#[derive(Default)]
struct Issued {
    tokens: HashMap<Hashed, Token>,
    /// The tokens of each name, the oldest first; also some that are gone.
    of_name: HashMap<String, VecDeque<Hashed>>,
    /// When this many are there, those that have expired are looked for.
    next_sweep: usize,
}

struct Token {
    principal: Principal,
    issued: Instant,
    used: Instant,
}

impl Tokens {
    pub(super) fn new(idle: Duration, lifetime: Duration) -> Self {
        Self(Arc::new(Inner {
            idle,
            lifetime,
            issued: Mutex::default(),
        }))
    }

    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.0.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_live(&self, token: &Token, now: Instant) -> bool {
        now.duration_since(token.issued) < self.0.lifetime
            && now.duration_since(token.used) < self.0.idle
    }

    /// A new token for somebody who has logged in.
    pub(super) fn issue(&self, principal: Principal) -> Result<String, Error> {
        let text = random_token()?;
        let (hashed, now) = (Hashed::of(text.as_bytes()), Instant::now());
        let mut issued = self.issued();
        if issued.tokens.len() >= issued.next_sweep {
            issued.tokens.retain(|_, token| self.is_live(token, now));
            let Issued {
                tokens, of_name, ..
            } = &mut *issued;
            of_name.retain(|_, theirs| {
                theirs.retain(|hashed| tokens.contains_key(hashed));
                !theirs.is_empty()
            });
            // Twice as many, so that all sweeps together cost no more than the tokens themselves.
            issued.next_sweep = issued.tokens.len().max(MOST_OF_ONE) * 2;
        }
        let Issued {
            tokens, of_name, ..
        } = &mut *issued;
        let theirs = of_name.entry(principal.name().to_owned()).or_default();
        if theirs.len() >= MOST_OF_ONE {
            // Those that have ended leave room for those that have not.
            theirs.retain(|hashed| {
                tokens
                    .get(hashed)
                    .is_some_and(|token| self.is_live(token, now))
            });
        }
        if theirs.len() >= MOST_OF_ONE
            && let Some(oldest) = theirs.pop_front()
        {
            tokens.remove(&oldest);
        }
        theirs.push_back(hashed);
        tokens.insert(
            hashed,
            Token {
                principal,
                issued: now,
                used: now,
            },
        );
        Ok(text)
    }

    /// Whose token this is, if it still is one.
    pub(super) fn find(&self, token: &[u8]) -> Option<Principal> {
        let (hashed, now) = (Hashed::of(token), Instant::now());
        let mut issued = self.issued();
        let found = issued.tokens.get_mut(&hashed)?;
        if !self.is_live(found, now) {
            issued.tokens.remove(&hashed);
            return None;
        }
        found.used = now;
        Some(found.principal.clone())
    }

    /// Ends a token: whether it was one.
    pub fn revoke(&self, token: impl AsRef<[u8]>) -> bool {
        let hashed = Hashed::of(token.as_ref());
        self.issued().tokens.remove(&hashed).is_some()
    }

    /// Ends the token that a call came with, and no other of its caller: whether it had one.
    pub fn revoke_own(&self, context: &CallContext) -> bool {
        bearer(context).is_some_and(|token| self.revoke(token))
            || handshake::token(context)
                .ok()
                .flatten()
                .is_some_and(|token| self.revoke(token))
    }

    /// Ends all tokens of this name; how many they were.
    pub fn revoke_all_of(&self, name: &str) -> usize {
        let mut issued = self.issued();
        let theirs = issued.of_name.remove(name).unwrap_or_default();
        let ended = theirs.iter();
        ended
            .filter(|hashed| issued.tokens.remove(hashed).is_some())
            .count()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("issued", &self.issued().tokens.len())
            .field("idle", &self.0.idle)
            .field("lifetime", &self.0.lifetime)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn name(principal: Option<Principal>) -> Option<String> {
        principal.map(|principal| principal.name().to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_ends_when_it_is_not_used_and_at_the_latest_after_its_lifetime() {
        let tokens = Tokens::new(2 * HOUR, 5 * HOUR);
        let (used, unused) = (
            tokens.issue("ada".into()).unwrap(),
            tokens.issue("bob".into()).unwrap(),
        );
        for _ in 0..4 {
            tokio::time::advance(HOUR).await;
            assert_eq!(name(tokens.find(used.as_bytes())).as_deref(), Some("ada"));
        }
        assert!(tokens.find(unused.as_bytes()).is_none());
        tokio::time::advance(HOUR).await;
        assert!(tokens.find(used.as_bytes()).is_none());
        assert!(tokens.find(b"").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_expired_is_forgotten() {
        let tokens = Tokens::new(HOUR, HOUR);
        for n in 0..1000 {
            tokens.issue(format!("user {n}").into()).unwrap();
        }
        tokio::time::advance(HOUR).await;
        for n in 0..10_000 {
            tokens.issue(format!("later {}", n % 20).into()).unwrap();
        }
        let issued = tokens.issued();
        assert!(issued.tokens.len() <= 4000, "{}", issued.tokens.len());
        assert!(issued.of_name.len() <= 1020, "{}", issued.of_name.len());
    }

    #[tokio::test]
    async fn a_token_is_revoked_alone_or_with_all_of_its_name() {
        let tokens = Tokens::new(HOUR, HOUR);
        let one = tokens.issue("ada".into()).unwrap();
        let two = tokens.issue("ada".into()).unwrap();
        let three = tokens.issue("ada".into()).unwrap();
        let other = tokens.issue("bob".into()).unwrap();
        assert!(tokens.revoke(&one) && !tokens.revoke(&one));
        assert!(tokens.find(two.as_bytes()).is_some());
        assert_eq!(tokens.revoke_all_of("ada"), 2);
        assert!(tokens.find(two.as_bytes()).is_none() && tokens.find(three.as_bytes()).is_none());
        assert_eq!(name(tokens.find(other.as_bytes())).as_deref(), Some("bob"));
    }

    #[tokio::test]
    async fn tokens_that_have_ended_take_no_room() {
        let tokens = Tokens::new(HOUR, HOUR);
        let kept = tokens.issue("job".into()).unwrap();
        for _ in 0..3 * MOST_OF_ONE {
            let other = tokens.issue("job".into()).unwrap();
            assert!(tokens.revoke(&other));
        }
        assert!(tokens.find(kept.as_bytes()).is_some());
    }

    #[tokio::test]
    async fn somebody_has_so_many_and_the_oldest_goes() {
        let tokens = Tokens::new(HOUR, HOUR);
        let first = tokens.issue("ada".into()).unwrap();
        let mut last = String::new();
        for _ in 0..MOST_OF_ONE {
            last = tokens.issue("ada".into()).unwrap();
        }
        assert!(tokens.find(first.as_bytes()).is_none());
        assert!(tokens.find(last.as_bytes()).is_some());
        assert_eq!(tokens.issued().tokens.len(), MOST_OF_ONE);
    }
}
