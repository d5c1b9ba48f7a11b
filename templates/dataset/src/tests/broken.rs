//! Files that are broken: each says so, and none hides the others.

use super::*;

#[tokio::test]
async fn a_broken_file_is_a_problem_and_hides_no_other() {
    let served = Served::new();
    write(&served.path("good.parquet"));
    for name in FILES {
        fs::write(served.path(&format!("empty-{name}")), "").unwrap();
        write(&served.path(name));
        let whole = fs::read(served.path(name)).unwrap();
        fs::remove_file(served.path(name)).unwrap();
        if !name.ends_with("sv") {
            fs::write(
                served.path(&format!("cut-{name}")),
                &whole[..whole.len() / 2],
            )
            .unwrap();
        }
    }
    assert_eq!(served.listed().await, ["good.parquet"]);
    let problems = served.client.problems().await.unwrap();
    assert_eq!(problems.len(), 10, "{problems:?}");
    for problem in problems {
        let error = served.read(&problem.path, &[], None).await.unwrap_err();
        assert_eq!(error.code(), Code::DataLoss, "{problem:?}");
        assert_eq!(error.message(), problem.reason);
        assert!(
            error
                .message()
                .starts_with(&format!("`{}` cannot be read: ", problem.path)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_file_is_no_problem_any_more_once_it_is_whole() {
    let served = Served::new();
    write(&served.path("t.parquet"));
    let whole = fs::read(served.path("t.parquet")).unwrap();
    fs::write(served.path("t.parquet"), &whole[..whole.len() - 1]).unwrap();
    assert_eq!(served.client.problems().await.unwrap().len(), 1);
    fs::write(served.path("t.parquet"), whole).unwrap();
    assert!(served.client.problems().await.unwrap().is_empty());
    assert_eq!(served.listed().await, ["t.parquet"]);
}
