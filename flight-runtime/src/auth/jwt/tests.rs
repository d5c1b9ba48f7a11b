//! Tokens made with keys of every kind, and what is refused.

use http::{Extensions, HeaderMap};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use super::*;
use crate::caller::Peer;
use crate::rpc::Method;

const RSA: &str = include_str!("keys/rsa.pem");
const RSA_PUBLIC: &str = include_str!("keys/rsa.pub.pem");
const EC: &str = include_str!("keys/ec.pem");
const EC_PUBLIC: &str = include_str!("keys/ec.pub.pem");
const ED: &str = include_str!("keys/ed.pem");
const ED_PUBLIC: &str = include_str!("keys/ed.pub.pem");

const SECRET: &[u8] = b"an hmac secret of at least 32 bytes";

fn claims() -> Value {
    json!({
        "iss": "issuer",
        "aud": "tables",
        "sub": "ada",
        "exp": now() + 300,
        "roles": ["admin"],
        "scope": "tables:read tables:write",
        "tenant": 7,
    })
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.unwrap().as_secs()).unwrap()
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn hs256(claims: &Value) -> String {
    encode(
        &Header::new(Algorithm::HS256),
        claims,
        &EncodingKey::from_secret(SECRET),
    )
    .unwrap()
}

/// What an issuer publishes: a key of each kind by the name of its algorithm, and one that is not for signatures.
fn jwks() -> String {
    let keys = [
        (Algorithm::RS256, EncodingKey::from_rsa_pem(RSA.as_bytes())),
        (Algorithm::ES256, EncodingKey::from_ec_pem(EC.as_bytes())),
        (Algorithm::EdDSA, EncodingKey::from_ed_pem(ED.as_bytes())),
    ];
    let mut keys: Vec<Value> = keys
        .into_iter()
        .map(|(algorithm, key)| {
            let mut jwk = Jwk::from_encoding_key(&key.unwrap(), algorithm).unwrap();
            jwk.common.key_id = Some(format!("{algorithm:?}"));
            serde_json::to_value(jwk).unwrap()
        })
        .collect();
    keys.push(json!({ "kty": "RSA", "use": "enc", "kid": "another", "n": "AQAB", "e": "AQAB" }));
    json!({ "keys": keys }).to_string()
}

fn auth(keys: JwtKeys) -> JwtAuth {
    JwtAuth::new(keys, "issuer", "tables")
}

fn with_token(token: &str) -> CallContext {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("bearer {token}").parse().unwrap());
    CallContext::new(
        Method::DoGet,
        Peer::Unix,
        headers,
        Extensions::new(),
        None,
        None,
    )
    .unwrap()
}

async fn admitted<C>(auth: &JwtAuth<C>, token: &str) -> Result<Principal, String>
where
    C: DeserializeOwned + Send + Sync + 'static,
{
    let authenticated = auth.authenticate(&with_token(token)).await;
    match authenticated {
        Ok(principal) => Ok(principal.expect("a bearer token was sent")),
        Err(error) => {
            assert_eq!(error.code(), crate::Code::Unauthenticated);
            Err(error.message().to_owned())
        }
    }
}

#[tokio::test]
async fn a_good_token_is_a_principal_with_roles_scopes_and_claims() {
    let auth = auth(JwtKeys::hmac(SECRET));
    let ada = admitted(&auth, &hs256(&claims())).await.unwrap();
    assert_eq!(ada.name(), "ada");
    assert!(ada.has_role("admin") && ada.has_scope("tables:read") && ada.has_scope("tables:write"));
    assert_eq!(ada.value::<Value>().unwrap()["tenant"], 7);
}

#[tokio::test]
async fn every_kind_of_key_verifies_its_algorithms() {
    let rsa = EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap();
    let ec = EncodingKey::from_ec_pem(EC.as_bytes()).unwrap();
    let ed = EncodingKey::from_ed_pem(ED.as_bytes()).unwrap();
    let by_pem = [
        (Algorithm::RS256, &rsa, JwtKeys::rsa_pem(RSA_PUBLIC)),
        (Algorithm::PS512, &rsa, JwtKeys::rsa_pem(RSA_PUBLIC)),
        (Algorithm::ES256, &ec, JwtKeys::ec_pem(EC_PUBLIC)),
        (Algorithm::EdDSA, &ed, JwtKeys::ed_pem(ED_PUBLIC)),
    ];
    let document = auth(JwtKeys::jwks(jwks()).unwrap());
    for (algorithm, key, keys) in by_pem {
        let mut header = Header::new(algorithm);
        let token = encode(&header, &claims(), key).unwrap();
        let by_pem = auth(keys.unwrap());
        assert_eq!(
            admitted(&by_pem, &token).await.unwrap().name(),
            "ada",
            "{algorithm:?}"
        );
        if algorithm != Algorithm::PS512 {
            header.kid = Some(format!("{algorithm:?}"));
            let token = encode(&header, &claims(), key).unwrap();
            assert_eq!(admitted(&document, &token).await.unwrap().name(), "ada");
            header.kid = Some("another".to_owned());
            let token = encode(&header, &claims(), key).unwrap();
            let refused = admitted(&document, &token).await.unwrap_err();
            assert_eq!(refused, "the token is signed with a key that is not known");
        }
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret_to_sign_with() {
    let auth = auth(JwtKeys::rsa_pem(RSA_PUBLIC).unwrap());
    let key = EncodingKey::from_secret(RSA_PUBLIC.as_bytes());
    let token = encode(&Header::new(Algorithm::HS256), &claims(), &key).unwrap();
    let refused = admitted(&auth, &token).await.unwrap_err();
    assert_eq!(refused, "the token is signed with a key that is not known");
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_said_once_its_signature_is_right() {
    let auth = auth(JwtKeys::hmac(SECRET));
    for (claims, expected) in [
        (with("exp", json!(now() - 300)), "the token has expired"),
        (
            with("nbf", json!(now() + 300)),
            "the token is not valid yet",
        ),
        (
            with("iss", json!("another")),
            "the token is of another issuer",
        ),
        (
            with("aud", json!("others")),
            "the token is for another audience",
        ),
        (without("exp"), "the token has no `exp`"),
        (without("iss"), "the token has no `iss`"),
        (without("aud"), "the token has no `aud`"),
        (without("sub"), "the token has no `sub`"),
        (with("sub", json!("")), "the token has no `sub`"),
    ] {
        let token = hs256(&claims);
        assert_eq!(admitted(&auth, &token).await.unwrap_err(), expected);
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        let forged = format!("{unsigned}.c2lnbmVk");
        let refused = admitted(&auth, &forged).await.unwrap_err();
        assert_eq!(refused, "the token's signature is wrong");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_said_whichever_of_several_keys_has_signed_it() {
    let key = EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap();
    let own = serde_json::to_value(Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap());
    let own = own.unwrap();
    let mut other = own.clone();
    let mut modulus = own["n"].as_str().unwrap().to_owned();
    modulus.replace_range(8..16, "anothers");
    other["n"] = modulus.into();
    for keys in [[&own, &other], [&other, &own]] {
        let document = json!({ "keys": keys }).to_string();
        let auth = auth(JwtKeys::jwks(document).unwrap());
        let signed = |claims| encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap();
        let ada = admitted(&auth, &signed(claims())).await.unwrap();
        assert_eq!(ada.name(), "ada");
        for (claims, expected) in [
            (with("exp", json!(now() - 300)), "the token has expired"),
            (without("aud"), "the token has no `aud`"),
            (json!([]), "the token is no JWT that is accepted here"),
        ] {
            let refused = admitted(&auth, &signed(claims)).await.unwrap_err();
            assert_eq!(refused, expected);
        }
        let token = signed(claims());
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        let refused = admitted(&auth, &format!("{unsigned}.c2lnbmVk")).await;
        assert_eq!(refused.unwrap_err(), "the token's signature is wrong");
    }
}

#[tokio::test]
async fn an_empty_secret_lets_nobody_in() {
    let nothing = EncodingKey::from_secret(b"");
    let forged = encode(&Header::new(Algorithm::HS256), &claims(), &nothing).unwrap();
    let replaced = JwtKeys::hmac(SECRET);
    replaced.replace(JwtKeys::hmac(""));
    for keys in [JwtKeys::hmac(""), replaced] {
        let refused = admitted(&auth(keys), &forged).await.unwrap_err();
        assert_eq!(
            refused,
            "no token is accepted here: this server's secret for them is empty"
        );
    }
    let error = Authenticator::check(&auth(JwtKeys::hmac(""))).unwrap_err();
    assert!(
        error
            .message()
            .contains("secret for JSON Web Tokens is empty"),
        "{error}"
    );
    assert!(Authenticator::check(&auth(JwtKeys::hmac(SECRET))).is_ok());
    let empty = json!({ "keys": [{ "kty": "oct", "k": "" }] });
    let error = JwtKeys::jwks(empty.to_string()).unwrap_err();
    assert!(error.message().contains("of the 1 keys"), "{error}");
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let auth = auth(JwtKeys::hmac(SECRET));
    let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.";
    for token in ["", "x", "..", "a.b.c", none, &"x".repeat(10_000)] {
        let refused = admitted(&auth, token).await.unwrap_err();
        assert_eq!(
            refused, "the token is no JWT that is accepted here",
            "{token:.40}"
        );
    }
}

#[tokio::test]
async fn claims_are_of_the_type_that_is_asked_for() {
    #[derive(serde::Deserialize)]
    struct Claims {
        tenant: u32,
    }
    let auth = auth(JwtKeys::hmac(SECRET)).claims::<Claims>();
    let ada = admitted(&auth, &hs256(&claims())).await.unwrap();
    assert_eq!(ada.value::<Claims>().unwrap().tenant, 7);
    let token = hs256(&with("tenant", json!("seven")));
    assert!(
        admitted(&auth, &token)
            .await
            .unwrap_err()
            .contains("claims")
    );
}

#[tokio::test]
async fn name_and_roles_may_be_other_claims() {
    let claims = with("realm", json!({ "roles": "reader writer" }));
    let auth = auth(JwtKeys::hmac(SECRET))
        .name_claim("scope")
        .roles_claim("realm.roles");
    let ada = admitted(&auth, &hs256(&claims)).await.unwrap();
    assert_eq!(ada.name(), "tables:read tables:write");
    assert_eq!(ada.roles().collect::<Vec<_>>(), ["reader", "writer"]);
}

#[tokio::test]
async fn keys_are_replaced_for_all_that_share_them() {
    let keys = JwtKeys::hmac("the secret of yesterday, 32 bytes");
    let auth = auth(keys.clone());
    assert!(admitted(&auth, &hs256(&claims())).await.is_err());
    keys.replace(JwtKeys::hmac(SECRET));
    assert!(admitted(&auth, &hs256(&claims())).await.is_ok());
}

#[test]
fn what_is_no_key_says_so() {
    for error in [
        JwtKeys::rsa_pem(EC_PUBLIC).unwrap_err(),
        JwtKeys::ec_pem("nothing").unwrap_err(),
        JwtKeys::ed_pem("").unwrap_err(),
    ] {
        assert!(error.message().contains("public key in PEM"), "{error}");
    }
    for private in [
        JwtKeys::rsa_pem(RSA),
        JwtKeys::ec_pem(EC),
        JwtKeys::ed_pem(ED),
        JwtKeys::rsa_pem(RSA.replace("PRIVATE", "RSA PRIVATE")),
    ] {
        let error = private.unwrap_err();
        assert_eq!(error.code(), crate::Code::InvalidArgument);
        assert!(error.message().contains("it is a private key"), "{error}");
    }
    let error = JwtKeys::jwks("[]").unwrap_err();
    assert!(
        error.message().starts_with("not a JWKS document"),
        "{error}"
    );
    let error = JwtKeys::jwks(r#"{"keys": []}"#).unwrap_err();
    assert!(error.message().contains("of the 0 keys"), "{error}");
}
