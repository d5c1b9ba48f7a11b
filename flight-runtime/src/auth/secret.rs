//! Secrets: kept as hashes alone, and compared in constant time.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::Error;
use crate::principal::Principal;

/// The SHA-256 of a secret. For tokens, which cannot be guessed; a password deserves a slow hash wherever it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Hashed([u8; 32]);

impl Hashed {
    pub(super) fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Whether both are of one secret, in a time that tells nothing of where they differ.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::fmt::Debug for Hashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hashed(…)")
    }
}

/// A token that cannot be guessed: 256 bits of the operating system's randomness.
pub(super) fn random_token() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::hidden(format!("no randomness for a token: {error}")))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether there is nobody whose secret is empty.
pub(super) fn check(what: &str, without: Option<&str>) -> Result<(), Error> {
    match without {
        None => Ok(()),
        Some(name) => Err(Error::invalid_argument(format!(
            "the {what} of `{name}` is empty, so that anybody has it: was it read from a variable that is not set?"
        ))),
    }
}

/// Secrets that are known beforehand, and whose they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets(Vec<(Hashed, Principal)>);

impl Secrets {
    pub(super) fn add(&mut self, secret: &[u8], principal: Principal) {
        self.0.push((Hashed::of(secret), principal));
    }

    /// Whether all of them are some: anybody can send an empty one.
    pub(super) fn check(&self, what: &str) -> Result<(), Error> {
        check(what, self.find(b"").map(Principal::name))
    }

    /// Whose secret this is. Looks at all of them, however early one fits.
    pub(super) fn find(&self, secret: &[u8]) -> Option<&Principal> {
        let hashed = Hashed::of(secret);
        let mut found = None;
        for (known, principal) in &self.0 {
            if known.is(&hashed) {
                found = Some(principal);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_and_none_like_it() {
        let mut secrets = Secrets::default();
        secrets.add(b"one", "ada".into());
        secrets.add(b"two", "bob".into());
        assert_eq!(secrets.find(b"two").map(Principal::name), Some("bob"));
        for wrong in ["", "tw", "two ", "TWO"] {
            assert!(secrets.find(wrong.as_bytes()).is_none(), "{wrong:?}");
        }
        assert!(!format!("{secrets:?}").contains("two"));
    }

    #[test]
    fn tokens_differ() {
        let (one, two) = (random_token().unwrap(), random_token().unwrap());
        assert_eq!(one.len(), 43);
        assert_ne!(one, two);
    }
}
