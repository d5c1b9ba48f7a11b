//! [`BearerTokens`] and [`ApiKeys`]: secrets that are known beforehand.

use std::borrow::Cow;

use super::authenticator::Authenticator;
use super::authorization;
use super::secret::Secrets;
use crate::Error;
use crate::context::CallContext;
use crate::principal::Principal;

/// Bearer tokens that are known when the server starts: `authorization: Bearer <token>`.
///
/// Only their SHA-256 is kept, and compared in constant time. A token should be random and long (32 bytes from the operating system);
/// whoever has it is let in, so serve it over TLS.
///
/// ```
/// use flight_runtime::prelude::*;
/// use flight_runtime::{BearerTokens, Principal};
///
/// # struct Tables;
/// # #[flight_server]
/// # impl Tables {
/// #     #[action("a")]
/// #     fn a(&self) {}
/// # }
/// # fn build(reader: String, admin: String) -> flight_runtime::FlightServerBuilder {
/// FlightServer::builder(Tables).authenticator(
///     BearerTokens::new()
///         .token(reader, "dashboard")
///         .token(admin, Principal::new("nightly job").with_role("admin")),
/// )
/// # }
/// ```
///
/// pyarrow sends one with `FlightCallOptions(headers=[(b"authorization", b"Bearer …")])`.
#[derive(Clone, Debug, Default)]
pub struct BearerTokens(Secrets);

impl BearerTokens {
    /// None yet: nobody is let in.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whoever sends this token is that principal: a name, or a [`Principal`] with roles.
    #[must_use]
    pub fn token(mut self, token: impl AsRef<[u8]>, principal: impl Into<Principal>) -> Self {
        self.0.add(token.as_ref(), principal.into());
        self
    }
}

impl Authenticator for BearerTokens {
    async fn authenticate(&self, context: &CallContext) -> Result<Option<Principal>, Error> {
        let Some(token) = authorization::bearer(context) else {
            return Ok(None);
        };
        match self.0.find(token.as_bytes()) {
            Some(principal) => Ok(Some(principal.clone())),
            None => Err(authorization::invalid_token()),
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.0.check("bearer token")
    }

    fn expects(&self) -> Option<Cow<'static, str>> {
        Some("`authorization: Bearer <token>`".into())
    }
}

/// API keys in a header of your choice, such as `x-api-key`.
///
/// Kept and compared as [`BearerTokens`] are.
///
/// ```
/// use flight_runtime::ApiKeys;
/// use flight_runtime::prelude::*;
///
/// # struct Tables;
/// # #[flight_server]
/// # impl Tables {
/// #     #[action("a")]
/// #     fn a(&self) {}
/// # }
/// # fn build(key: String) -> flight_runtime::FlightServerBuilder {
/// FlightServer::builder(Tables).authenticator(ApiKeys::new("x-api-key").key(key, "dashboard"))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ApiKeys {
    header: Cow<'static, str>,
    secrets: Secrets,
}

impl ApiKeys {
    /// Keys in this header; none yet, so nobody is let in.
    pub fn new(header: impl Into<Cow<'static, str>>) -> Self {
        Self {
            header: header.into(),
            secrets: Secrets::default(),
        }
    }

    /// Whoever sends this key is that principal: a name, or a [`Principal`] with roles.
    #[must_use]
    pub fn key(mut self, key: impl AsRef<[u8]>, principal: impl Into<Principal>) -> Self {
        self.secrets.add(key.as_ref(), principal.into());
        self
    }
}

impl Authenticator for ApiKeys {
    async fn authenticate(&self, context: &CallContext) -> Result<Option<Principal>, Error> {
        let Some(key) = context.headers().get(&*self.header) else {
            return Ok(None);
        };
        match self.secrets.find(key.as_bytes()) {
            Some(principal) => Ok(Some(principal.clone())),
            None => Err(Error::unauthenticated(format!(
                "invalid key in `{}`",
                self.header
            ))),
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.secrets.check("API key")
    }

    fn expects(&self) -> Option<Cow<'static, str>> {
        Some(format!("`{}: <key>`", self.header).into())
    }
}
