//! Files that come, change and go while the server runs.

use std::time::{Duration, SystemTime};

use super::*;

#[tokio::test]
async fn files_come_and_go() {
    let served = Served::new();
    assert!(served.listed().await.is_empty());
    write(&served.path("t.parquet"));
    assert_eq!(served.listed().await, ["t.parquet"]);
    fs::remove_file(served.path("t.parquet")).unwrap();
    assert_eq!(served.code("t.parquet").await, Code::NotFound);
    assert!(served.listed().await.is_empty());
}

#[tokio::test]
async fn a_file_that_is_replaced_is_read_anew() {
    let served = Served::new();
    for name in FILES {
        write(&served.path(name));
        assert_eq!(
            served.read(name, &[], None).await.unwrap(),
            rows(0..10),
            "{name}"
        );
        let other = rows(20..50).project(&[1, 0]).unwrap();
        write_batches(
            &served
                .path("new.parquet")
                .with_file_name(format!("new-{name}")),
            vec![other.clone()],
        );
        fs::rename(served.path(&format!("new-{name}")), served.path(name)).unwrap();
        assert_eq!(served.read(name, &[], None).await.unwrap(), other, "{name}");
    }
}

#[tokio::test]
async fn a_file_that_changes_at_once_and_keeps_its_size_is_read_anew() {
    let served = Served::new();
    for name in ["a", "b", "c"] {
        fs::write(served.path("t.csv"), format!("{name}\n1\n")).unwrap();
        let read = served.read("t.csv", &[], None).await.unwrap();
        assert_eq!(read.schema().field(0).name(), name);
    }
}

#[tokio::test]
async fn what_is_known_of_a_file_is_kept_until_it_changes() {
    let served = Served::new();
    write(&served.path("t.csv"));
    let file = File::options()
        .write(true)
        .open(served.path("t.csv"))
        .unwrap();
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    file.set_modified(hour_ago).unwrap();
    assert_eq!(served.listed().await, ["t.csv"]);
    // Other columns under the old date, and of the old size: the ones that are known are those that it had.
    let text = fs::read_to_string(served.path("t.csv")).unwrap();
    fs::write(served.path("t.csv"), text.replacen("id", "no", 1)).unwrap();
    file.set_modified(hour_ago).unwrap();
    assert_eq!(columns(&served).await, ["id", "name", "score"]);
    file.set_modified(hour_ago + Duration::from_secs(1))
        .unwrap();
    assert_eq!(columns(&served).await, ["no", "name", "score"]);
}

async fn columns(served: &Served) -> Vec<String> {
    let flights = served.flights().await;
    let schema = flights[0].clone().try_decode_schema().unwrap();
    schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect()
}

#[tokio::test]
async fn whoever_reads_a_file_that_is_replaced_reads_it_to_its_end() {
    let served = Served::new();
    write_batches(&served.path("t.parquet"), vec![rows(0..50_000)]);
    let mut read = served
        .client
        .read("t.parquet", vec!["id".into()], None)
        .await
        .unwrap();
    let first = read.try_next().await.unwrap().unwrap();
    write_batches(&served.path("new.parquet"), vec![rows(0..1)]);
    fs::rename(served.path("new.parquet"), served.path("t.parquet")).unwrap();
    let rest = read.read_all().await.unwrap();
    let total: usize = rest.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(first.num_rows() + total, 50_000);
    assert_eq!(
        served.read("t.parquet", &[], None).await.unwrap(),
        rows(0..1)
    );
}
