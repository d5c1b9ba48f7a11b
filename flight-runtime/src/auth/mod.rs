//! Who calls, and what they may do.
//!
//! | file | what it holds |
//! |---|---|
//! | `authenticator` | the trait: from a call's credentials to a `Principal` |
//! | `handshake` | Flight's own handshake and its token |
//! | `basic` | name and password for a bearer token |
//! | `bearer` | bearer tokens and API keys that are known beforehand |
//! | `jwt` | tokens that an issuer has signed |
//! | `certificate` | client certificates |
//! | `secret` | secrets that are kept as hashes alone |
//! | `gate` | all authenticators of a server, asked for every call |
//! | `access` | the rule on a handler |

mod access;
mod authenticator;
mod certificate;
mod gate;
mod handshake;

pub use access::{Access, Grant, Guard, allows};
pub use authenticator::Authenticator;
pub use certificate::ClientCertificates;
pub use handshake::{
    AUTH_TOKEN_HEADER, MAX_HANDSHAKE_MESSAGE, ServerAuthHandler, ServerAuthReader, ServerAuthSender,
};

pub(crate) use gate::Gate;
