//! [`JwtAuth`]: tokens that an issuer has signed (RFC 7519).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, crypto};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::authenticator::Authenticator;
use super::authorization::bearer;
use crate::Error;
use crate::context::CallContext;
use crate::principal::Principal;

/// JSON Web Tokens in `authorization: Bearer …`, signed by an issuer whose keys are known.
///
/// Signature, issuer, audience, `exp` and `nbf` are checked, and none of them can be left out: a key that signs for many audiences would
/// let in whoever has a token for any of them. The algorithm is one that fits the key, whatever the token says.
///
/// | of a token | becomes |
/// |---|---|
/// | `sub`, or [`name_claim`](Self::name_claim) | the principal's name |
/// | `roles`, or [`roles_claim`](Self::roles_claim) | its roles: a list, or a text with spaces |
/// | `scope`, `scp` | its scopes: a text with spaces, or a list (RFC 8693, 4.2) |
/// | everything | its value: [`Identity<C>`](crate::Identity), as [`claims::<C>`](Self::claims) says; else a `serde_json::Value` |
///
/// ```
/// use flight_runtime::prelude::*;
/// use flight_runtime::{Identity, JwtAuth, JwtKeys};
///
/// #[derive(serde::Deserialize)]
/// struct Claims {
///     tenant: String,
/// }
///
/// struct Tables;
///
/// #[flight_server(scopes("tables:read"))]
/// impl Tables {
///     #[action("tenant", require = "scope:tables:read")]
///     async fn tenant(&self, claims: Identity<Claims>) -> String {
///         claims.tenant.clone()
///     }
/// }
///
/// fn build(jwks: &str) -> Result<flight_runtime::FlightServerBuilder, Error> {
///     let auth = JwtAuth::new(JwtKeys::jwks(jwks)?, "https://issuer.example.org", "tables").claims::<Claims>();
///     Ok(FlightServer::builder(Tables).authenticator(auth))
/// }
/// ```
pub struct JwtAuth<C = Value> {
    keys: JwtKeys,
    issuers: Vec<String>,
    audiences: Vec<String>,
    leeway: Duration,
    name_claim: Cow<'static, str>,
    roles_claim: Cow<'static, str>,
    claims: PhantomData<fn() -> C>,
}

impl JwtAuth {
    /// Tokens that one of these keys has signed, of this issuer (`iss`) and for this audience (`aud`).
    pub fn new(keys: JwtKeys, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            keys,
            issuers: vec![issuer.into()],
            audiences: vec![audience.into()],
            leeway: Duration::from_secs(60),
            name_claim: "sub".into(),
            roles_claim: "roles".into(),
            claims: PhantomData,
        }
    }
}

impl<C> JwtAuth<C> {
    /// A further issuer.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// A further audience: a token that is for one of them is accepted.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// How far the issuer's clock may be off. Default: one minute.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The claim with the principal's name. Default: `sub`.
    #[must_use]
    pub fn name_claim(mut self, claim: impl Into<Cow<'static, str>>) -> Self {
        self.name_claim = claim.into();
        self
    }

    /// The claim with the principal's roles; dots lead into objects (`realm_access.roles`). Default: `roles`.
    #[must_use]
    pub fn roles_claim(mut self, claim: impl Into<Cow<'static, str>>) -> Self {
        self.roles_claim = claim.into();
        self
    }

    /// Reads the claims as this type, for handlers that take [`Identity<T>`](crate::Identity). A token whose claims are no `T` is refused.
    #[must_use]
    pub fn claims<T: DeserializeOwned + Send + Sync + 'static>(self) -> JwtAuth<T> {
        JwtAuth {
            keys: self.keys,
            issuers: self.issuers,
            audiences: self.audiences,
            leeway: self.leeway,
            name_claim: self.name_claim,
            roles_claim: self.roles_claim,
            claims: PhantomData,
        }
    }

    /// What the token says, once it is known to be good.
    fn decode(&self, token: &str) -> Result<Value, Error> {
        let header = jsonwebtoken::decode_header(token).map_err(refused)?;
        let keys = self.keys.current();
        let named = |key: &&Key| header.kid.is_none() || key.id.is_none() || key.id == header.kid;
        let fitting = |key: &&Key| named(key) && key.algorithms.contains(&header.alg);
        let mut last = Error::unauthenticated(match keys.is_empty() {
            true => "no token is accepted here: this server's secret for them is empty",
            false => "the token is signed with a key that is not known",
        });
        for key in keys.iter().filter(fitting) {
            let mut validation = Validation::new(header.alg);
            validation.algorithms.clone_from(&key.algorithms);
            validation.leeway = self.leeway.as_secs();
            validation.validate_nbf = true;
            validation.set_issuer(&self.issuers);
            validation.set_audience(&self.audiences);
            validation.set_required_spec_claims(&["exp", "iss", "aud"]);
            match jsonwebtoken::decode(token, &key.key, &validation) {
                Ok(token) => return Ok(token.claims),
                // Its signature was right: no other key has anything else to say.
                Err(error) if is_of_claims(error.kind()) => return Err(refused(error)),
                Err(error) => last = refused(error),
            }
        }
        Err(last)
    }
}

/// Whether it is what the token says that is wrong, which is looked at once its signature was right.
fn is_of_claims(error: &ErrorKind) -> bool {
    matches!(
        error,
        ErrorKind::ExpiredSignature
            | ErrorKind::ImmatureSignature
            | ErrorKind::InvalidIssuer
            | ErrorKind::InvalidAudience
            | ErrorKind::InvalidSubject
            | ErrorKind::MissingRequiredClaim(_)
            | ErrorKind::InvalidClaimFormat(_)
            | ErrorKind::Json(_)
    )
}

/// Why a token is not accepted. What is wrong with its claims is said only once its signature was right.
fn refused(error: jsonwebtoken::errors::Error) -> Error {
    let text = match error.kind() {
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::ImmatureSignature => "the token is not valid yet",
        ErrorKind::InvalidIssuer => "the token is of another issuer",
        ErrorKind::InvalidAudience => "the token is for another audience",
        ErrorKind::MissingRequiredClaim(claim) => match claim.as_str() {
            "exp" => "the token has no `exp`",
            "iss" => "the token has no `iss`",
            _ => "the token has no `aud`",
        },
        ErrorKind::InvalidSignature => "the token's signature is wrong",
        _ => "the token is no JWT that is accepted here",
    };
    Error::unauthenticated(text).with_source(error)
}

/// A claim, also inside of objects.
fn claim<'a>(claims: &'a Value, path: &str) -> Option<&'a Value> {
    // A name with dots in it, such as a URL, is a claim of its own.
    claims.get(path).or_else(|| {
        path.split('.')
            .try_fold(claims, |claims, name| claims.get(name))
    })
}

/// The words of a claim: a list of texts, or a text with spaces.
fn words(claim: Option<&Value>) -> BTreeSet<String> {
    match claim {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => BTreeSet::new(),
    }
}

impl<C: DeserializeOwned + Send + Sync + 'static> Authenticator for JwtAuth<C> {
    async fn authenticate(&self, context: &CallContext) -> Result<Option<Principal>, Error> {
        let Some(token) = bearer(context) else {
            return Ok(None);
        };
        let claims = self.decode(token)?;
        let name = claim(&claims, &self.name_claim).and_then(Value::as_str);
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            let text = format!("the token has no `{}`", self.name_claim);
            return Err(Error::unauthenticated(text));
        };
        let principal = Principal::new(name)
            .with_roles(words(claim(&claims, &self.roles_claim)))
            .with_scopes(words(claims.get("scope")))
            .with_scopes(words(claims.get("scp")));
        let value: C = serde_json::from_value(claims).map_err(|error| {
            Error::unauthenticated("the token's claims are not those that are needed here")
                .with_source(error)
        })?;
        Ok(Some(principal.with_value(value)))
    }

    fn check(&self) -> Result<(), Error> {
        match self.keys.current().is_empty() {
            false => Ok(()),
            true => Err(Error::invalid_argument(
                "the secret for JSON Web Tokens is empty, so that anybody could sign: was it read from a variable that is not set?",
            )),
        }
    }

    fn expects(&self) -> Option<Cow<'static, str>> {
        Some("`authorization: Bearer <JWT>`".into())
    }
}

impl<C> fmt::Debug for JwtAuth<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtAuth")
            .field("issuers", &self.issuers)
            .field("audiences", &self.audiences)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// The keys that tokens are verified with. A handle: [`replace`](Self::replace) follows an issuer that changes its keys.
///
/// | made by | verifies |
/// |---|---|
/// | [`hmac`](Self::hmac) | HS256, HS384, HS512, with a secret that issuer and server share |
/// | [`rsa_pem`](Self::rsa_pem) | RS256, RS384, RS512, PS256, PS384, PS512, with the public key in PEM |
/// | [`ec_pem`](Self::ec_pem) | ES256, ES384 |
/// | [`ed_pem`](Self::ed_pem) | EdDSA |
/// | [`jwks`](Self::jwks) | all of these, with a JWKS document (RFC 7517), whose keys have names (`kid`) |
#[derive(Clone)]
pub struct JwtKeys(Arc<RwLock<Arc<[Key]>>>);

struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl JwtKeys {
    fn of(keys: Vec<Key>) -> Self {
        // The process's default belongs to the program, and may be another already: any of them verifies the same signatures.
        let _ = crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
        Self(Arc::new(RwLock::new(keys.into())))
    }

    fn one(key: DecodingKey) -> Self {
        Self::of(vec![Key {
            id: None,
            algorithms: key.family().algorithms().to_vec(),
            key,
        }])
    }

    fn pem(
        what: &str,
        pem: &[u8],
        read: fn(&[u8]) -> Result<DecodingKey, jsonwebtoken::errors::Error>,
    ) -> Result<Self, Error> {
        let wrong = |why: &str| {
            Error::invalid_argument(format!(
                "not {what} public key in PEM (`-----BEGIN PUBLIC KEY-----`): {why}"
            ))
        };
        // A private one would be read as if it were public, and fit no signature.
        if is_private(pem) {
            return Err(wrong(
                "it is a private key, which belongs to the issuer alone; `openssl pkey -pubout` makes the public one of it",
            ));
        }
        let read = read(pem);
        read.map(Self::one)
            .map_err(|error| wrong(&error.to_string()))
    }

    /// A secret that the issuer and this server share. It should have as many bytes as the hash: 32 for HS256.
    ///
    /// With an empty one anybody could sign: no server starts with it, and put in the place of another it verifies nothing, of which the log says why.
    pub fn hmac(secret: impl AsRef<[u8]>) -> Self {
        let secret = secret.as_ref();
        if secret.is_empty() {
            tracing::error!("the secret for JSON Web Tokens is empty: none is accepted");
            return Self::of(Vec::new());
        }
        Self::one(DecodingKey::from_secret(secret))
    }

    /// An RSA public key.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for anything else.
    pub fn rsa_pem(pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::pem("an RSA", pem.as_ref(), DecodingKey::from_rsa_pem)
    }

    /// A public key on the curve P-256 or P-384.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for anything else.
    pub fn ec_pem(pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::pem("an EC", pem.as_ref(), DecodingKey::from_ec_pem)
    }

    /// An Ed25519 public key.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for anything else.
    pub fn ed_pem(pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::pem("an Ed25519", pem.as_ref(), DecodingKey::from_ed_pem)
    }

    /// The keys of a JWKS document, as an issuer publishes it: `{"keys": […]}`. Keys for encryption, of kinds that do not sign tokens, and empty secrets
    /// are passed over.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for a document that is none, or that has no key to verify tokens with.
    pub fn jwks(document: impl AsRef<str>) -> Result<Self, Error> {
        let set: JwkSet = serde_json::from_str(document.as_ref()).map_err(|error| {
            Error::invalid_argument(format!(
                "not a JWKS document, which is `{{\"keys\": […]}}`: {error}"
            ))
        })?;
        let keys: Vec<Key> = set.keys.iter().filter_map(key).collect();
        if keys.is_empty() {
            return Err(Error::invalid_argument(format!(
                "of the {} keys in the JWKS document none verifies tokens",
                set.keys.len()
            )));
        }
        Ok(Self::of(keys))
    }

    /// Takes these keys in place of those before, for all that share the handle: an issuer changes its keys from time to time.
    ///
    /// ```
    /// use flight_runtime::{Error, JwtKeys};
    ///
    /// async fn follow(keys: JwtKeys) -> Result<(), Error> {
    ///     # async fn fetch(_: &str) -> Result<String, Error> { Err(Error::unavailable("")) }
    ///     loop {
    ///         tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    ///         match fetch("https://issuer.example.org/jwks.json").await.and_then(JwtKeys::jwks) {
    ///             Ok(newer) => keys.replace(newer),
    ///             Err(error) => tracing::warn!(%error, "the keys stay as they are"),
    ///         }
    ///     }
    /// }
    /// ```
    pub fn replace(&self, newer: JwtKeys) {
        let newer = newer.current();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = newer;
    }

    fn current(&self) -> Arc<[Key]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether the first section, which is the one that is read, is a private key.
fn is_private(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    let first = text.split_once("-----BEGIN ").map(|(_, rest)| rest);
    let label = first.and_then(|rest| rest.split_once("-----"));
    label.is_some_and(|(label, _)| label.ends_with("PRIVATE KEY"))
}

/// A key of a JWKS document, if it verifies tokens.
fn key(jwk: &Jwk) -> Option<Key> {
    let signs = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
    let key = DecodingKey::from_jwk(jwk).ok().filter(|_| signs)?;
    // With an empty secret anybody could sign.
    if key.try_get_as_bytes().is_ok_and(<[u8]>::is_empty) {
        return None;
    }
    let algorithms = match &jwk.common.key_algorithm {
        Some(algorithm) => vec![algorithm.to_string().parse().ok()?],
        None => key.family().algorithms().to_vec(),
    };
    Some(Key {
        id: jwk.common.key_id.clone(),
        algorithms,
        key,
    })
}

impl fmt::Debug for JwtKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.current();
        let ids = keys
            .iter()
            .map(|key| key.id.as_deref().unwrap_or("without a name"));
        f.debug_tuple("JwtKeys")
            .field(&ids.collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests;
