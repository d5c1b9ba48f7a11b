//! What CSV leaves open: types, and where they turn out to be wrong.

use super::*;
use flight_runtime::arrow::datatypes::DataType;

async fn types(served: &Served, name: &str) -> Vec<(String, DataType)> {
    let schema = served.read(name, &[], Some(0)).await.unwrap().schema();
    let fields = schema.fields().iter();
    fields
        .map(|field| (field.name().clone(), field.data_type().clone()))
        .collect()
}

#[tokio::test]
async fn types_are_those_of_the_first_rows() {
    let served = Served::new();
    fs::write(
        served.path("t.csv"),
        "\u{feff}day,count,share,ok,word\n2024-05-01,1,0.5,true,a\n,,,,\n",
    )
    .unwrap();
    let expected = [
        ("day", DataType::Date32),
        ("count", DataType::Int64),
        ("share", DataType::Float64),
        ("ok", DataType::Boolean),
        ("word", DataType::Utf8),
    ];
    assert_eq!(
        types(&served, "t.csv").await,
        expected.map(|(name, of)| (name.to_owned(), of))
    );
}

#[tokio::test]
async fn a_later_row_of_another_type_is_an_error_that_shows_it() {
    let served = Served::new();
    fs::write(served.path("t.csv"), "n\n1\n2\n3\n4\n5\n6\n7\nmany\n").unwrap();
    let mut read = served.client.read("t.csv", Vec::new(), None).await.unwrap();
    let first = read.try_next().await.unwrap().unwrap();
    assert_eq!(first.num_rows(), 4);
    let error = read.read_all().await.unwrap_err();
    assert_eq!(error.code(), Code::DataLoss);
    for words in [
        "`t.csv` cannot be read",
        "'many' as type 'Int64'",
        "column 0",
    ] {
        assert!(error.message().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_column_that_begins_empty_loses_nothing() {
    let served = Served::new();
    let rows: String = (0..8)
        .map(|n| format!("{n},{}\n", if n == 7 { "late" } else { "" }))
        .collect();
    fs::write(served.path("t.csv"), format!("n,note\n{rows}")).unwrap();
    let read = served.read("t.csv", &["note"], None).await.unwrap();
    let mut expected = vec![None; 7];
    expected.push(Some("late"));
    let notes: ArrayRef = Arc::new(StringArray::from(expected));
    assert_eq!(read.column(0), &notes);
}

#[tokio::test]
async fn a_header_alone_is_a_flight_without_rows() {
    let served = Served::new();
    fs::write(served.path("t.csv"), "n,word\n").unwrap();
    let read = served.read("t.csv", &[], None).await.unwrap();
    assert_eq!((read.num_columns(), read.num_rows()), (2, 0));
}
