//! Files that clients add.

use std::time::Duration;

use flight_runtime::arrow::array::ListArray;
use flight_runtime::arrow::datatypes::Int64Type;
use flight_runtime::futures::channel::mpsc;
use flight_runtime::futures::stream;

use super::*;

fn writable() -> Served {
    Served::with(|args| args.writable = true)
}

/// What the directory has, hidden files and all.
fn files(served: &Served) -> Vec<String> {
    let entries = fs::read_dir(served.path("")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Until the directory is as `wanted`.
async fn until(served: &Served, wanted: impl Fn(&[String]) -> bool) {
    let there = async {
        while !wanted(&files(served)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), there)
        .await
        .expect("the directory to become so");
}

#[tokio::test]
async fn without_the_flag_nothing_is_written() {
    let served = Served::new();
    let error = served
        .client
        .add("t.parquet", rows(0..3))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(error.message().contains("--writable"), "{error}");
    assert!(files(&served).is_empty());
}

#[tokio::test]
async fn what_is_added_can_be_read() {
    let served = writable();
    for name in FILES {
        let name = format!("2024/05/{name}");
        let added = served.client.add(&name, rows(0..10)).await.unwrap();
        assert_eq!((added.path.as_str(), added.rows), (name.as_str(), 10));
        assert_eq!(
            served.read(&name, &[], None).await.unwrap(),
            rows(0..10),
            "{name}"
        );
    }
    assert_eq!(served.listed().await.len(), FILES.len());
}

#[tokio::test]
async fn an_upload_without_rows_has_its_columns() {
    let served = writable();
    for name in FILES {
        let none = BatchStream::empty(rows(0..1).schema());
        assert_eq!(served.client.add(name, none).await.unwrap().rows, 0);
        let read = served.read(name, &["name"], None).await.unwrap();
        assert_eq!((read.num_columns(), read.num_rows()), (1, 0), "{name}");
    }
}

#[tokio::test]
async fn a_file_appears_when_its_upload_has_ended() {
    let served = writable();
    let (send, batches) = mpsc::unbounded::<Result<RecordBatch, Error>>();
    let upload = BatchStream::new(rows(0..1).schema(), batches);
    let client = served.client.clone();
    let upload = tokio::spawn(async move { client.add("t.parquet", upload).await });
    send.unbounded_send(Ok(rows(0..5))).unwrap();
    until(&served, |files| files.len() == 1).await;
    let hidden = files(&served).remove(0);
    assert!(hidden.starts_with(".upload-"), "{hidden}");
    assert!(served.listed().await.is_empty());
    assert_eq!(served.code("t.parquet").await, Code::NotFound);
    send.unbounded_send(Ok(rows(5..10))).unwrap();
    drop(send);
    assert_eq!(upload.await.unwrap().unwrap().rows, 10);
    assert_eq!(files(&served), ["t.parquet"]);
    assert_eq!(
        served.read("t.parquet", &[], None).await.unwrap(),
        rows(0..10)
    );
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let served = writable();
    for name in FILES {
        let batches = [
            Ok(rows(0..5)),
            Err(Error::internal("the client has had enough")),
        ];
        let upload = BatchStream::new(rows(0..1).schema(), stream::iter(batches));
        served.client.add(name, upload).await.unwrap_err();
        until(&served, <[String]>::is_empty).await;
    }
}

#[tokio::test]
async fn a_file_that_is_there_stays_as_it_is() {
    let served = writable();
    write(&served.path("t.parquet"));
    let error = served
        .client
        .add("t.parquet", rows(0..1))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::AlreadyExists);
    assert_eq!(
        served.read("t.parquet", &[], None).await.unwrap(),
        rows(0..10)
    );
}

#[tokio::test]
async fn of_two_uploads_of_one_name_the_first_that_ends_is_kept() {
    let served = writable();
    let (send, batches) = mpsc::unbounded::<Result<RecordBatch, Error>>();
    let slow = BatchStream::new(rows(0..1).schema(), batches);
    let client = served.client.clone();
    let slow = tokio::spawn(async move { client.add("t.parquet", slow).await });
    until(&served, |files| files.len() == 1).await;
    served.client.add("t.parquet", rows(0..3)).await.unwrap();
    drop(send);
    assert_eq!(slow.await.unwrap().unwrap_err().code(), Code::AlreadyExists);
    assert_eq!(files(&served), ["t.parquet"]);
    assert_eq!(
        served.read("t.parquet", &[], None).await.unwrap(),
        rows(0..3)
    );
}

#[tokio::test]
async fn a_name_that_no_file_can_have_is_refused() {
    let served = writable();
    for name in [
        "../t.parquet",
        "a/../t.parquet",
        ".t.parquet",
        "a//t.parquet",
        "t.txt",
        "parquet",
    ] {
        let error = served.client.add(name, rows(0..1)).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{name}");
    }
    assert!(files(&served).is_empty());
}

#[tokio::test]
async fn a_name_that_the_disk_does_not_take_is_refused() {
    let served = writable();
    let long = format!("{}.parquet", "x".repeat(300));
    let error = served.client.add(long, rows(0..1)).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument, "{error}");
    write(&served.path("t.parquet"));
    let error = served.client.add("t.parquet/t.parquet", rows(0..1)).await;
    let code = error.unwrap_err().code();
    assert!(
        matches!(code, Code::InvalidArgument | Code::AlreadyExists),
        "{code:?}"
    );
    assert_eq!(files(&served), ["t.parquet"]);
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_written_through_a_link_that_leads_out() {
    let served = writable();
    let outside = served.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink("../outside", served.path("out")).unwrap();
    let error = served
        .client
        .add("out/t.parquet", rows(0..1))
        .await
        .unwrap_err();
    assert_ne!(error.code(), Code::Internal, "{error}");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[tokio::test]
async fn columns_that_the_format_does_not_have_are_refused() {
    let served = writable();
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([Some([
        Some(1),
    ])]));
    let batch = RecordBatch::try_from_iter([("lists", lists)]).unwrap();
    let error = served.client.add("t.csv", batch.clone()).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(
        error.message().starts_with("`t.csv` cannot be written: "),
        "{error}"
    );
    assert!(files(&served).is_empty());
    assert_eq!(served.client.add("t.parquet", batch).await.unwrap().rows, 1);
}
