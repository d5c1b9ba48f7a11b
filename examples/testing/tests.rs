//! The service through its own client, in memory: HTTP/2, errors and deadlines are those of a server, and there is no port.
#![allow(clippy::unwrap_used)]

use flight_runtime::{CallOptions, Code, testing};

use super::*;

fn board() -> BoardClient {
    BoardClient::new(testing::connect(FlightServer::builder(Board::default())).unwrap())
}

fn readings(celsius: &[f64]) -> Vec<Reading> {
    celsius.iter().map(|&celsius| Reading { celsius }).collect()
}

#[tokio::test]
async fn what_is_reported_can_be_read() {
    let board = board();
    let said = board.report("oslo", readings(&[-3.5, -2.0])).await.unwrap();
    assert_eq!(said, "2 readings");
    let latest = board.latest("oslo").await.unwrap().read_all().await;
    assert_eq!(latest.unwrap(), readings(&[-3.5, -2.0]));
}

#[tokio::test]
async fn an_error_has_a_code_and_a_message() {
    let error = board().latest("atlantis").await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::NotFound, "no station `atlantis`")
    );
}

#[tokio::test]
async fn an_upload_that_is_refused_leaves_nothing() {
    let board = board();
    let error = board
        .report("oslo", readings(&[1.0, -300.0]))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::OutOfRange);
    assert_eq!(
        board.latest("oslo").await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test(start_paused = true)]
async fn readings_are_fresh_for_an_hour() {
    let board = board();
    board.report("oslo", readings(&[20.0])).await.unwrap();
    tokio::time::advance(FRESH - Duration::from_secs(1)).await;
    assert!(board.latest("oslo").await.is_ok());
    tokio::time::advance(Duration::from_secs(1)).await;
    let error = board.latest("oslo").await.unwrap_err();
    assert_eq!(error.message(), "`oslo` is silent for an hour");
}

/// What the typed client cannot say: an upload of other columns, through the plain one.
#[tokio::test]
async fn an_upload_of_other_columns_is_told_which_are_wrong() {
    #[derive(Row)]
    struct Other {
        fahrenheit: f64,
    }
    let client = board()
        .client()
        .with(CallOptions::new().timeout(Duration::from_secs(10)));
    let rows = Other::to_batch([Other { fahrenheit: 68.0 }]);
    let address = Board::report_route("oslo".into());
    let error = client
        .do_put(address, rows)
        .await
        .unwrap()
        .read_all()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().contains("`celsius` is missing"), "{error}");
}
