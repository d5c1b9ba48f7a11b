//! [`Authenticator`]: from a call's credentials to a [`Principal`].

use std::borrow::Cow;
use std::future::{Future, ready};

use futures::future::BoxFuture;

use super::handshake::{ServerAuthReader, ServerAuthSender};
use crate::Error;
use crate::context::CallContext;
use crate::principal::Principal;

/// Knows callers by what they send: headers, a certificate, a handshake.
///
/// A server has any number of them ([`FlightServerBuilder::authenticator`](crate::FlightServerBuilder::authenticator)) and asks one after the
/// other, for every call, before anything else of it is read. Once there is one, every call needs credentials, but for those of handlers
/// that are `public`.
///
/// | says | means |
/// |---|---|
/// | `Ok(Some(principal))` | it is them |
/// | `Ok(None)` | no credentials of this kind: the next one is asked, and at last the call is UNAUTHENTICATED |
/// | `Err(Error::unauthenticated(…))` | credentials of this kind, and wrong: unless another knows them, the call is UNAUTHENTICATED with this message |
/// | another error | nobody else is asked, and the call ends with it: UNAVAILABLE when the directory of users cannot be reached, PERMISSION_DENIED for somebody who is shut out |
///
/// Ready-made: `BasicAuth`, `BearerTokens` and `ApiKeys` (feature `auth`), `JwtAuth` (feature `jwt`),
/// [`ClientCertificates`](crate::ClientCertificates); and Flight's own handshake, [`ServerAuthHandler`](crate::ServerAuthHandler).
///
/// ```
/// use flight_runtime::prelude::*;
/// use flight_runtime::{Authenticator, Principal};
///
/// /// Trusts what a proxy in front of the server has found out.
/// struct FromProxy;
///
/// impl Authenticator for FromProxy {
///     async fn authenticate(&self, context: &CallContext) -> Result<Option<Principal>, Error> {
///         let user = context.headers().get("x-user").and_then(|user| user.to_str().ok());
///         Ok(user.map(Principal::from))
///     }
/// }
///
/// # struct Tables;
/// # #[flight_server]
/// # impl Tables {
/// #     #[action("a")]
/// #     fn a(&self) {}
/// # }
/// # fn build() -> flight_runtime::FlightServerBuilder {
/// FlightServer::builder(Tables).authenticator(FromProxy)
/// # }
/// ```
pub trait Authenticator: Send + Sync + 'static {
    /// Who calls, by the headers and the connection of a call.
    fn authenticate(
        &self,
        context: &CallContext,
    ) -> impl Future<Output = Result<Option<Principal>, Error>> + Send;

    /// Takes part in a Handshake: `Ok(true)` when it did, `Ok(false)` to leave it to the next one. Default: leaves it.
    ///
    /// After UNAUTHENTICATED the next one is asked, as long as nothing was read, and the handshake ends with that where nobody takes part.
    ///
    /// The call itself is not authenticated: what is read comes from anybody. A message that is only
    /// [peeked](ServerAuthReader::peek) at is there for the next one too.
    fn handshake(
        &self,
        context: &CallContext,
        outgoing: &mut ServerAuthSender,
        incoming: &mut ServerAuthReader,
    ) -> impl Future<Output = Result<bool, Error>> + Send {
        let _ = (context, outgoing, incoming);
        ready(Ok(false))
    }

    /// What is wrong with how it was set up: the server does not start then. Default: nothing.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT, with what to change.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// What it looks for, for callers who sent nothing: `` `authorization: Bearer <token>` ``. Default: nothing is said.
    fn expects(&self) -> Option<Cow<'static, str>> {
        None
    }

    /// Whether what it looks for is a secret that travels in the headers, of which a server in plain text warns at its start. Default: yes.
    fn is_secret(&self) -> bool {
        true
    }
}

/// An [`Authenticator`] of any type.
pub(super) trait Erased: Send + Sync {
    fn authenticate<'a>(
        &'a self,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Option<Principal>, Error>>;

    fn handshake<'a>(
        &'a self,
        context: &'a CallContext,
        outgoing: &'a mut ServerAuthSender,
        incoming: &'a mut ServerAuthReader,
    ) -> BoxFuture<'a, Result<bool, Error>>;

    fn check(&self) -> Result<(), Error>;

    fn expects(&self) -> Option<Cow<'static, str>>;

    fn is_secret(&self) -> bool;
}

impl<A: Authenticator> Erased for A {
    fn authenticate<'a>(
        &'a self,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Option<Principal>, Error>> {
        Box::pin(Authenticator::authenticate(self, context))
    }

    fn handshake<'a>(
        &'a self,
        context: &'a CallContext,
        outgoing: &'a mut ServerAuthSender,
        incoming: &'a mut ServerAuthReader,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(Authenticator::handshake(self, context, outgoing, incoming))
    }

    fn check(&self) -> Result<(), Error> {
        Authenticator::check(self)
    }

    fn expects(&self) -> Option<Cow<'static, str>> {
        Authenticator::expects(self)
    }

    fn is_secret(&self) -> bool {
        Authenticator::is_secret(self)
    }
}
