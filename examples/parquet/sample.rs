//! The weather example's data as Parquet, to have something to serve.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flight_runtime::Error;
use flight_runtime::arrow::csv::ReaderBuilder;
use flight_runtime::arrow::csv::reader::Format;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

const FILES: [(&str, &[u8]); 3] = [
    (
        "seattle.parquet",
        include_bytes!("../weather/data/seattle-weather.csv"),
    ),
    (
        "normals/seattle.parquet",
        include_bytes!("../weather/data/seattle-normals.csv"),
    ),
    (
        "normals/san-francisco.parquet",
        include_bytes!("../weather/data/san-francisco-normals.csv"),
    ),
];

/// A temporary folder, which goes with this value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn write() -> Result<Self, Error> {
        let path = std::env::temp_dir().join(format!("flight-parquet-{}", std::process::id()));
        fs::create_dir(&path)?;
        let folder = Self(path);
        for (name, csv) in FILES {
            write(&folder.0.join(name), csv)?;
        }
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It is in the system's folder for what nobody misses.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn write(path: &Path, csv: &[u8]) -> Result<(), Error> {
    let format = Format::default().with_header(true);
    let (schema, _) = format.infer_schema(csv, None)?;
    let schema = Arc::new(schema);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(500))
        .build();
    let mut writer = ArrowWriter::try_new(File::create(path)?, schema.clone(), Some(properties))?;
    for batch in ReaderBuilder::new(schema).with_format(format).build(csv)? {
        writer.write(&batch?)?;
    }
    writer.close()?;
    Ok(())
}
