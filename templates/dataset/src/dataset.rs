//! The service: files as flights, what is wrong with those that are none, and uploads.

use std::error::Error as StdError;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use flight_runtime::Code;
use flight_runtime::arrow::error::ArrowError;
use flight_runtime::cli::clap::{self, Args};
use flight_runtime::prelude::*;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Found, broken};
use crate::directory::{Directory, not_made};
use crate::formats::{Failure, Format};
use crate::scan::Scan;

/// What is served, and how.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Dataset")]
pub(crate) struct DatasetArgs {
    /// Whose files are served, with those in the folders below it
    #[arg(long, env = "DATASET_DIRECTORY", default_value = "data")]
    pub(crate) directory: PathBuf,

    /// Let clients add files
    #[arg(long, env = "DATASET_WRITABLE")]
    pub(crate) writable: bool,

    /// How many rows are decoded and sent at once
    #[arg(long, value_name = "N", default_value = "8192")]
    #[arg(env = "DATASET_BATCH_ROWS")]
    pub(crate) batch_rows: NonZeroUsize,

    /// From how many rows of a CSV file the types of its columns are inferred
    #[arg(long, value_name = "N", default_value = "1000")]
    #[arg(env = "DATASET_INFER_ROWS")]
    pub(crate) infer_rows: NonZeroUsize,
}

pub(crate) struct Dataset {
    catalog: Catalog,
    batch_rows: usize,
    writable: bool,
}

/// A file that cannot be read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Problem {
    pub(crate) path: String,
    pub(crate) reason: String,
}

/// A file that a client has added.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Added {
    pub(crate) path: String,
    pub(crate) rows: u64,
}

/// The files of a directory: Parquet, CSV and Arrow IPC.
#[flight_server(client = DatasetClient)]
impl Dataset {
    /// The rows of a file: of the columns that are named, in their order, or of all; at most `limit`.
    #[do_get("files/{*path}?{column}&{limit}", list = paths, ordered)]
    fn read(
        &self,
        path: String,
        column: Vec<String>,
        limit: Option<usize>,
    ) -> Result<BatchStream, Error> {
        let (file, facts) = self.catalog.open(&path)?;
        let scan = Scan::new(&facts.schema, &column, limit, self.batch_rows)?;
        let rows = facts
            .read(file, &scan)
            .map_err(|error| broken(&path, error))?;
        let total = facts.rows.map(|rows| scan.rows(rows));
        let stream = BatchStream::from_reader(scan.select(rows, move |error| broken(&path, error)));
        Ok(match total {
            Some(total) => stream.with_total_records(i64::try_from(total)?),
            None => stream,
        })
    }

    /// The files that can be read: the others are among the problems, and hide none of these.
    fn paths(&self) -> Result<Vec<String>, Error> {
        let files = self.catalog.list()?.into_iter();
        Ok(files
            .filter(|file| file.error.is_none())
            .map(|file| file.path)
            .collect())
    }

    /// The files that cannot be read, each with the reason.
    #[action("problems")]
    fn problems(&self) -> Result<Json<Vec<Problem>>, Error> {
        let problem = |file: Found| {
            // What is gone since, or leads out of the directory, is no file.
            let error = file.error.filter(|error| error.code() != Code::NotFound)?;
            Some(Problem {
                path: file.path,
                reason: error.message().to_owned(),
            })
        };
        Ok(Json(
            self.catalog
                .list()?
                .into_iter()
                .filter_map(problem)
                .collect(),
        ))
    }

    /// Add a file, whose ending says its format. It appears when the upload has ended, and not at all when the upload breaks off.
    #[do_put("files/{*path}")]
    fn add(&self, path: String, rows: BatchStream) -> Result<Json<Added>, Error> {
        if !self.writable {
            return Err(Error::failed_precondition(
                "files cannot be added: start the server with --writable",
            ));
        }
        let format = Format::of(&path).ok_or_else(|| {
            Error::invalid_argument(format!(
                "`{path}` has no known ending: expected {}",
                Format::ENDINGS
            ))
        })?;
        let draft = self.catalog.directory.draft(&path)?;
        let rows = rows.into_reader()?;
        let rows = format
            .write(draft.file()?, rows)
            .map_err(|error| not_written(&path, error))?;
        draft.finish().map_err(|error| not_made(&path, &error))?;
        tracing::info!(path, rows, "added");
        Ok(Json(Added { path, rows }))
    }
}

impl Dataset {
    /// # Errors
    ///
    /// FAILED_PRECONDITION when the directory cannot be opened.
    pub(crate) fn open(args: &DatasetArgs) -> Result<Self, Error> {
        let directory = Directory::open(&args.directory)?;
        Ok(Self {
            catalog: Catalog::new(directory, args.infer_rows.get()),
            batch_rows: args.batch_rows.get(),
            writable: args.writable,
        })
    }
}

/// Why an upload did not become a file: it broke off, the disk took no more, or its columns do not go into the format.
fn not_written(path: &str, failure: Failure) -> Error {
    // What the upload itself failed with is inside, and comes out as it was.
    let error = Error::from(ArrowError::ExternalError(failure));
    match error.source() {
        Some(reason) if error.is_hidden() && !is_of_the_disk(reason) => {
            Error::invalid_argument(format!("`{path}` cannot be written: {reason}"))
        }
        _ => error,
    }
}

fn is_of_the_disk(error: &(dyn StdError + 'static)) -> bool {
    error.is::<io::Error>() || error.source().is_some_and(is_of_the_disk)
}
