//! The service through its own typed client, in memory: who is let in, and to what.

use flight_runtime::cli::clap::Parser;
use flight_runtime::{Code, FlightClient, testing};

use flight_runtime::prelude::*;

use crate::args::Args;
use crate::orders::Order;
use crate::service::{ShopClient, server};
use crate::users::{Users, hash};

fn users() -> Users {
    let hash = hash("battery staple").unwrap();
    let lines = format!(
        "# name:roles:hash\n\
         rita:reader:{hash}\n\
         carl:reader,clerk:{hash}\n\
         mona:reader,clerk,manager:{hash}\n"
    );
    lines.parse().unwrap()
}

fn connect() -> FlightClient {
    testing::connect(server(users())).unwrap()
}

async fn log_in(client: &FlightClient, name: &str) -> ShopClient {
    let client = client.authenticate_basic(name, "battery staple").await;
    ShopClient::new(client.unwrap())
}

fn order(id: u64, day: &str) -> Order {
    Order {
        id,
        customer: "Ada".to_owned(),
        day: day.parse().unwrap(),
        amount: 9.5,
    }
}

#[tokio::test]
async fn nobody_is_let_in_without_a_password() {
    let client = connect();
    for (name, password) in [("rita", "wrong"), ("nobody", "battery staple"), ("", "")] {
        let error = client.authenticate_basic(name, password).await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated);
    }
    let stranger = ShopClient::new(client).orders(None).await.err();
    assert_eq!(stranger.unwrap().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn orders_are_read_by_readers_and_written_by_clerks() -> Result<(), Error> {
    let client = connect();
    let (rita, carl) = (log_in(&client, "rita").await, log_in(&client, "carl").await);
    let (first, second) = (order(1, "2025-06-01"), order(2, "2025-06-02"));
    let refused = rita.add(vec![first.clone()]).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);

    assert_eq!(
        carl.add(vec![first.clone(), second.clone()]).await?,
        "2 added"
    );
    assert_eq!(
        rita.orders(None).await?.read_all().await?,
        [first.clone(), second.clone()]
    );
    let since = Some("2025-06-02".parse()?);
    assert_eq!(rita.orders(since).await?.read_all().await?, [second]);

    let twice = carl
        .add(vec![order(3, "2025-06-03"), first])
        .await
        .unwrap_err();
    assert_eq!(twice.message(), "order 1 is there already");
    assert_eq!(rita.orders(None).await?.read_all().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn managers_alone_cancel() -> Result<(), Error> {
    let client = connect();
    let (carl, mona) = (log_in(&client, "carl").await, log_in(&client, "mona").await);
    carl.add(vec![order(7, "2025-06-01")]).await?;
    assert_eq!(
        carl.cancel(&7).await.unwrap_err().code(),
        Code::PermissionDenied
    );
    assert_eq!(mona.cancel(&7).await?, "mona cancelled order 7");
    assert_eq!(mona.cancel(&7).await.unwrap_err().code(), Code::NotFound);
    Ok(())
}

#[tokio::test]
async fn a_token_ends_when_its_owner_logs_out() -> Result<(), Error> {
    let client = connect();
    let rita = log_in(&client, "rita").await;
    assert!(rita.log_out().await?);
    assert_eq!(
        rita.orders(None).await.err().unwrap().code(),
        Code::Unauthenticated
    );
    Ok(())
}

#[test]
fn what_is_wrong_with_the_users_is_said_without_showing_them() {
    let error = "rita:reader:secret".parse::<Users>().err().unwrap();
    assert!(error.message().starts_with("line 1 is not"), "{error}");
    assert!(!error.message().contains("secret"), "{error}");
}

#[test]
fn there_is_no_serving_without_a_certificate_and_users() {
    let error = |flags: &[&str]| {
        Args::try_parse_from([&["shop"], flags].concat())
            .err()
            .unwrap()
            .to_string()
    };
    assert!(error(&["--users-file", "users.txt"]).contains("--tls-cert <FILE>"));
    assert!(error(&["--tls-cert", "a.crt", "--tls-key", "a.key"]).contains("--users-file <FILE>"));
    assert!(Args::try_parse_from(["shop", "hash-password"]).is_ok());
}
