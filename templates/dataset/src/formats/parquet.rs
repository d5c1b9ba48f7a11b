//! Parquet: schema and number of rows are in the footer; rows are decoded a page at a time.

use std::fs::File;

use flight_runtime::arrow::array::RecordBatchReader;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{Facts, Failure, Rows, Source};
use crate::scan::Scan;

/// How much of a row group that is being written is kept in memory.
const GROUP_BYTES: usize = 64 << 20;

pub(super) fn inspect(file: &File) -> Result<Facts, Failure> {
    let metadata = ArrowReaderMetadata::load(file, ArrowReaderOptions::new())?;
    let rows = u64::try_from(metadata.metadata().file_metadata().num_rows())?;
    Ok(Facts {
        schema: metadata.schema().clone(),
        rows: Some(rows),
        source: Source::Parquet(metadata),
    })
}

pub(super) fn read(
    file: File,
    metadata: ArrowReaderMetadata,
    scan: &Scan,
) -> Result<Rows, Failure> {
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    if let Some(columns) = scan.projection() {
        let mask = ProjectionMask::roots(builder.parquet_schema(), columns);
        builder = builder.with_projection(mask);
    }
    if let Some(limit) = scan.limit {
        builder = builder.with_limit(limit);
    }
    Ok(Box::new(
        builder.with_batch_size(scan.batch_rows()).build()?,
    ))
}

pub(super) fn write(file: File, rows: impl RecordBatchReader) -> Result<u64, Failure> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties))?;
    let mut total = 0;
    for batch in rows {
        let batch = batch?;
        writer.write(&batch)?;
        total += batch.num_rows() as u64;
        if writer.in_progress_size() > GROUP_BYTES {
            writer.flush()?;
        }
    }
    writer.close()?;
    Ok(total)
}
