//! What files are made of: Parquet, CSV, Arrow IPC.

mod csv;
mod ipc;
mod parquet;

use std::error::Error as StdError;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::ArrowReaderMetadata;
use flight_runtime::arrow::array::RecordBatchReader;
use flight_runtime::arrow::datatypes::SchemaRef;

use crate::scan::Scan;

/// Rows of a file, read as they are asked for.
pub(crate) type Rows = Box<dyn RecordBatchReader + Send>;

/// Why a file cannot be read or written.
pub(crate) type Failure = Box<dyn StdError + Send + Sync>;

/// The format of a file, by the ending of its name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    Parquet,
    /// Text with a header line, and with this between its columns.
    Csv(u8),
    /// Arrow's own. Which of the two a file is, it says itself.
    IpcFile,
    IpcStream,
}

impl Format {
    /// The endings, as a person is told them.
    pub(crate) const ENDINGS: &str =
        "`.parquet`, `.csv`, `.tsv`, `.arrow`, `.arrows`, `.feather` or `.ipc`";

    pub(crate) fn of(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "parquet" => Some(Self::Parquet),
            "csv" => Some(Self::Csv(b',')),
            "tsv" => Some(Self::Csv(b'\t')),
            "arrow" | "feather" | "ipc" => Some(Self::IpcFile),
            "arrows" => Some(Self::IpcStream),
            _ => None,
        }
    }

    /// Writes all rows into a new file; gives how many there were.
    pub(crate) fn write(self, file: File, rows: impl RecordBatchReader) -> Result<u64, Failure> {
        match self {
            Self::Parquet => parquet::write(file, rows),
            Self::Csv(delimiter) => csv::write(file, delimiter, rows),
            Self::IpcFile => ipc::write_file(file, rows),
            Self::IpcStream => ipc::write_stream(file, rows),
        }
    }
}

/// What a file says of itself without its rows being read.
pub(crate) struct Facts {
    pub(crate) schema: SchemaRef,
    /// How many rows it has; `None` where only reading them all would tell.
    pub(crate) rows: Option<u64>,
    source: Source,
}

/// How its rows are got at.
enum Source {
    Parquet(ArrowReaderMetadata),
    Csv(u8),
    Ipc(Arc<ipc::Messages>),
}

impl Facts {
    /// Inspects a file: its footer or its messages, or of CSV the first `infer_rows` rows.
    pub(crate) fn of(file: &File, format: Format, infer_rows: usize) -> Result<Self, Failure> {
        caught(|| match format {
            Format::Parquet => parquet::inspect(file),
            Format::Csv(delimiter) => csv::inspect(file, delimiter, infer_rows),
            Format::IpcFile | Format::IpcStream => ipc::inspect(file),
        })?
    }

    /// The columns of the scan, in the order of the file.
    pub(crate) fn read(&self, file: File, scan: &Scan) -> Result<Rows, Failure> {
        caught(|| match &self.source {
            Source::Parquet(metadata) => parquet::read(file, metadata.clone(), scan),
            Source::Csv(delimiter) => csv::read(file, *delimiter, self.schema.clone(), scan),
            Source::Ipc(messages) => ipc::read(file, messages.clone(), scan),
        })?
    }
}

/// What a reader gives. One that panics at what it finds has found a broken file.
pub(crate) fn caught<T>(read: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| "it is no valid file of its format".into())
}
