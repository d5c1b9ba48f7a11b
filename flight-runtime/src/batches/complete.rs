//! How an upload says that it is complete, for clients that end what they have not finished.

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};

use super::{BatchStream, Event, Message};
use crate::Error;

type Events = BoxStream<'static, Result<Event, Error>>;

impl BatchStream {
    /// An upload that is complete only when its last message is this one, in metadata alone. The stream does not give it.
    ///
    /// Some clients end an upload properly though their program has failed: pyarrow's writer does so when it is dropped. That end looks like any
    /// other. A client that says so at the end can be told apart, here with pyarrow's `writer.write_metadata(b"complete")`. An upload without the
    /// marker ends in ABORTED, one that goes on behind it in INVALID_ARGUMENT, and both not in a clean end.
    ///
    /// ```
    /// use flight_runtime::prelude::*;
    ///
    /// struct Ledger;
    ///
    /// #[flight_server]
    /// impl Ledger {
    ///     #[do_put("entries")]
    ///     async fn add(&self, entries: BatchStream) -> Result<(), Error> {
    ///         let mut entries = entries.with_commit_marker("complete");
    ///         let batches = entries.read_all().await?;
    ///         // Here the client has said that this is all.
    ///         # drop(batches);
    ///         Ok(())
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn with_commit_marker(self, marker: impl Into<Bytes>) -> Self {
        let marker = marker.into();
        let mut committed = false;
        self.checked(move |event| match event {
            Some(_) if committed => Err(Error::invalid_argument(
                "the upload goes on behind its commit marker",
            )),
            Some(Event::Message(Message {
                batch: None,
                app_metadata: Some(said),
            })) if *said == marker => {
                committed = true;
                Ok(false)
            }
            Some(_) => Ok(true),
            None if committed => Ok(true),
            None => Err(Error::aborted(
                "the upload ended without its commit marker, a last message of metadata alone: it is not complete",
            )),
        })
    }

    /// An upload that is complete only with exactly so many rows, as a client may declare them in a route's argument or a header.
    ///
    /// With fewer it ends in ABORTED, with more in INVALID_ARGUMENT, and neither in a clean end.
    ///
    /// ```
    /// use flight_runtime::prelude::*;
    ///
    /// struct Ledger;
    ///
    /// #[flight_server]
    /// impl Ledger {
    ///     #[do_put("entries?{rows}")]
    ///     async fn add(&self, rows: u64, entries: BatchStream) -> Result<(), Error> {
    ///         let mut entries = entries.with_expected_rows(rows);
    ///         while let Some(batch) = entries.try_next().await? {
    ///             println!("{} rows", batch.num_rows());
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn with_expected_rows(self, rows: u64) -> Self {
        let mut came = 0;
        self.checked(move |event| {
            if let Some(Event::Message(Message {
                batch: Some(batch), ..
            })) = event
            {
                came += batch.num_rows() as u64;
            }
            if came > rows {
                return Err(Error::invalid_argument(format!(
                    "the upload has more rows than the {rows} that were declared"
                )));
            }
            if event.is_none() && came < rows {
                return Err(Error::aborted(format!(
                    "the upload ended after {came} of {rows} rows: it is not complete"
                )));
            }
            Ok(true)
        })
    }

    /// What `check` lets through: it is asked about each event and, with `None`, about the end.
    fn checked<F>(self, check: F) -> Self
    where
        F: FnMut(Option<&Event>) -> Result<bool, Error> + Send + 'static,
    {
        let without_schema = self.without_schema;
        let (schema, options, events) = self.into_parts();
        let mut checked = Self::from_events(schema, check_all(events, check));
        checked.without_schema = without_schema;
        checked.options = options;
        checked
    }
}

fn check_all<F>(events: Events, check: F) -> Events
where
    F: FnMut(Option<&Event>) -> Result<bool, Error> + Send + 'static,
{
    // After an error nothing follows.
    stream::unfold(Some((events, check)), |rest| async move {
        let (mut events, mut check) = rest?;
        loop {
            let event = events.next().await.transpose();
            let checked = event.and_then(|event| Ok((check(event.as_ref())?, event)));
            match checked {
                Ok((_, None)) => return None,
                Ok((false, Some(_))) => {}
                Ok((true, Some(event))) => return Some((Ok(event), Some((events, check)))),
                Err(error) => return Some((Err(error), None)),
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, RecordBatch};
    use arrow::datatypes::{DataType, Field, Schema};
    use tonic::Code;

    use super::*;

    fn stream(sizes: &[usize], last: Option<&'static str>) -> BatchStream {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
        let batch = |size: &usize| {
            let column = Int64Array::from(vec![7; *size]);
            Message::from(RecordBatch::try_new(schema.clone(), vec![Arc::new(column)]).unwrap())
        };
        let messages = sizes.iter().map(batch);
        let messages: Vec<_> = messages.chain(last.map(Message::metadata)).collect();
        BatchStream::new(schema, stream::iter(messages))
    }

    async fn rows(mut stream: BatchStream) -> Result<usize, Code> {
        let batches = stream.read_all().await.map_err(|error| error.code())?;
        Ok(batches.iter().map(RecordBatch::num_rows).sum())
    }

    #[tokio::test]
    async fn an_upload_is_complete_with_its_commit_marker_alone() {
        let marked = |sizes, last| rows(stream(sizes, last).with_commit_marker("done"));
        assert_eq!(marked(&[2, 3], Some("done")).await, Ok(5));
        assert_eq!(marked(&[], Some("done")).await, Ok(0));
        assert_eq!(marked(&[2, 3], None).await, Err(Code::Aborted));
        assert_eq!(marked(&[2, 3], Some("don")).await, Err(Code::Aborted));
        let schema = stream(&[], None).schema().await.unwrap();
        let behind = [Message::metadata("done"), Message::metadata("done")];
        let behind = BatchStream::new(schema, stream::iter(behind)).with_commit_marker("done");
        assert_eq!(rows(behind).await, Err(Code::InvalidArgument));
    }

    #[tokio::test]
    async fn an_upload_is_complete_with_the_rows_that_were_declared() {
        let declared = |sizes, rows_| rows(stream(sizes, None).with_expected_rows(rows_));
        assert_eq!(declared(&[2, 3], 5).await, Ok(5));
        assert_eq!(declared(&[], 0).await, Ok(0));
        assert_eq!(declared(&[2, 3], 6).await, Err(Code::Aborted));
        assert_eq!(declared(&[2, 3], 4).await, Err(Code::InvalidArgument));
    }

    #[tokio::test]
    async fn what_else_there_is_of_a_stream_stays() {
        let mut stream = stream(&[2], Some("done")).with_total_records(2);
        stream = stream.with_commit_marker("done");
        assert_eq!(stream.options.total_records, Some(2));
        assert!(stream.schema().await.is_ok());
    }
}
