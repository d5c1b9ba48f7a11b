//! Our client logs in each way that there is, and the token goes with its calls.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Running, within};
use flight_runtime::prelude::*;
use flight_runtime::{CallOptions, Code, FlightClient};
use flight_tests::{Auth, Options, Services, builder};
use serde_json::Value;

/// A server that knows its users in this way, and a client of it.
async fn guarded(auth: Auth) -> (Running, FlightClient) {
    let options = Options {
        services: Services::Guarded,
        auth: vec![auth],
        ..Options::default()
    };
    let running = Running::of(builder(&options)).await;
    let client = FlightClient::connect(running.0.location().clone());
    let client = client.await.unwrap();
    (running, client)
}

async fn whoami(client: &FlightClient) -> Result<String, Error> {
    let results = client.do_action(Action::new("whoami", "")).await?;
    let results = results.read_all().await?;
    let answer: Value = serde_json::from_slice(&results[0].body).unwrap();
    Ok(answer["name"].as_str().unwrap().to_owned())
}

async fn is_unknown(client: &FlightClient) {
    let error = whoami(client).await.unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated, "{error}");
}

#[tokio::test]
async fn name_and_password_become_a_token_that_later_calls_send() {
    within(async {
        let (_running, client) = guarded(Auth::Basic).await;
        is_unknown(&client).await;
        // Passwords whose lengths leave every padding of base64.
        for (name, password) in [("ada", "ada's"), ("bob", "bob's"), ("carol", "carol's")] {
            let client = client.authenticate_basic(name, password).await.unwrap();
            assert_eq!(whoami(&client).await.unwrap(), name);
            assert_eq!(whoami(&client).await.unwrap(), name);
            let options = format!("{client:?}");
            assert!(!options.contains("Bearer"), "a token is shown: {options}");
        }
        is_unknown(&client).await;

        let error = client.authenticate_basic("ada", "bob's").await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated);
    })
    .await;
}

#[tokio::test]
async fn the_handshake_of_name_and_password_gives_a_token_too() {
    within(async {
        let (_running, client) = guarded(Auth::Basic).await;
        let ada = client.authenticate("ada", "ada's").await.unwrap();
        assert_eq!(whoami(&ada).await.unwrap(), "ada");
        let error = client.authenticate("ada", "wrong").await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated);
    })
    .await;
}

#[tokio::test]
async fn a_handshake_of_the_servers_own_kind_gives_a_token_of_any_bytes() {
    within(async {
        let (_running, client) = guarded(Auth::Handshake).await;
        let bob = client.authenticate_with("bob:bob's").await.unwrap();
        assert_eq!(whoami(&bob).await.unwrap(), "bob");
        let error = client.authenticate_with("bob:ada's").await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::Unauthenticated, "that is wrong")
        );
    })
    .await;
}

#[tokio::test]
async fn a_bearer_token_goes_with_one_call_or_with_all() {
    within(async {
        let (running, client) = guarded(Auth::Bearer).await;
        is_unknown(&client).await;
        let token = |of: &str| CallOptions::new().bearer_token(&format!("token of {of}"));
        let ada = client.with(token("ada's").unwrap());
        assert_eq!(whoami(&ada).await.unwrap(), "ada");
        is_unknown(&client).await;

        let builder = FlightClient::builder(running.0.location().clone());
        let bob = builder.options(token("bob's").unwrap());
        let bob = bob.connect().await.unwrap();
        assert_eq!(whoami(&bob).await.unwrap(), "bob");
        // What one call says comes before what all say.
        let ada = bob.with(token("ada's").unwrap());
        assert_eq!(whoami(&ada).await.unwrap(), "ada");
    })
    .await;
}

#[tokio::test]
async fn a_key_is_a_header() {
    within(async {
        let (_running, client) = guarded(Auth::ApiKey).await;
        let options = CallOptions::new().header("x-api-key", "key of carol's");
        let carol = client.with(options.unwrap());
        assert_eq!(whoami(&carol).await.unwrap(), "carol");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_knows_no_login_says_so() {
    within(async {
        let running = Running::everything().await;
        let client = FlightClient::connect(running.0.location().clone());
        let client = client.await.unwrap();
        for error in [
            client.authenticate_basic("ada", "x").await.unwrap_err(),
            client.authenticate("ada", "x").await.unwrap_err(),
        ] {
            assert_eq!(error.code(), Code::Unimplemented, "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_token_goes_to_the_servers_that_a_flight_names() {
    within(async {
        let (here, client) = guarded(Auth::Bearer).await;
        let (there, _) = guarded(Auth::Bearer).await;
        let options = CallOptions::new().bearer_token("token of ada's");
        let ada = client.with(options.unwrap());
        let mut info = FlightInfo::new();
        for server in [&here, &there] {
            let endpoint = FlightEndpoint::new().with_ticket(Ticket::new("secret"));
            let location = server.0.location().to_string();
            info = info.with_endpoint(endpoint.with_location(location));
        }
        let rows = ada.read_endpoints(&info).await.unwrap().read_all().await;
        assert_eq!(rows.unwrap().len(), 2);
        let error = match client.read_endpoints(&info).await {
            Ok(mut rows) => rows.read_all().await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.code(), Code::Unauthenticated, "{error}");
    })
    .await;
}
