//! The service through its own typed client, in memory.

use flight_runtime::{Code, testing};

use super::*;

fn connect() -> MeasurementsClient {
    MeasurementsClient::new(testing::connect(server()).unwrap())
}

fn measurement(at: &str, value: f64) -> Measurement {
    Measurement {
        at: at.parse().unwrap(),
        value,
        note: None,
    }
}

async fn listed(client: &MeasurementsClient) -> usize {
    let flights = client.client().list_flights(Criteria::default()).await;
    flights.unwrap().read_all().await.unwrap().len()
}

#[tokio::test]
async fn what_is_added_is_read_in_order() -> Result<(), Error> {
    let client = connect();
    let first = measurement("2025-06-01T12:00:00Z", 21.5);
    let second = measurement("2025-06-01T12:05:00Z", 21.7);
    let upload = vec![second.clone(), first.clone()];
    assert_eq!(client.add("kitchen", upload).await?, "2 added");

    let all = client.read("kitchen", None).await?.read_all().await?;
    assert_eq!(all, [first.clone(), second]);
    let one = client.read("kitchen", Some(1)).await?.read_all().await?;
    assert_eq!(one, [first]);
    Ok(())
}

#[tokio::test]
async fn a_sensor_is_listed_until_it_is_forgotten() -> Result<(), Error> {
    let client = connect();
    let upload = vec![measurement("2025-06-01T12:00:00Z", 21.5)];
    client.add("kitchen", upload).await?;
    assert_eq!(listed(&client).await, 1);
    assert_eq!(client.forget("kitchen").await?, 1);
    assert_eq!(listed(&client).await, 0);
    Ok(())
}

#[tokio::test]
async fn a_sensor_that_is_not_there_is_named() {
    let client = connect();
    let read = client.read("attic", None).await.err();
    let forgotten = client.forget("attic").await.err();
    for error in [read.unwrap(), forgotten.unwrap()] {
        assert_eq!(error.code(), Code::NotFound);
        assert_eq!(error.message(), "no sensor `attic`");
    }
}
