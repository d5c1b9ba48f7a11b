//! A directory of Parquet files as flights: a file is listed by its footer, and read a row group at a time, of the columns that are wanted.
//!
//! Run with `cargo run -p examples --bin parquet`, and beside it `python examples/parquet/client.py`; `examples/run parquet` does both.
//! Without `--directory` it serves the weather example's data, which it writes as Parquet into a temporary folder. `templates/dataset` is the
//! complete form of it, with CSV, Arrow files, uploads and a cache.

mod files;
mod sample;

use std::fs::File;
use std::path::PathBuf;

use flight_runtime::arrow::array::{RecordBatchIterator, RecordBatchReader};
use flight_runtime::arrow::error::ArrowError;
use flight_runtime::cli::clap::{self, Parser};
use flight_runtime::prelude::*;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Serves a directory of Parquet files.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    server: flight_runtime::cli::ServerArgs,
    /// What to serve; without it, a sample
    #[arg(long)]
    directory: Option<PathBuf>,
}

struct Files {
    /// Canonical: without links and `..`.
    root: PathBuf,
}

/// Parquet files.
#[flight_server]
impl Files {
    /// The rows of a file: of these columns, in the order of the file, or of all; at most `limit`.
    #[do_get("files/{*path}?{column}&{limit}", list = paths, ordered)]
    fn read(
        &self,
        path: String,
        column: Vec<String>,
        limit: Option<usize>,
    ) -> Result<BatchStream, Error> {
        let mut reader = self.footer(&path)?;
        let mut rows = usize::try_from(reader.metadata().file_metadata().num_rows())?;
        if !column.is_empty() {
            let indices = column.iter().map(|name| reader.schema().index_of(name));
            let indices: Vec<usize> = indices
                .collect::<Result<_, _>>()
                .map_err(|error| Error::invalid_argument(error.to_string()))?;
            let mask = ProjectionMask::roots(reader.parquet_schema(), indices);
            reader = reader.with_projection(mask);
        }
        if let Some(limit) = limit {
            reader = reader.with_limit(limit);
            rows = rows.min(limit);
        }
        // Nothing but the footer has been read by now. Pages are as batches are asked for, on a blocking thread.
        let reader = reader.build().map_err(|error| broken(&path, error))?;
        let schema = reader.schema();
        let batches = reader.map(move |batch| {
            batch.map_err(|error| ArrowError::ExternalError(broken(&path, error).into()))
        });
        let stream = BatchStream::from_reader(RecordBatchIterator::new(batches, schema));
        Ok(stream.with_total_records(i64::try_from(rows)?))
    }

    /// The files that can be read. One that cannot is told to the log, and hides none of the others.
    fn paths(&self) -> Result<Vec<String>, Error> {
        let mut paths = files::below(&self.root)?;
        paths.retain(|path| match self.footer(path) {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!("{error}");
                false
            }
        });
        Ok(paths)
    }

    /// A reader that has read schema and metadata, from the end of the file.
    fn footer(&self, path: &str) -> Result<ParquetRecordBatchReaderBuilder<File>, Error> {
        let file = files::open(&self.root, path)?;
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(path, error))
    }
}

fn broken(path: &str, error: impl std::fmt::Display) -> Error {
    Error::data_loss(format!("`{path}` cannot be read: {error}"))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let options = Options::parse();
    options.server.init_logging()?;
    // The sample is there as long as this value is.
    let (root, _sample) = match options.directory {
        Some(directory) => (directory, None),
        None => {
            let sample = sample::Folder::write()?;
            (sample.path().to_owned(), Some(sample))
        }
    };
    let root = root.canonicalize()?;
    let server = options
        .server
        .configure(FlightServer::builder(Files { root }))?;
    let server = server.start().await?;
    println!("listening on {}; in Python:\n", server.location());
    println!("    import pyarrow.flight as flight");
    println!("    client = flight.connect(\"{}\")", server.location());
    println!(
        "    for info in client.list_flights(): print(info.descriptor.path, info.total_records)\n"
    );
    server.serve().await
}
