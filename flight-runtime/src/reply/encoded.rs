//! [`Encoded`]: batches on their way to the wire, from a handler or from a client's own upload.
//!
//! Without compression a batch is encoded when it is asked for, which costs microseconds, one handler's message at a time. Compression costs
//! a hundred times that: it runs on blocking threads, for several batches at once where nothing ties them together, and gives out what it
//! has in order.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use arrow::datatypes::{DataType, SchemaRef};
use arrow::ipc::writer::DictionaryHandling;
use futures::stream::{Stream, StreamExt};
use tokio::task::spawn_blocking;
use tokio_util::task::AbortOnDropHandle;

use super::{Flow, Start};
use crate::Error;
use crate::batches::{Compression, Message, StreamOptions, no_schema};
use crate::wire::encode::{self, BatchEncoder, EncodeOptions};
use crate::wire::segments::Segments;

/// At most this many batches of a stream are compressed at once: each is held in memory, plain and compressed.
const MOST_AT_ONCE: usize = 4;

/// A stream of frames.
pub(crate) struct Encoded<S> {
    source: S,
    encoder: Encoder,
    /// The schema was said on the attribute and is sent already.
    declared: bool,
    needs_schema: bool,
    max_message_size: usize,
    ready: VecDeque<Segments>,
    /// What comes behind `ready`, in order.
    ahead: VecDeque<Ahead>,
    /// The source has said all, or nothing more of it counts.
    done: bool,
}

enum Encoder {
    /// No schema yet.
    None,
    Plain(Box<BatchEncoder>),
    /// Those that are not at work.
    Compressing(Vec<BatchEncoder>),
}

/// What is to come.
enum Ahead {
    Frame(Segments),
    /// Not begun when the stream is dropped before.
    Work(AbortOnDropHandle<(BatchEncoder, Result<VecDeque<Segments>, Error>)>),
    Error(Error),
}

impl<S> Encoded<S>
where
    S: Stream<Item = Result<Flow, Error>> + Unpin,
{
    /// What `source` says; with a schema that is `declared`, it goes out before the source has said anything.
    pub(crate) fn new(
        source: S,
        declared: Option<SchemaRef>,
        needs_schema: bool,
        max_message_size: usize,
    ) -> Self {
        let mut this = Self {
            source,
            encoder: Encoder::None,
            declared: declared.is_some(),
            needs_schema,
            max_message_size,
            ready: VecDeque::new(),
            ahead: VecDeque::new(),
            done: false,
        };
        if let Some(schema) = declared
            && let Err(error) = this.start(&schema, &StreamOptions::default())
        {
            this.end(error);
        }
        this
    }

    fn start(&mut self, schema: &SchemaRef, options: &StreamOptions) -> Result<(), Error> {
        let encode = encode_options(options, self.max_message_size);
        let compresses = encode.compression.is_some();
        let mut encoder = BatchEncoder::new(schema, encode.clone())?;
        let first = encoder.schema(options.schema_metadata.clone())?;
        self.ready.push_back(first);
        self.encoder = if compresses {
            let mut encoders = vec![encoder];
            for _ in 1..at_once(schema) {
                encoders.push(BatchEncoder::new(schema, encode.clone())?);
            }
            Encoder::Compressing(encoders)
        } else {
            Encoder::Plain(Box::new(encoder))
        };
        Ok(())
    }

    fn take(&mut self, flow: Flow) -> Result<(), Error> {
        match flow {
            Flow::Start(_) if self.declared => Ok(()),
            Flow::Start(start) => {
                let Start { schema, options } = *start;
                self.start(&schema, &options)
            }
            Flow::Message(Message {
                batch: Some(batch),
                app_metadata,
            }) => match &mut self.encoder {
                Encoder::None => Err(no_schema()),
                Encoder::Plain(encoder) => {
                    Ok(encoder.batch(&batch, app_metadata, &mut self.ready)?)
                }
                Encoder::Compressing(encoders) => {
                    // `has_room` was asked before.
                    let Some(mut encoder) = encoders.pop() else {
                        return Err(Error::internal("no encoder is free"));
                    };
                    let work = spawn_blocking(move || {
                        let mut frames = VecDeque::new();
                        let encoded = encoder.batch(&batch, app_metadata, &mut frames);
                        (encoder, encoded.map(|()| frames).map_err(Error::from))
                    });
                    self.ahead
                        .push_back(Ahead::Work(AbortOnDropHandle::new(work)));
                    Ok(())
                }
            },
            Flow::Message(Message {
                batch: None,
                app_metadata,
            }) => {
                let frame = BatchEncoder::metadata(app_metadata.unwrap_or_default())?;
                match self.ahead.is_empty() {
                    true => self.ready.push_back(frame),
                    false => self.ahead.push_back(Ahead::Frame(frame)),
                }
                Ok(())
            }
        }
    }

    /// Whether another message of the source can be taken.
    fn has_room(&self) -> bool {
        match &self.encoder {
            Encoder::None | Encoder::Plain(_) => true,
            Encoder::Compressing(encoders) => !encoders.is_empty(),
        }
    }

    /// Lets what is under way come out, then the error.
    fn end(&mut self, error: Error) {
        self.done = true;
        self.ahead.push_back(Ahead::Error(error));
    }

    /// Takes what the source has said, as long as there is room and nothing waits to be sent.
    fn poll_source(&mut self, cx: &mut Context<'_>) {
        while !self.done && self.ready.is_empty() && self.has_room() {
            let Poll::Ready(flow) = self.source.poll_next_unpin(cx) else {
                return;
            };
            let taken = match flow {
                Some(Ok(flow)) => self.take(flow),
                Some(Err(error)) => Err(error),
                None if self.needs_schema && matches!(self.encoder, Encoder::None) => {
                    Err(no_schema())
                }
                None => {
                    self.done = true;
                    Ok(())
                }
            };
            if let Err(error) = taken {
                self.end(error);
            }
        }
    }

    /// The frames of what comes next, once they are there; `None` when nothing is under way.
    fn poll_ahead(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<VecDeque<Segments>, Error>>> {
        let next = match self.ahead.front_mut() {
            None => return Poll::Ready(None),
            Some(Ahead::Work(work)) => Some(ready!(Pin::new(work).poll(cx))),
            Some(Ahead::Frame(_) | Ahead::Error(_)) => None,
        };
        let ahead = self.ahead.pop_front();
        Poll::Ready(Some(match (next, ahead) {
            (Some(Ok((encoder, encoded))), _) => {
                if let Encoder::Compressing(encoders) = &mut self.encoder {
                    encoders.push(encoder);
                }
                encoded
            }
            (Some(Err(stopped)), _) => Err(match stopped.try_into_panic() {
                Ok(panic) => Error::panicked(&*panic),
                Err(_) => Error::unavailable("the server is stopping"),
            }),
            (None, Some(Ahead::Frame(frame))) => Ok(VecDeque::from([frame])),
            (None, Some(Ahead::Error(error))) => Err(error),
            (None, _) => Ok(VecDeque::new()),
        }))
    }
}

impl<S> Stream for Encoded<S>
where
    S: Stream<Item = Result<Flow, Error>> + Unpin,
{
    type Item = Result<Segments, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(frame) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(frame)));
            }
            this.poll_source(cx);
            if !this.ready.is_empty() {
                continue;
            }
            match this.poll_ahead(cx) {
                Poll::Ready(Some(Ok(frames))) => this.ready = frames,
                Poll::Ready(Some(Err(error))) => {
                    this.done = true;
                    this.ahead.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) if this.done => return Poll::Ready(None),
                // The source, or a blocking thread, wakes the task.
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }
}

pub(crate) fn encode_options(options: &StreamOptions, max_message_size: usize) -> EncodeOptions {
    EncodeOptions {
        compression: match options.compression {
            Compression::None => None,
            Compression::Lz4 => Some(encode::Compression::Lz4),
            // The default of Arrow's C++; Rust's is 3.
            Compression::Zstd => Some(encode::Compression::Zstd(Some(1))),
        },
        dictionaries: match options.dictionary_deltas {
            true => DictionaryHandling::Delta,
            false => DictionaryHandling::Resend,
        },
        max_message_size,
    }
}

/// How many batches can be compressed at once: a dictionary is sent once and ties those behind it to itself.
fn at_once(schema: &SchemaRef) -> usize {
    let mut types = schema.fields().iter().map(|field| field.data_type());
    if types.any(has_dictionary) {
        return 1;
    }
    std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_AT_ONCE))
}

fn has_dictionary(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(..) => true,
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _)
        | DataType::RunEndEncoded(_, field) => has_dictionary(field.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_dictionary(field.data_type())),
        DataType::Union(fields, _) => fields
            .iter()
            .any(|(_, field)| has_dictionary(field.data_type())),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use arrow::datatypes::{Field, Schema};
    use bytes::{Buf, Bytes};

    use super::super::Running;
    use super::*;

    /// Messages that say in their metadata what number they have, and at last an error.
    async fn sent(compression: Compression) -> (Vec<Bytes>, Error) {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..50_000));
        let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
        let schema = batch.schema();
        let running = Running::start(|sink| {
            Box::pin(async move {
                let options = StreamOptions {
                    compression,
                    ..StreamOptions::default()
                };
                sink.send(Flow::Start(Box::new(Start { schema, options })))
                    .await?;
                for number in 0..40 {
                    // Of all sizes, so that those behind are done first; every fifth has no rows.
                    let rows = (40 - number) * 1000;
                    sink.send(Flow::Message(match number % 5 {
                        0 => Message::metadata(number.to_string()),
                        _ => Message::new(batch.slice(0, rows), number.to_string()),
                    }))
                    .await?;
                }
                Err(Error::aborted("the last"))
            })
        });
        let mut encoding = Encoded::new(running, None, true, 4 << 20);
        let mut messages = Vec::new();
        loop {
            match encoding.next().await {
                Some(Ok(mut frame)) => {
                    frame.advance(crate::wire::grpc::PREFIX_LEN);
                    let data: arrow_flight::FlightData = prost::Message::decode(frame).unwrap();
                    messages.push(data.app_metadata);
                }
                Some(Err(error)) => return (messages, error),
                None => panic!("the error is missing"),
            }
        }
    }

    #[tokio::test]
    async fn messages_and_the_error_behind_them_keep_their_order() {
        let mut expected = vec![Bytes::new()];
        expected.extend((0..40).map(|number| Bytes::from(number.to_string())));
        for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
            let (messages, error) = sent(compression).await;
            assert_eq!(messages, expected, "{compression:?}");
            assert_eq!(error.message(), "the last");
        }
    }

    #[test]
    fn a_dictionary_anywhere_ties_batches_together() {
        let dictionary = DataType::Dictionary(DataType::Int8.into(), DataType::Utf8.into());
        let of = |data_type| Arc::new(Schema::new(vec![Field::new("a", data_type, true)]));
        let nested = DataType::new_list(DataType::new_large_list(dictionary.clone(), true), true);
        assert_eq!(at_once(&of(dictionary)), 1);
        assert_eq!(at_once(&of(nested)), 1);
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(at_once(&of(DataType::Utf8)), cores.min(MOST_AT_ONCE));
    }
}
