//! Where rows come from, and how they become batches.

use std::task::{Poll, ready};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::stream::{self, BoxStream, Stream, StreamExt};

use super::fit::Fit;
use super::row::{Row, shared};
use crate::Error;
use crate::batches::{BatchStream, Event};
use crate::reply::blocking_iter;

/// An iterator of rows that may block.
pub(super) struct Pulled<T>(Option<Box<dyn Iterator<Item = Result<T, Error>> + Send>>);

impl<T: Row> Pulled<T> {
    pub(super) fn new(rows: Box<dyn Iterator<Item = Result<T, Error>> + Send>) -> Self {
        Self(Some(rows))
    }

    pub(super) fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    /// So many rows at a time; what comes before an error, and then the error.
    fn into_chunks(
        self,
        size: usize,
    ) -> impl Iterator<Item = Result<Vec<T>, Error>> + Send + 'static {
        let mut rows = self.0.into_iter().flatten().fuse();
        let mut failed = None;
        std::iter::from_fn(move || {
            if let Some(error) = failed.take() {
                return Some(Err(error));
            }
            let mut chunk = Vec::new();
            while chunk.len() < size {
                match rows.next() {
                    Some(Ok(row)) => chunk.push(row),
                    Some(Err(error)) if chunk.is_empty() => return Some(Err(error)),
                    Some(Err(error)) => {
                        failed = Some(error);
                        break;
                    }
                    None => break,
                }
            }
            (!chunk.is_empty()).then_some(Ok(chunk))
        })
    }

    pub(super) fn into_rows(self, size: usize) -> BoxStream<'static, Result<T, Error>> {
        blocking_iter(self.into_chunks(size))
            .flat_map(|chunk| stream::iter(each(chunk)))
            .boxed()
    }

    pub(super) fn into_batches(
        self,
        size: usize,
        schema: SchemaRef,
    ) -> BoxStream<'static, Result<RecordBatch, Error>> {
        let chunks = self.into_chunks(size);
        blocking_iter(chunks.map(move |chunk| chunk.map(|rows| shared(T::to_batch(rows), &schema))))
    }
}

fn each<T>(chunk: Result<Vec<T>, Error>) -> Vec<Result<T, Error>> {
    match chunk {
        Ok(rows) => rows.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }
}

/// Batches of so many of the rows that are there.
pub(super) fn chunks<T: Row>(
    mut rows: std::vec::IntoIter<T>,
    size: usize,
    schema: SchemaRef,
) -> impl Iterator<Item = RecordBatch> + Send + 'static {
    std::iter::from_fn(move || {
        let count = rows.len().min(size);
        (count > 0).then(|| shared(T::to_batch(rows.by_ref().take(count)), &schema))
    })
}

/// Batches of the rows that are ready at a time, at most so many; what comes before an error, and then the error.
pub(super) fn batched<T: Row>(
    rows: impl Stream<Item = Result<T, Error>> + Send + 'static,
    size: usize,
    schema: SchemaRef,
) -> impl Stream<Item = Result<RecordBatch, Error>> + Send + 'static {
    rows.ready_chunks(size).flat_map(move |items| {
        let mut rows = Vec::with_capacity(items.len());
        let mut failed = None;
        for item in items {
            match item {
                Ok(row) => rows.push(row),
                Err(error) => {
                    failed = Some(Err(error));
                    break;
                }
            }
        }
        let batch = (!rows.is_empty()).then(|| Ok(shared(T::to_batch(rows), &schema)));
        stream::iter(batch.into_iter().chain(failed))
    })
}

/// The stream with its columns compared, and in the order that is expected.
pub(super) fn checked(mut batches: BatchStream, expected: SchemaRef) -> BatchStream {
    let options = batches.options.clone();
    let schema = SchemaRef::clone(&expected);
    let mut fit: Option<Fit> = None;
    let mut failed = false;
    let events = stream::poll_fn(move |cx| {
        if failed {
            return Poll::Ready(None);
        }
        let message = ready!(batches.poll_message(cx));
        let fitted = || {
            if fit.is_none()
                && let Some(found) = batches.known_schema()
            {
                fit = Some(Fit::new(SchemaRef::clone(&expected), found)?);
            }
            let mut message = match message {
                None => return Ok(None),
                Some(message) => message?,
            };
            if let Some(batch) = &message.batch {
                let fit = match &mut fit {
                    Some(fit) => fit,
                    None => fit.insert(Fit::new(SchemaRef::clone(&expected), batch.schema_ref())?),
                };
                message.batch = Some(fit.apply(batch)?);
            }
            Ok(Some(Event::Message(message)))
        };
        let event: Result<Option<Event>, Error> = fitted();
        failed = event.is_err();
        Poll::Ready(event.transpose())
    });
    let mut stream = BatchStream::from_events(Some(schema), events.boxed());
    stream.options = options;
    stream
}
