//! Rows, columns and limits, the same in every format.

use super::*;

#[tokio::test]
async fn every_format_gives_its_rows() {
    let served = Served::new();
    for name in FILES {
        write(&served.path(name));
        assert_eq!(
            served.read(name, &[], None).await.unwrap(),
            rows(0..10),
            "{name}"
        );
    }
}

#[tokio::test]
async fn columns_come_in_the_order_in_which_they_are_named() {
    let served = Served::new();
    for name in FILES {
        write(&served.path(name));
        let read = served.read(name, &["score", "id"], None).await.unwrap();
        assert_eq!(read, rows(0..10).project(&[2, 0]).unwrap(), "{name}");
    }
}

#[tokio::test]
async fn a_limit_ends_within_a_batch_at_its_end_and_at_nothing() {
    let served = Served::new();
    for name in FILES {
        write(&served.path(name));
        for limit in [0, 3, 5, 10, 11] {
            let read = served.read(name, &["name"], Some(limit)).await.unwrap();
            let expected = rows(0..10.min(limit as i64)).project(&[1]).unwrap();
            assert_eq!(read, expected, "{name}, limit {limit}");
        }
    }
}

#[tokio::test]
async fn the_list_says_schema_and_number_of_rows() {
    let served = Served::new();
    for name in FILES {
        write(&served.path(name));
    }
    write(&served.path("2024/01/t.parquet"));
    assert_eq!(
        served.listed().await,
        [
            "2024/01/t.parquet",
            "t.arrow",
            "t.arrows",
            "t.csv",
            "t.feather",
            "t.parquet",
            "t.tsv"
        ]
    );
    let flights = served.flights().await;
    let totals: Vec<i64> = flights.iter().map(|flight| flight.total_records).collect();
    assert_eq!(totals, [10, 10, 10, -1, 10, 10, -1]);
    for flight in flights {
        assert!(flight.ordered);
        let ticket = flight.endpoint[0].ticket.clone().unwrap();
        let mut read = served.client.client().do_get(ticket).await.unwrap();
        assert_eq!(
            flight.try_decode_schema().unwrap(),
            *read.schema().await.unwrap()
        );
        let read = read.read_all().await.unwrap();
        assert_eq!(read.iter().map(RecordBatch::num_rows).sum::<usize>(), 10);
    }
}

#[tokio::test]
async fn the_info_of_a_selection_is_of_that_selection() {
    let served = Served::new();
    write(&served.path("t.parquet"));
    let route = DatasetClient::read_route("t.parquet".into(), vec!["name".into()], Some(4));
    let info = served
        .client
        .client()
        .get_flight_info(route.descriptor())
        .await
        .unwrap();
    assert_eq!(info.total_records, 4);
    let schema = info.try_decode_schema().unwrap();
    assert_eq!(schema, *rows(0..1).project(&[1]).unwrap().schema());
}

#[tokio::test]
async fn a_column_that_is_not_there_is_named_with_those_that_are() {
    let served = Served::new();
    write(&served.path("t.parquet"));
    let error = served
        .read("t.parquet", &["id", "height"], None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(
        error.message(),
        "no column `height`; there are `id`, `name`, `score`"
    );
    let error = served
        .read("t.parquet", &["id", "id"], None)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::InvalidArgument, "column `id` is named twice")
    );
}

#[tokio::test]
async fn rows_come_in_batches_of_the_size_that_is_set() {
    let served = Served::new();
    write(&served.path("t.parquet"));
    let mut read = served
        .client
        .read("t.parquet", Vec::new(), None)
        .await
        .unwrap();
    let sizes: Vec<usize> = read
        .read_all()
        .await
        .unwrap()
        .iter()
        .map(RecordBatch::num_rows)
        .collect();
    assert_eq!(sizes, [4, 4, 2]);
}
