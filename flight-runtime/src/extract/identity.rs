//! Who calls and what was started around the call, as arguments.

use std::any::{Any, type_name};
use std::ops::Deref;
use std::sync::Arc;

use super::FromCall;
use crate::Error;
use crate::call::Call;
use crate::principal::Principal;
use crate::rpc::Rpc;

/// Who calls, as the type that the authenticator gave: a user of your database, the claims of a token.
///
/// An argument of any handler. It derefs to `T`. As `Option<Identity<T>>` it is `None` for callers without credentials, and for those whom
/// another authenticator knows, which gives no `T`.
///
/// ```
/// use flight_runtime::prelude::*;
/// use flight_runtime::{Authenticator, Identity, Principal};
///
/// struct User {
///     name: String,
///     region: u16,
/// }
///
/// struct Users;
///
/// impl Authenticator for Users {
///     async fn authenticate(&self, context: &CallContext) -> Result<Option<Principal>, Error> {
///         let Some(name) = context.headers().get("x-user").and_then(|name| name.to_str().ok()) else {
///             return Ok(None);
///         };
///         let user = User { name: name.to_owned(), region: 7 };
///         Ok(Some(Principal::new(name).with_value(user)))
///     }
/// }
///
/// struct Sales;
///
/// #[flight_server]
/// impl Sales {
///     #[action("mine")]
///     async fn mine(&self, user: Identity<User>) -> String {
///         format!("{} sees region {}", user.name, user.region)
///     }
/// }
/// ```
///
/// # Errors
///
/// UNAUTHENTICATED when nobody vouches for the caller; INTERNAL when the authenticator gave a value of another type, or none.
#[derive(Debug)]
pub struct Identity<T>(pub Arc<T>);

impl<T> Clone for Identity<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Identity<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

fn nobody() -> Error {
    Error::unauthenticated("this is for callers that are known, and nobody vouches for this one")
}

fn identity<T: Any + Send + Sync>(principal: &Principal) -> Result<Identity<T>, Error> {
    principal.value().map(Identity).ok_or_else(|| {
        Error::hidden(format!(
            "a handler takes `Identity<{}>`, and the authenticator gave {} to `{}`: see `Principal::with_value`",
            type_name::<T>(),
            principal
                .value_type()
                .map_or("no value".to_owned(), |name| format!("a `{name}`")),
            principal.name(),
        ))
    })
}

#[diagnostic::do_not_recommend]
impl<R: Rpc, T: Any + Send + Sync> FromCall<R> for Identity<T> {
    async fn from_call(call: &mut Call) -> Result<Self, Error> {
        identity(call.context().principal().ok_or_else(nobody)?)
    }
}

#[diagnostic::do_not_recommend]
impl<R: Rpc, T: Any + Send + Sync> FromCall<R> for Option<Identity<T>> {
    async fn from_call(call: &mut Call) -> Result<Self, Error> {
        Ok(call
            .context()
            .principal()
            .and_then(Principal::value)
            .map(Identity))
    }
}

#[diagnostic::do_not_recommend]
impl<R: Rpc> FromCall<R> for Principal {
    async fn from_call(call: &mut Call) -> Result<Self, Error> {
        call.context().principal().cloned().ok_or_else(nobody)
    }
}

#[diagnostic::do_not_recommend]
impl<R: Rpc> FromCall<R> for Option<Principal> {
    async fn from_call(call: &mut Call) -> Result<Self, Error> {
        Ok(call.context().principal().cloned())
    }
}

/// The [`ServerMiddleware`](crate::ServerMiddleware) of this type that was started for the call.
///
/// An argument of any handler, also as `Option<Middleware<T>>` when the factory does not start it for every call. It derefs to `T`.
///
/// # Errors
///
/// INTERNAL when none was started.
#[derive(Debug)]
pub struct Middleware<T>(pub Arc<T>);

impl<T> Clone for Middleware<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Middleware<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[diagnostic::do_not_recommend]
impl<R: Rpc, T: Any + Send + Sync> FromCall<R> for Middleware<T> {
    async fn from_call(call: &mut Call) -> Result<Self, Error> {
        call.context().middleware().map(Middleware).ok_or_else(|| {
            Error::hidden(format!(
                "a handler takes `Middleware<{}>`, and none was started for this call: \
                 add it with `.middleware(key, factory)`, or take an `Option`",
                type_name::<T>()
            ))
        })
    }
}

#[diagnostic::do_not_recommend]
impl<R: Rpc, T: Any + Send + Sync> FromCall<R> for Option<Middleware<T>> {
    async fn from_call(call: &mut Call) -> Result<Self, Error> {
        Ok(call.context().middleware().map(Middleware))
    }
}
