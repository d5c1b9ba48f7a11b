//! What a server takes of calls: one too many is refused with the name of the limit, and what fits is served.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod limited;

use std::time::Duration;

use common::within;
use flight_runtime::{
    Authenticator, BasicAuth, CallContext, CallOptions, Code, Error, FlightClient, Limits,
    Principal, ServerAuthReader, ServerAuthSender,
};
use futures::future::BoxFuture;
use limited::{client, eventually, hello, limited, serve, serve_known, token, waiting};

/// That a call was refused for this limit.
fn refused<T>(result: Result<T, Error>, code: Code, option: &str) {
    let error = result.map(drop).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    let option = format!("`Limits::{option}(");
    assert!(error.message().contains(&option), "{error}");
}

#[tokio::test]
async fn one_call_too_many_is_refused() {
    within(async {
        let (server, alive) = serve(Limits::default().max_calls(2)).await;
        let (here, there) = (client(&server).await, client(&server).await);
        let first = waiting(&here).await.unwrap();
        let second = waiting(&there).await.unwrap();
        assert_eq!(server.running_calls(), 2);
        refused(waiting(&here).await, Code::ResourceExhausted, "max_calls");
        refused(hello(&there).await, Code::ResourceExhausted, "max_calls");
        assert_eq!(alive.count(), 2);
        drop(first);
        alive.becomes(1).await;
        hello(&here).await.unwrap();
        drop(second);
        alive.becomes(0).await;
        eventually(|| server.running_calls() == 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_call_makes_room_however_it_ends() {
    within(async {
        let (server, alive) = serve(Limits::default().max_calls(1)).await;
        let well = client(&server).await;
        for _ in 0..3 {
            hello(&well).await.unwrap();
            eventually(|| server.running_calls() == 0).await;
            // An error.
            let unknown = flight_runtime::Action::new("unknown", "");
            let error = match well.do_action(unknown).await {
                Ok(mut results) => futures::TryStreamExt::try_next(&mut results)
                    .await
                    .map(drop),
                Err(error) => Err(error),
            };
            assert_eq!(error.unwrap_err().code(), Code::NotFound);
            eventually(|| server.running_calls() == 0).await;
            // A client that is gone.
            let gone = client(&server).await;
            let rows = waiting(&gone).await.unwrap();
            drop((gone, rows));
            alive.becomes(0).await;
            eventually(|| server.running_calls() == 0).await;
        }
    })
    .await;
}

#[tokio::test]
async fn one_call_too_many_of_one_identity_is_refused() {
    within(async {
        let limits = Limits::default()
            .max_calls_per_identity(1)
            .max_calls_per_address(1);
        let (server, alive) = serve_known(limits).await;
        let (ada, bob) = (client(&server).await, client(&server).await);
        let (ada, bob) = (ada.with(token("ada")), bob.with(token("bob")));
        let first = waiting(&ada).await.unwrap();
        let error = waiting(&ada).await.map(drop).unwrap_err();
        assert_eq!(
            error.message(),
            "too many calls of `ada` at once: the server's limit is `Limits::max_calls_per_identity(1)`"
        );
        refused(Err::<(), _>(error), Code::ResourceExhausted, "max_calls_per_identity");
        let second = waiting(&bob).await.unwrap();
        drop(first);
        alive.becomes(1).await;
        waiting(&ada).await.unwrap();
        drop(second);
        alive.becomes(0).await;
    })
    .await;
}

#[tokio::test]
async fn callers_without_a_name_are_counted_by_address() {
    within(async {
        let (server, alive) = serve(Limits::default().max_calls_per_address(1)).await;
        let (here, there) = (client(&server).await, client(&server).await);
        let first = waiting(&here).await.unwrap();
        refused(
            waiting(&there).await,
            Code::ResourceExhausted,
            "max_calls_per_address",
        );
        drop(first);
        alive.becomes(0).await;
        waiting(&there).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn whoever_guesses_is_not_heard_for_a_while() {
    within(async {
        let limits = Limits::default().max_failed_logins_per_address(2);
        let (server, _) = serve_known(limits).await;
        let client = client(&server).await;
        let (ada, wrong) = (client.with(token("ada")), client.with(token("wrong")));
        // Who brings nothing does not guess.
        for _ in 0..3 {
            let error = waiting(&client).await.map(drop).unwrap_err();
            assert_eq!(error.code(), Code::Unauthenticated);
        }
        let error = waiting(&wrong).await.map(drop).unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated);
        waiting(&ada).await.unwrap();
        let error = waiting(&wrong).await.map(drop).unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated);
        for client in [wrong, ada] {
            refused(
                waiting(&client).await,
                Code::ResourceExhausted,
                "max_failed_logins_per_address",
            );
        }
    })
    .await;
}

/// Judges all who ask at once, the wrong ones first.
async fn slow_to_judge(_: String, password: String) -> Result<Principal, Error> {
    let wait = |millis| tokio::time::sleep(Duration::from_millis(millis));
    match password.as_str() {
        "right" => {
            wait(300).await;
            Ok(Principal::new("ada"))
        }
        _ => {
            wait(100).await;
            Err(BasicAuth::wrong())
        }
    }
}

#[tokio::test]
async fn guesses_that_are_made_at_once_are_not_heard_either() {
    within(async {
        type Login = fn(FlightClient, &'static str) -> BoxFuture<'static, Result<(), Error>>;
        let logins: [Login; 3] = [
            |client, password| {
                Box::pin(async move { client.authenticate_basic("ada", password).await.map(drop) })
            },
            |client, password| {
                Box::pin(async move { client.authenticate("ada", password).await.map(drop) })
            },
            |client, password| {
                Box::pin(async move {
                    let basic = match password {
                        "right" => "Basic YWRhOnJpZ2h0",
                        _ => "Basic YWRhOndyb25n",
                    };
                    let options = CallOptions::new().header("authorization", basic)?;
                    waiting(&client.with(options)).await.map(drop)
                })
            },
        ];
        for login in logins {
            let limits = Limits::default().max_failed_logins_per_address(2);
            let server = limited(limits).0;
            let server = server.authenticator(BasicAuth::new(slow_to_judge));
            let server = server.start().await.unwrap();
            let client = client(&server).await;
            let (a, b, right) = tokio::join!(
                login(client.clone(), "wrong"),
                login(client.clone(), "wrong"),
                login(client.clone(), "right"),
            );
            for wrong in [a, b] {
                assert!(wrong.is_err());
            }
            refused(
                right,
                Code::ResourceExhausted,
                "max_failed_logins_per_address",
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_login_is_asked_about_until_somebody_knows_it() {
    within(async {
        let here = BasicAuth::users([("ada", "ada's")]);
        let there = BasicAuth::users([("bob", "bob's")]);
        let server = limited(Limits::default()).0;
        let server = server.authenticator(here).authenticator(there);
        let server = server.start().await.unwrap();
        let client = client(&server).await;
        for (name, password) in [("ada", "ada's"), ("bob", "bob's")] {
            let login = client.authenticate_basic(name, password).await.unwrap();
            waiting(&login).await.unwrap();
            let login = client.authenticate(name, password).await.unwrap();
            waiting(&login).await.unwrap();
            for password in ["", "eve's"] {
                let error = client.authenticate_basic(name, password).await.unwrap_err();
                assert_eq!(error.code(), Code::Unauthenticated, "{error}");
            }
        }
    })
    .await;
}

/// Reads what it then does not know.
struct Eager;

impl Authenticator for Eager {
    async fn authenticate(&self, _: &CallContext) -> Result<Option<Principal>, Error> {
        Ok(None)
    }

    async fn handshake(
        &self,
        context: &CallContext,
        _: &mut ServerAuthSender,
        incoming: &mut ServerAuthReader,
    ) -> Result<bool, Error> {
        incoming.read().await?;
        context.add_trailer("x-hint", "ask ada")?;
        Err(Error::unauthenticated("nobody of mine"))
    }
}

#[tokio::test]
async fn a_login_whose_message_is_spent_ends_and_says_why() {
    within(async {
        let limits = Limits::default().max_failed_logins_per_address(2);
        let server = limited(limits).0.authenticator(Eager);
        let server = server.authenticator(BasicAuth::users([("bob", "bob's")]));
        let server = server.start().await.unwrap();
        let client = client(&server).await;
        for _ in 0..2 {
            let error = client.authenticate("bob", "bob's").await.unwrap_err();
            assert_eq!(error.message(), "nobody of mine");
        }
        let login = client.authenticate("bob", "bob's").await;
        refused(
            login,
            Code::ResourceExhausted,
            "max_failed_logins_per_address",
        );
    })
    .await;
}
