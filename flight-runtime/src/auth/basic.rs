//! [`BasicAuth`]: name and password once, a bearer token from then on.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::BasicAuth as BasicAuthMessage;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use futures::future::BoxFuture;
use prost::Message;

use super::authenticator::Authenticator;
use super::authorization::{bearer, credentials, invalid_token};
use super::handshake::{ServerAuthReader, ServerAuthSender, token};
use super::secret::{self, Hashed};
use super::tokens::Tokens;
use crate::Error;
use crate::context::CallContext;
use crate::principal::Principal;
use crate::route::shorten;

/// With padding and without: Go's client leaves it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

type Verify = dyn Fn(String, String) -> BoxFuture<'static, Result<Principal, Error>> + Send + Sync;

/// Login with name and password, for a bearer token: `client.authenticate_basic_token(name, password)` in Python,
/// and its like in C++, Java, Go, Rust, ADBC, JDBC and ODBC.
///
/// The client calls Handshake once with `authorization: Basic …` (RFC 7617) and gets a token, which it sends with every call. Clients of
/// the older kind, which send the name and password as Flight's `BasicAuth` message and the token in `auth-token-bin`, are served too. So are
/// calls that bring name and password themselves.
///
/// ```
/// use flight_runtime::prelude::*;
/// use flight_runtime::{BasicAuth, Principal};
///
/// async fn check(name: String, password: String) -> Result<Principal, Error> {
///     # fn directory(_: &str, _: &str) -> bool { false }
///     match directory(&name, &password) {
///         true => Ok(Principal::new(name).with_role("reader")),
///         false => Err(BasicAuth::wrong()),
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
/// FlightServer::builder(Tables).authenticator(BasicAuth::new(check))
/// # }
/// ```
#[derive(Clone)]
pub struct BasicAuth {
    verify: Arc<Verify>,
    idle: Duration,
    lifetime: Duration,
    tokens: Tokens,
    /// Who was said to have no password.
    without: Option<String>,
}

impl BasicAuth {
    /// Asks this function who somebody is, by name and password. For wrong ones it returns [`BasicAuth::wrong`], with a
    /// [source](Error::with_source) for the log if it likes.
    pub fn new<F, Fut>(verify: F) -> Self
    where
        F: Fn(String, String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Principal, Error>> + Send + 'static,
    {
        let (idle, lifetime) = (Self::TOKEN_IDLE, Self::TOKEN_LIFETIME);
        Self {
            verify: Arc::new(move |name, password| Box::pin(verify(name, password))),
            idle,
            lifetime,
            tokens: Tokens::new(idle, lifetime),
            without: None,
        }
    }

    /// A few users, known when the server starts: each a name, or a [`Principal`] with roles, and a password.
    ///
    /// ```
    /// use flight_runtime::{BasicAuth, Principal};
    ///
    /// let auth = BasicAuth::users([
    ///     (Principal::new("ada").with_role("admin"), "correct horse"),
    ///     (Principal::new("bob"), "battery staple"),
    /// ]);
    /// ```
    ///
    /// Only hashes of the passwords are kept, which are made for comparing and not for storing: passwords that lie in a file or database
    /// belong behind a slow hash such as Argon2 and a function of your own.
    pub fn users<P: Into<Principal>, S: AsRef<[u8]>>(
        users: impl IntoIterator<Item = (P, S)>,
    ) -> Self {
        let known: HashMap<String, (Hashed, Principal)> = users
            .into_iter()
            .map(|(principal, password)| {
                let principal = principal.into();
                let name = principal.name().to_owned();
                (name, (Hashed::of(password.as_ref()), principal))
            })
            .collect();
        let mut users = known.iter();
        let without = users.find(|(_, (password, _))| password.is(&Hashed::of(b"")));
        let without = without.map(|(name, _)| name.clone());
        let auth = Self::new(move |name, password| {
            let hashed = Hashed::of(password.as_bytes());
            let found = known.get(&name);
            // A name that is not there takes as long as a password that is wrong.
            let expected = found.map_or(Hashed::of(b""), |(expected, _)| *expected);
            let fits = expected.is(&hashed);
            let name = shorten(&name);
            ready(match found {
                Some((_, principal)) if fits => Ok(principal.clone()),
                // The client does not see the difference, the log does.
                Some(_) => Err(Self::wrong().with_source(format!("not the password of `{name}`"))),
                None => Err(Self::wrong().with_source(format!("there is no `{name}`"))),
            })
        });
        Self { without, ..auth }
    }

    /// How long a token lasts that is not used, unless said otherwise: two hours, as in Java.
    pub const TOKEN_IDLE: Duration = Duration::from_secs(2 * 3600);

    /// How long a token lasts at most, unless said otherwise: a day.
    pub const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 3600);

    /// How long a token lasts that is not used. Default: [two hours](Self::TOKEN_IDLE).
    #[must_use]
    pub fn token_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self.tokens = Tokens::new(idle, self.lifetime);
        self
    }

    /// How long a token lasts at most, however often it is used. Default: [a day](Self::TOKEN_LIFETIME).
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self.tokens = Tokens::new(self.idle, lifetime);
        self
    }

    /// The tokens that are given out, to revoke them. Say the times before.
    ///
    /// ```
    /// use flight_runtime::prelude::*;
    /// use flight_runtime::{BasicAuth, Tokens};
    ///
    /// struct Accounts {
    ///     tokens: Tokens,
    /// }
    ///
    /// #[flight_server]
    /// impl Accounts {
    ///     /// Ends all of the caller's tokens.
    ///     #[action("log-out")]
    ///     fn log_out(&self, caller: Principal) -> String {
    ///         format!("{} tokens ended", self.tokens.revoke_all_of(caller.name()))
    ///     }
    /// }
    ///
    /// # fn build() -> flight_runtime::FlightServerBuilder {
    /// let login = BasicAuth::users([("ada", "correct horse")]);
    /// FlightServer::builder(Accounts { tokens: login.tokens() }).authenticator(login)
    /// # }
    /// ```
    pub fn tokens(&self) -> Tokens {
        self.tokens.clone()
    }

    /// What a wrong name and a wrong password are told alike.
    pub fn wrong() -> Error {
        Error::unauthenticated("invalid user name or password")
    }

    async fn verify(&self, name: String, password: String) -> Result<Principal, Error> {
        (self.verify)(name, password).await
    }

    /// Name and password in the `authorization` header.
    async fn by_header(&self, context: &CallContext) -> Result<Option<Principal>, Error> {
        let Some(encoded) = credentials(context, "Basic") else {
            return Ok(None);
        };
        let Some((name, password)) = parse(encoded) else {
            return Err(Error::unauthenticated(
                "`authorization: Basic` is not followed by base64 of `name:password`",
            ));
        };
        self.verify(name, password).await.map(Some)
    }
}

/// `name:password` in base64; only the password may contain a colon (RFC 7617, 2).
fn parse(encoded: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

impl Authenticator for BasicAuth {
    async fn authenticate(&self, context: &CallContext) -> Result<Option<Principal>, Error> {
        if let Some(token) = bearer(context) {
            let found = self.tokens.find(token.as_bytes());
            return found.map(Some).ok_or_else(invalid_token);
        }
        if let Some(principal) = self.by_header(context).await? {
            return Ok(Some(principal));
        }
        match token(context)? {
            Some(token) => {
                let found = self.tokens.find(&token);
                found
                    .map(Some)
                    .ok_or_else(|| Error::unauthenticated("invalid token"))
            }
            None => Ok(None),
        }
    }

    async fn handshake(
        &self,
        context: &CallContext,
        outgoing: &mut ServerAuthSender,
        incoming: &mut ServerAuthReader,
    ) -> Result<bool, Error> {
        if let Some(principal) = self.by_header(context).await? {
            let token = self.tokens.issue(principal.clone())?;
            context.identify(principal);
            // Clients look in the trailers, the headers, or both.
            context.add_header("authorization", format!("Bearer {token}"))?;
            context.add_trailer("authorization", format!("Bearer {token}"))?;
            // Rust's client sends a message and waits for one; C++'s does neither.
            if incoming.next().await?.is_some() {
                outgoing.write(token).await?;
            }
            return Ok(true);
        }
        let Some((name, password)) = incoming.peek().await?.and_then(message) else {
            return Ok(false);
        };
        let principal = self.verify(name, password).await?;
        let token = self.tokens.issue(principal.clone())?;
        context.identify(principal);
        incoming.next().await?;
        outgoing.write(token).await?;
        Ok(true)
    }

    fn check(&self) -> Result<(), Error> {
        secret::check("password", self.without.as_deref())
    }

    fn expects(&self) -> Option<Cow<'static, str>> {
        Some(
            "`authorization: Bearer <token>`, which a Handshake with `authorization: Basic` gives"
                .into(),
        )
    }
}

/// The older kind of login: Flight's own message.
fn message(bytes: &Bytes) -> Option<(String, String)> {
    let message = BasicAuthMessage::decode(bytes.clone()).ok()?;
    (!message.username.is_empty()).then_some((message.username, message.password))
}

impl fmt::Debug for BasicAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicAuth")
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_password_are_read_with_padding_and_without() {
        let ada = Some(("ada".to_owned(), "a:b".to_owned()));
        assert_eq!(parse("YWRhOmE6Yg=="), ada);
        assert_eq!(parse("YWRhOmE6Yg"), ada);
        assert_eq!(parse("OmE="), Some((String::new(), "a".to_owned())));
        for wrong in ["", "YWRh", "!", "YWRhOmE6Yg===", "/w=="] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn users_are_known_by_their_own_password_alone() {
        let auth = BasicAuth::users([("ada", "one"), ("bob", "")]);
        let verify = |name: &str, password: &str| auth.verify(name.into(), password.into());
        assert_eq!(verify("ada", "one").await.unwrap().name(), "ada");
        assert_eq!(verify("bob", "").await.unwrap().name(), "bob");
        for (name, password) in [("ada", ""), ("ada", "two"), ("eve", ""), ("eve", "one")] {
            let error = verify(name, password).await.unwrap_err();
            assert_eq!(error.message(), BasicAuth::wrong().message(), "{name}");
        }
    }
}
