//! The `authorization` header, by its scheme (RFC 9110, 11.6.2).

use crate::Error;
use crate::context::CallContext;

/// What follows this scheme in an `authorization` header of the call; schemes are the same in any case.
pub(super) fn credentials<'a>(context: &'a CallContext, scheme: &str) -> Option<&'a str> {
    let headers = context.headers().get_all("authorization");
    headers.iter().find_map(|value| {
        let (found, credentials) = value.to_str().ok()?.split_once(' ')?;
        found
            .eq_ignore_ascii_case(scheme)
            .then(|| credentials.trim())
    })
}

/// The bearer token of the call (RFC 6750, 2.1).
pub(super) fn bearer(context: &CallContext) -> Option<&str> {
    credentials(context, "Bearer")
}

/// What every bearer token that nobody knows is told, whether it never was one, has expired or was revoked.
pub(super) fn invalid_token() -> Error {
    Error::unauthenticated("invalid bearer token")
}
