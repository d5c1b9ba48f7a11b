//! The service through its own typed client, over a socket.
#![allow(clippy::unwrap_used)]

use flight_runtime::rows::Date;
use flight_runtime::{Code, RunningServer};

use super::*;

async fn weather() -> (RunningServer, WeatherClient) {
    let weather = Weather {
        store: Store::open().unwrap(),
        normals: Normals::open().unwrap(),
    };
    let server = FlightServer::builder(weather).location("grpc://127.0.0.1:0");
    let server = server.start().await.unwrap();
    let client = WeatherClient::connect(server.location().clone());
    let client = client.await.unwrap();
    (server, client)
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn day(text: &str, warmest: f64) -> Observation {
    Observation {
        date: Date::from(date(text)),
        precipitation: Some(0.0),
        temp_max: Some(warmest),
        temp_min: Some(warmest - 8.0),
        wind: Some(1.5),
        weather: Some("sun".to_owned()),
    }
}

#[tokio::test]
async fn observations_are_read_with_typed_arguments_and_as_rows() {
    let (_server, client) = weather().await;
    let since = Some(date("2015-12-25"));
    let days = client.observations("seattle", since, None, Some(3)).await;
    let days = Rows::<Observation>::from(days.unwrap())
        .read_all()
        .await
        .unwrap();
    let dates: Vec<String> = days.iter().map(|day| day.date.to_string()).collect();
    assert_eq!(dates, ["2015-12-25", "2015-12-26", "2015-12-27"]);
    assert_eq!(
        (days[0].temp_max, days[0].weather.as_deref()),
        (Some(5.0), Some("fog"))
    );
    let error = client
        .observations("atlantis", None, None, None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test]
async fn rows_are_uploaded_acknowledged_and_there() {
    let (_server, client) = weather().await;
    let new = vec![day("2024-06-01", 21.0), day("2024-06-02", 24.5)];
    let acks = client.add("helsinki", new).await.unwrap();
    let acks = acks.read_all().await.unwrap();
    let told: Vec<_> = acks.iter().map(|ack| (ack.rows, ack.committed)).collect();
    assert_eq!(told, [(2, false), (2, true)]);
    let stations = client.stations().await.unwrap().read_all().await.unwrap();
    let helsinki = stations
        .iter()
        .find(|station| station.station == "helsinki")
        .unwrap();
    assert_eq!(helsinki.days, 2);
    let request = SummaryRequest {
        station: "helsinki".to_owned(),
        since: Some(date("2024-06-02")),
        until: None,
    };
    let summary = client.summary(&request).await.unwrap();
    assert_eq!(
        (summary.days, summary.warmest, summary.wet_days),
        (1, Some(24.5), 0)
    );
    let station = "helsinki".to_owned();
    let compacted = client.compact(&CompactRequest { station }).await.unwrap();
    assert_eq!(compacted.batches_after, 1);
}

#[tokio::test]
async fn an_exchange_scores_rows() {
    let (_server, client) = weather().await;
    let days = vec![day("2024-06-01", 21.0), day("2024-12-01", -9.0)];
    let scored = client.score(days).await.unwrap().read_all().await.unwrap();
    let scores: Vec<f64> = scored.iter().filter_map(|day| day.score).collect();
    assert_eq!(scores.len(), 2);
    assert!(scores[0] > scores[1], "{scores:?}");
}

#[tokio::test]
async fn normals_take_a_type_of_the_services_own() {
    let (_server, client) = weather().await;
    let june: Month = "6".parse().unwrap();
    let mut normals = client.normals(june, Vec::new()).await.unwrap();
    assert!(!normals.read_all().await.unwrap().is_empty());
}
