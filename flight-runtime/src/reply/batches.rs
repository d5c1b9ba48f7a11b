//! Batches as they flow from a handler to the encoder: what the stream is, then its messages.

use std::collections::VecDeque;

use arrow::datatypes::SchemaRef;
use futures::stream::{self, BoxStream, Stream, StreamExt};

use super::Items;
use crate::Error;
use crate::batches::{BatchStream, Event, Message, StreamOptions};

/// A step of a stream of batches.
#[doc(hidden)]
#[derive(Debug)]
pub enum Flow {
    /// The schema, before the first batch.
    Start(Box<Start>),
    /// A batch, or metadata alone.
    Message(Message),
}

/// What a stream is.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Start {
    pub(crate) schema: SchemaRef,
    pub(crate) options: StreamOptions,
}

/// The flow of a [`BatchStream`]: its schema first if it is known, else when it comes.
pub(super) fn flow_of_stream(stream: BatchStream) -> Items<'static, Flow> {
    Items::Owned(flow_of_upload(stream))
}

/// The flow of what a client uploads.
pub(crate) fn flow_of_upload(stream: BatchStream) -> BoxStream<'static, Result<Flow, Error>> {
    let (schema, options, events) = stream.into_parts();
    flow(schema, options, events).boxed()
}

/// The flow of messages whose schema is the first batch's.
pub(super) fn flow_of_items(items: Items<'_, Message>) -> Result<Items<'_, Flow>, Error> {
    let event = |item: Result<Message, Error>| item.map(Event::Message);
    Ok(match items {
        Items::One(message) => Items::Ready(flow_of_ready(vec![message?])),
        Items::Ready(messages) => {
            let messages = messages
                .into_iter()
                .collect::<Result<Vec<Message>, Error>>()?;
            Items::Ready(flow_of_ready(messages))
        }
        Items::Owned(messages) => {
            Items::Owned(flow(None, StreamOptions::default(), messages.map(event)).boxed())
        }
        Items::Borrowed(messages) => {
            Items::Borrowed(flow(None, StreamOptions::default(), messages.map(event)).boxed())
        }
        Items::Iterator(mut messages) => {
            let mut state = State::new(());
            Items::Iterator(Box::new(std::iter::from_fn(move || {
                loop {
                    if let Some(flow) = state.waiting.pop_front() {
                        return Some(Ok(flow));
                    }
                    match messages.next()? {
                        Ok(message) => state.message(message),
                        Err(error) => return Some(Err(error)),
                    }
                }
            })))
        }
    })
}

fn flow_of_ready(messages: Vec<Message>) -> Vec<Result<Flow, Error>> {
    let batches = || messages.iter().filter_map(|message| message.batch.as_ref());
    let start = batches().next().map(|batch| {
        let options = StreamOptions {
            total_records: Some(batches().map(|batch| batch.num_rows() as i64).sum()),
            ..StreamOptions::default()
        };
        Flow::Start(Box::new(Start {
            schema: batch.schema(),
            options,
        }))
    });
    start
        .into_iter()
        .chain(messages.into_iter().map(Flow::Message))
        .map(Ok)
        .collect()
}

struct State<S> {
    events: S,
    options: Option<StreamOptions>,
    waiting: VecDeque<Flow>,
}

fn flow<'a, S>(
    schema: Option<SchemaRef>,
    options: StreamOptions,
    events: S,
) -> impl Stream<Item = Result<Flow, Error>> + Send + 'a
where
    S: Stream<Item = Result<Event, Error>> + Send + Unpin + 'a,
{
    let mut state = State::new(events);
    state.options = Some(options);
    if let Some(schema) = schema {
        state.start(schema);
    }
    stream::unfold(state, |mut state| async move {
        loop {
            if let Some(flow) = state.waiting.pop_front() {
                return Some((Ok(flow), state));
            }
            match state.events.next().await? {
                Ok(Event::Schema(schema)) => state.start(schema),
                Ok(Event::Message(message)) => state.message(message),
                Err(error) => return Some((Err(error), state)),
            }
        }
    })
}

impl<S> State<S> {
    fn new(events: S) -> Self {
        Self {
            events,
            options: Some(StreamOptions::default()),
            waiting: VecDeque::new(),
        }
    }

    /// A message, behind the start that its batch makes if nothing else has.
    fn message(&mut self, message: Message) {
        if let Some(batch) = &message.batch {
            self.start(batch.schema());
        }
        self.waiting.push_back(Flow::Message(message));
    }

    /// Puts the start in front, the first time.
    fn start(&mut self, schema: SchemaRef) {
        if let Some(options) = self.options.take() {
            self.waiting
                .push_back(Flow::Start(Box::new(Start { schema, options })));
        }
    }
}
