//! The service through its own client, in memory, over files that the tests write.

mod broken;
mod changes;
mod corrupt;
mod csv;
mod names;
mod reading;
mod uploads;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flight_runtime::arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatchIterator, StringArray,
};
use flight_runtime::arrow::compute::concat_batches;
use flight_runtime::prelude::*;
use flight_runtime::{Code, testing};
use tempfile::TempDir;

use crate::dataset::{DatasetArgs, DatasetClient};
use crate::formats::Format;

/// A name for each format.
const FILES: [&str; 6] = [
    "t.parquet",
    "t.csv",
    "t.tsv",
    "t.arrow",
    "t.feather",
    "t.arrows",
];

/// A directory, and a client of the service that serves it.
struct Served {
    folder: TempDir,
    client: DatasetClient,
}

impl Served {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut DatasetArgs)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut args = DatasetArgs {
            directory: folder.path().join("data"),
            writable: false,
            batch_rows: 4.try_into().unwrap(),
            infer_rows: 5.try_into().unwrap(),
        };
        change(&mut args);
        fs::create_dir(&args.directory).unwrap();
        let server = crate::server(&args).unwrap();
        let client = DatasetClient::new(testing::connect(server).unwrap());
        Self { folder, client }
    }

    /// Where a file of this name is.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    /// All rows of a file.
    async fn read(
        &self,
        name: &str,
        columns: &[&str],
        limit: Option<usize>,
    ) -> Result<RecordBatch, Error> {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        let mut rows = self.client.read(name, columns, limit).await?;
        let schema = rows.schema().await?;
        Ok(concat_batches(&schema, &rows.read_all().await?)?)
    }

    async fn code(&self, name: &str) -> Code {
        self.read(name, &[], None).await.unwrap_err().code()
    }

    async fn flights(&self) -> Vec<FlightInfo> {
        let flights = self
            .client
            .client()
            .list_flights(Criteria::default())
            .await
            .unwrap();
        flights.read_all().await.unwrap()
    }

    /// The names that are listed.
    async fn listed(&self) -> Vec<String> {
        let path = |flight: FlightInfo| flight.flight_descriptor.unwrap().path[1..].join("/");
        self.flights().await.into_iter().map(path).collect()
    }
}

/// `id`, `name` and `score` of these rows.
fn rows(ids: std::ops::Range<i64>) -> RecordBatch {
    let ids: Vec<i64> = ids.collect();
    let names: StringArray = ids
        .iter()
        .map(|id| (id % 3 != 2).then(|| format!("name {id}")))
        .collect();
    let scores: Float64Array = ids.iter().map(|&id| id as f64 / 4.0).collect();
    let ids: ArrayRef = Arc::new(Int64Array::from(ids));
    let columns = [
        ("id", ids),
        ("name", Arc::new(names)),
        ("score", Arc::new(scores)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)))
        .unwrap()
}

/// Writes ten rows in three batches, in the format of the name.
fn write(path: &Path) {
    write_batches(path, vec![rows(0..3), rows(3..7), rows(7..10)]);
}

fn write_batches(path: &Path, batches: Vec<RecordBatch>) {
    let schema = batches[0].schema();
    let format = Format::of(path.to_str().unwrap()).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let rows = RecordBatchIterator::new(batches.into_iter().map(Ok), schema);
    format.write(File::create(path).unwrap(), rows).unwrap();
}
