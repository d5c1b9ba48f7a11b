//! Who calls, and what they may do.
//!
//! | file | what it holds |
//! |---|---|
//! | `authenticator` | the trait: from a call's credentials to a `Principal` |
//! | `handshake` | Flight's own handshake and its token |
//! | `basic`, `tokens` | name and password for a bearer token, and the tokens that were given out |
//! | `bearer` | bearer tokens and API keys that are known beforehand |
//! | `jwt` | tokens that an issuer has signed |
//! | `certificate` | client certificates |
//! | `authorization`, `secret` | the header that they read, and secrets that are kept as hashes alone |
//! | `gate` | all authenticators of a server, asked for every call |
//! | `access` | the rule on a handler |

mod access;
mod authenticator;
#[cfg(any(feature = "auth", feature = "jwt"))]
mod authorization;
#[cfg(feature = "auth")]
mod basic;
#[cfg(feature = "auth")]
mod bearer;
mod certificate;
mod gate;
mod handshake;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(feature = "auth")]
mod secret;
#[cfg(feature = "auth")]
mod tokens;

pub use access::{Access, Grant, Guard, allows};
pub use authenticator::Authenticator;
#[cfg(feature = "auth")]
pub use basic::BasicAuth;
#[cfg(feature = "auth")]
pub use bearer::{ApiKeys, BearerTokens};
pub use certificate::ClientCertificates;
pub use handshake::{
    AUTH_TOKEN_HEADER, MAX_HANDSHAKE_MESSAGE, ServerAuthHandler, ServerAuthReader, ServerAuthSender,
};
#[cfg(feature = "jwt")]
pub use jwt::{JwtAuth, JwtKeys};
#[cfg(feature = "auth")]
pub use tokens::Tokens;

pub(crate) use gate::Gate;
