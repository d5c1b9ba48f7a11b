//! Names lead to files in the directory, and never out of it.

use super::*;

#[tokio::test]
async fn a_name_that_is_none_is_not_found() {
    let served = Served::new();
    write(&served.folder.path().join("secret.parquet"));
    write(&served.path("t.parquet"));
    write(&served.path("a/t.parquet"));
    write(&served.path(".hidden.parquet"));
    fs::create_dir(served.path("folder.parquet")).unwrap();
    fs::write(served.path("notes.txt"), "not a table").unwrap();
    let secret = served.folder.path().join("secret.parquet");
    for name in [
        "missing.parquet",
        "../secret.parquet",
        "a/../../secret.parquet",
        "a/../t.parquet",
        "./t.parquet",
        "a//t.parquet",
        "t.parquet/",
        "t.parquet/t.parquet",
        secret.to_str().unwrap(),
        ".hidden.parquet",
        "folder.parquet",
        "notes.txt",
        "a\\t.parquet",
        "t\0.parquet",
        &format!("{}.parquet", "x".repeat(5000)),
    ] {
        assert_eq!(served.code(name).await, Code::NotFound, "{name:?}");
    }
    let error = served
        .read("../secret.parquet", &[], None)
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        "no file `../secret.parquet`; ListFlights has those that are there"
    );
    assert_eq!(served.listed().await, ["a/t.parquet", "t.parquet"]);
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed_inside_of_the_directory_alone() {
    use std::os::unix::fs::symlink;

    let served = Served::new();
    let outside = served.folder.path();
    write(&outside.join("secret.parquet"));
    write(&served.path("a/t.parquet"));
    symlink("a/t.parquet", served.path("inside.parquet")).unwrap();
    symlink("../secret.parquet", served.path("out.parquet")).unwrap();
    symlink(
        outside.join("secret.parquet"),
        served.path("absolute.parquet"),
    )
    .unwrap();
    symlink(outside, served.path("folder")).unwrap();
    symlink("round.parquet", served.path("round.parquet")).unwrap();
    assert_eq!(
        served.read("inside.parquet", &[], None).await.unwrap(),
        rows(0..10)
    );
    for name in ["out.parquet", "absolute.parquet", "folder/secret.parquet"] {
        assert_eq!(served.code(name).await, Code::NotFound, "{name}");
    }
    assert_eq!(served.listed().await, ["a/t.parquet", "inside.parquet"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_is_no_file_and_nobody_waits_for_it() {
    let served = Served::new();
    let made = std::process::Command::new("mkfifo")
        .arg(served.path("pipe.csv"))
        .status()
        .unwrap();
    assert!(made.success());
    assert_eq!(served.code("pipe.csv").await, Code::NotFound);
    assert!(served.listed().await.is_empty());
}

#[tokio::test]
async fn names_may_have_any_letters() {
    let served = Served::new();
    for name in ["größe & gewicht 100%.parquet", "a?b=c.csv", "日本.arrow"] {
        write(&served.path(name));
        assert_eq!(
            served.read(name, &[], None).await.unwrap(),
            rows(0..10),
            "{name}"
        );
    }
    assert_eq!(served.listed().await.len(), 3);
}
