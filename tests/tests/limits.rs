//! What a server takes of calls: one too many is refused with the name of the limit, and what fits is served.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod limited;

use common::within;
use flight_runtime::{Code, Error, Limits};
use limited::{client, eventually, hello, serve, serve_known, token, waiting};

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
