//! From a method and a request body to the messages of its answer.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::DictionaryHandling;
use arrow_flight::{Action, Criteria, Empty, FlightDescriptor, Ticket};
use futures::future::TryFutureExt;
use futures::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};

use super::Service;
use super::handlers::Found;
use crate::Error;
use crate::batches::{Compression, Message, StreamOptions, Upload, no_schema};
use crate::call::{Call, Payload};
use crate::context::CallContext;
use crate::middleware::Started;
use crate::principal::Admission;
use crate::reply::{Flow, Running, Start};
use crate::route::Address;
use crate::rpc::Method;
use crate::wire::compression::Encoding;
use crate::wire::cut::RequestBody;
use crate::wire::decode::BatchDecoder;
use crate::wire::encode::{self, BatchEncoder, EncodeOptions};
use crate::wire::flight_data::{FlightDataReader, Limits};
use crate::wire::grpc::{MessageReader, encode_message};
use crate::wire::segments::Segments;

/// The messages of an answer, framed for gRPC.
pub(super) type Frames = BoxStream<'static, Result<Segments, Error>>;

impl Service {
    /// Starts a call: nothing runs until the frames are polled.
    pub(super) fn frames(
        self: Arc<Self>,
        context: CallContext,
        started: Started,
        body: RequestBody,
    ) -> Frames {
        self.open(context, started, body)
            .try_flatten_stream()
            .boxed()
    }

    async fn open(
        self: Arc<Self>,
        context: CallContext,
        started: Started,
        body: RequestBody,
    ) -> Result<Frames, Error> {
        // Before authentication, so that middleware sees the calls that are refused, too.
        self.middleware.start(&context, &started).await?;
        drop(started);
        self.admit(&context).await?;
        let incoming = Incoming::new(&context, body)?;
        match context.method() {
            Method::Handshake => Ok(messages(self.gate.handshake(
                context,
                incoming.body,
                incoming.encoding,
            ))),
            Method::ListFlights => {
                let criteria: Criteria = self.unary(incoming).await?;
                Ok(messages(self.list_flights(context, criteria)?))
            }
            Method::ListActions => {
                let Empty {} = self.unary(incoming).await?;
                Ok(messages(self.list_actions(context)))
            }
            Method::GetFlightInfo => {
                let descriptor = self.unary(incoming).await?;
                only(self.get_flight_info(&context, descriptor).await?)
            }
            Method::PollFlightInfo => {
                let descriptor = self.unary(incoming).await?;
                only(self.poll_flight_info(&context, descriptor).await?)
            }
            Method::GetSchema => {
                let descriptor = self.unary(incoming).await?;
                only(self.get_schema(&context, descriptor).await?)
            }
            Method::DoAction => {
                let action: Action = self.unary(incoming).await?;
                let handler = self.handlers.action(&action.r#type, &context)?;
                Ok(messages(
                    handler.start(Call::new(context, Payload::Action(action))),
                ))
            }
            Method::DoGet => {
                let ticket: Ticket = self.unary(incoming).await?;
                let found = self
                    .handlers
                    .do_get
                    .find(Address::from_bytes(&ticket.ticket).as_ref(), &context)?;
                Ok(self.encoded(found, Call::new(context, Payload::Ticket(ticket))))
            }
            Method::DoExchange => {
                let (descriptor, upload) = self.upload(incoming).await?;
                let found = self
                    .handlers
                    .do_exchange
                    .find(Address::from_descriptor(&descriptor).as_ref(), &context)?;
                let payload = Payload::Upload {
                    descriptor,
                    upload: Some(Box::new(upload)),
                    acks: None,
                };
                Ok(self.encoded(found, Call::new(context, payload)))
            }
            Method::DoPut => {
                let (descriptor, upload) = self.upload(incoming).await?;
                let address = Address::from_descriptor(&descriptor);
                let found = self.handlers.do_put.find(address.as_ref(), &context)?;
                Ok(messages(found.start_with(|acks| {
                    Call::new(
                        context,
                        Payload::Upload {
                            descriptor,
                            upload: Some(Box::new(upload)),
                            acks: Some(acks),
                        },
                    )
                })))
            }
        }
    }

    /// Asks who calls, before anything of the request but its headers is read.
    ///
    /// Callers without credentials get further only where something is public; their handler's rule is checked when it is found, and again
    /// when it is started.
    async fn admit(&self, context: &CallContext) -> Result<(), Error> {
        let method = context.method();
        if method == Method::Handshake {
            return Ok(());
        }
        context.admit(self.gate.admit(context).await?);
        match context.admission() {
            Some(Admission::Anonymous { refusal, public }) if !public.contains(&method) => {
                let somewhere = self.handlers.has_public(method);
                somewhere.then_some(()).ok_or_else(|| refusal.again())
            }
            _ => Ok(()),
        }
    }

    /// The one message of a call whose request is one.
    async fn unary<M: prost::Message + Default>(&self, incoming: Incoming) -> Result<M, Error> {
        let mut reader = MessageReader::new(
            incoming.body,
            incoming.encoding,
            self.settings.max_message_size,
        );
        let Some(bytes) = reader.next().await? else {
            return Err(Error::invalid_argument(
                "the request ended before its message",
            ));
        };
        if reader.next().await?.is_some() {
            return Err(Error::invalid_argument(
                "the request has a second message: this call takes one",
            ));
        }
        M::decode(bytes).map_err(|error| {
            Error::invalid_argument(format!("the request does not decode: {error}"))
        })
    }

    /// The descriptor of a DoPut or DoExchange, and the upload behind it.
    async fn upload(&self, incoming: Incoming) -> Result<(FlightDescriptor, Upload), Error> {
        let mut reader = FlightDataReader::new(
            incoming.body,
            incoming.encoding,
            Limits {
                message: self.settings.max_message_size,
            },
        );
        let Some(mut first) = reader.next().await? else {
            return Err(Error::invalid_argument(
                "the upload ended before its first message: expected a FlightData with a descriptor",
            ));
        };
        let Some(descriptor) = first.descriptor.take() else {
            return Err(Error::invalid_argument(
                "the first message of the upload has no descriptor",
            ));
        };
        let decoder = BatchDecoder::new(self.settings.guard);
        Ok((descriptor, Upload::new(reader, decoder, first)))
    }

    fn encoded(&self, found: Found<'_, Flow>, call: Call) -> Frames {
        let declared = found.handler.def.schema.map(|schema| schema());
        let method = call.context().method();
        let running = found.start(call);
        let mut encode = Encode {
            running,
            encoder: None,
            declared: declared.is_some(),
            max_message_size: self.settings.max_reply_message_size,
            needs_schema: method == Method::DoGet,
            ready: VecDeque::new(),
            done: false,
        };
        if let Some(schema) = declared
            && let Err(error) = encode.start(&schema, &StreamOptions::default())
        {
            return stream::once(std::future::ready(Err(error))).boxed();
        }
        encode.boxed()
    }
}

/// The messages of a request before they are read.
struct Incoming {
    body: RequestBody,
    encoding: Encoding,
}

impl Incoming {
    /// How the messages are compressed is in the headers, which are asked once.
    fn new(context: &CallContext, body: RequestBody) -> Result<Self, Error> {
        let encoding = context.headers().get("grpc-encoding");
        let encoding = Encoding::parse(encoding.map(|value| value.as_encoded_bytes()))?;
        Ok(Self { body, encoding })
    }
}

fn messages<M: prost::Message + 'static>(
    items: impl Stream<Item = Result<M, Error>> + Send + 'static,
) -> Frames {
    items
        .and_then(|message| std::future::ready(frame(&message)))
        .boxed()
}

fn only<M: prost::Message>(message: M) -> Result<Frames, Error> {
    let frame = frame(&message)?;
    Ok(stream::once(std::future::ready(Ok(frame))).boxed())
}

fn frame<M: prost::Message>(message: &M) -> Result<Segments, Error> {
    Ok(Segments::from(encode_message(message)?))
}

fn encode_options(options: &StreamOptions, max_message_size: usize) -> EncodeOptions {
    EncodeOptions {
        compression: match options.compression {
            Compression::None => None,
            Compression::Lz4 => Some(encode::Compression::Lz4),
            Compression::Zstd => Some(encode::Compression::Zstd(None)),
        },
        dictionaries: match options.dictionary_deltas {
            true => DictionaryHandling::Delta,
            false => DictionaryHandling::Resend,
        },
        max_message_size,
    }
}

/// Batches on their way to the wire: encoded when they are asked for, one handler's message at a time.
struct Encode {
    running: Running<Flow>,
    encoder: Option<BatchEncoder>,
    /// The schema was said on the attribute and is sent already.
    declared: bool,
    max_message_size: usize,
    /// A DoGet without a schema is an error; a DoExchange may have nothing to say.
    needs_schema: bool,
    ready: VecDeque<Segments>,
    done: bool,
}

impl Encode {
    fn start(&mut self, schema: &SchemaRef, options: &StreamOptions) -> Result<(), Error> {
        let encode = encode_options(options, self.max_message_size);
        let mut encoder = BatchEncoder::new(schema, encode)?;
        self.ready
            .push_back(encoder.schema(options.schema_metadata.clone())?);
        self.encoder = Some(encoder);
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
                Some(encoder) => Ok(encoder.batch(&batch, app_metadata, &mut self.ready)?),
                None => Err(no_schema()),
            },
            Flow::Message(Message {
                batch: None,
                app_metadata,
            }) => {
                self.ready
                    .push_back(BatchEncoder::metadata(app_metadata.unwrap_or_default())?);
                Ok(())
            }
        }
    }
}

impl Stream for Encode {
    type Item = Result<Segments, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(frame) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(frame)));
            }
            if this.done {
                return Poll::Ready(None);
            }
            let taken = match ready!(this.running.poll_next_unpin(cx)) {
                Some(Ok(flow)) => this.take(flow),
                Some(Err(error)) => Err(error),
                None => {
                    this.done = true;
                    if this.encoder.is_none() && this.needs_schema {
                        return Poll::Ready(Some(Err(no_schema())));
                    }
                    continue;
                }
            };
            if let Err(error) = taken {
                this.done = true;
                this.ready.clear();
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}
