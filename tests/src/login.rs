//! Who is let in: the users of these tests, known in every way that the framework has.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use flight_runtime::prelude::*;
use flight_runtime::{
    ApiKeys, Authenticator, BasicAuth, BearerTokens, ClientCertificates, FlightServerBuilder,
    JwtAuth, JwtKeys, ServerAuthHandler, ServerAuthReader, ServerAuthSender, Tokens,
};
use serde::Deserialize;

use crate::guarded::User;

/// One way to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A handshake of one message, `name:password`, or of several.
    Handshake,
    /// Name and password for a bearer token.
    Basic,
    /// Bearer tokens.
    Bearer,
    /// Keys in `x-api-key`.
    ApiKey,
    /// Tokens signed with HS256.
    Jwt,
    /// A certificate.
    Certificate,
    /// The header `x-user`, by an authenticator of its own.
    Own,
}

impl FromStr for Auth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "handshake" => Auth::Handshake,
            "basic" => Auth::Basic,
            "bearer" => Auth::Bearer,
            "api-key" => Auth::ApiKey,
            "jwt" => Auth::Jwt,
            "certificate" => Auth::Certificate,
            "own" => Auth::Own,
            other => return Err(format!("no authentication `{other}`")),
        })
    }
}

/// The secret with which the tokens of these tests are signed.
const JWT_SECRET: &str = "the secret of these tests, 32 bytes";

fn ada() -> Principal {
    Principal::new("ada")
        .with_role("admin")
        .with_value(User { region: 7 })
}

fn bob() -> Principal {
    Principal::new("bob")
        .with_scope("rows:write")
        .with_value(User { region: 8 })
}

fn carol() -> Principal {
    Principal::new("carol").with_value(User { region: 9 })
}

fn users() -> [(Principal, &'static str); 3] {
    [(ada(), "ada's"), (bob(), "bob's"), (carol(), "carol's")]
}

/// Login with tokens that do not last long.
pub(crate) fn basic(token_idle: Option<Duration>) -> BasicAuth {
    let basic = BasicAuth::users(users());
    match token_idle {
        Some(idle) => basic.token_idle(idle),
        None => basic,
    }
}

/// Adds what was asked for.
pub(crate) fn add(
    mut builder: FlightServerBuilder,
    auth: &[Auth],
    basic: &BasicAuth,
) -> FlightServerBuilder {
    for auth in auth {
        builder = match auth {
            Auth::Handshake => builder.auth_handler(Handshakes::default()),
            Auth::Basic => builder.authenticator(basic.clone()),
            Auth::Bearer => {
                let tokens = users().into_iter();
                builder.authenticator(tokens.fold(BearerTokens::new(), |tokens, (user, word)| {
                    tokens.token(format!("token of {word}"), user)
                }))
            }
            Auth::ApiKey => {
                let keys = users().into_iter();
                builder.authenticator(keys.fold(ApiKeys::new("x-api-key"), |keys, (user, word)| {
                    keys.key(format!("key of {word}"), user)
                }))
            }
            Auth::Jwt => builder.authenticator(
                JwtAuth::new(JwtKeys::hmac(JWT_SECRET), "tests", "guarded").claims::<Claims>(),
            ),
            Auth::Certificate => {
                builder.authenticator(ClientCertificates::new().role("ada", "admin"))
            }
            Auth::Own => builder.authenticator(Own),
        };
    }
    builder
}

/// What a JWT says beside its name.
#[derive(Deserialize)]
pub(crate) struct Claims {
    #[expect(dead_code, reason = "a token without it is refused")]
    region: u16,
}

/// Believes a header; `outage` is a directory that cannot be reached, `shut-out` a user whom nobody may let in.
struct Own;

impl Authenticator for Own {
    async fn authenticate(&self, context: &CallContext) -> Result<Option<Principal>, Error> {
        let Some(name) = context.headers().get("x-user") else {
            return Ok(None);
        };
        tokio::task::yield_now().await;
        match name.as_bytes() {
            b"ada" => Ok(Some(ada())),
            b"bob" => Ok(Some(bob())),
            b"carol" => Ok(Some(carol())),
            b"outage" => Err(Error::unavailable("the directory cannot be reached")),
            b"shut-out" => Err(Error::permission_denied("shut out")),
            b"panic" => panic!("secret of the authenticator"),
            _ => Err(Error::unauthenticated("no such user").with_extra_info("own")),
        }
    }
}

/// `name:password` for a token, or question and answer.
#[derive(Default)]
struct Handshakes {
    tokens: Mutex<HashMap<String, Principal>>,
}

impl Handshakes {
    fn login(&self, name: &str, password: &str) -> Result<String, Error> {
        let mut users = users().into_iter();
        let user = users.find(|(user, word)| user.name() == name && *word == password);
        let (user, _) = user.ok_or_else(|| Error::unauthenticated("that is wrong"))?;
        let token = format!("{name}\u{0}token");
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(token.clone(), user);
        Ok(token)
    }
}

fn text(message: Bytes) -> Result<String, Error> {
    String::from_utf8(message.into()).map_err(|_| Error::invalid_argument("not UTF-8"))
}

impl ServerAuthHandler for Handshakes {
    async fn authenticate(
        &self,
        context: &CallContext,
        outgoing: &mut ServerAuthSender,
        incoming: &mut ServerAuthReader,
    ) -> Result<(), Error> {
        context.add_header("x-handshake", "yes")?;
        let first = text(incoming.read().await?)?;
        if let Some((name, password)) = first.split_once(':') {
            let token = self.login(name, password)?;
            context.identify(name.into());
            return outgoing.write(token).await;
        }
        if first == "count" {
            // Until the client has said all.
            let mut count = 0;
            while let Some(message) = incoming.next().await? {
                count += 1;
                outgoing.write(message).await?;
            }
            return outgoing.write(format!("{count} messages")).await;
        }
        outgoing
            .write(format!("hello {first}, and the password?"))
            .await?;
        let password = text(incoming.read().await?)?;
        outgoing.write(self.login(&first, &password)?).await
    }

    async fn is_valid(&self, _: &CallContext, token: &[u8]) -> Result<Principal, Error> {
        let token = std::str::from_utf8(token).unwrap_or_default();
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens
            .get(token)
            .cloned()
            .ok_or_else(|| Error::unauthenticated("invalid token"))
    }
}

/// The tokens of logins, where there are any.
pub(crate) fn tokens(auth: &[Auth], basic: &BasicAuth) -> Option<Tokens> {
    auth.contains(&Auth::Basic).then(|| basic.tokens())
}
