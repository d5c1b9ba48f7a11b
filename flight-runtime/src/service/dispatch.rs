//! From a method and a request body to the messages of its answer.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Poll, ready};

use arrow_flight::{Action, Criteria, Empty, FlightDescriptor, Ticket};
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use http::{HeaderMap, HeaderValue};

use super::Service;
use super::frames::{Frames, Messages, Opened};
use super::handlers::Found;
use crate::Error;
use crate::batches::Upload;
use crate::call::{Call, Payload};
use crate::context::CallContext;
use crate::headers::{GRPC_ACCEPT_ENCODING, GRPC_ENCODING};
use crate::observe::Direction;
use crate::principal::Admission;
use crate::reply::{Encoded, Flow};
use crate::route::Address;
use crate::rpc::Method;
use crate::wire::compression::Encoding;
use crate::wire::cut::RequestBody;
use crate::wire::decode::BatchDecoder;
use crate::wire::flight_data::{FlightDataReader, Limits};
use crate::wire::grpc::{MessageReader, encode_message};
use crate::wire::held::Held;
use crate::wire::segments::Segments;

impl Service {
    /// Starts a call: it has its place among those that run, and nothing of it runs until the frames are polled.
    pub(super) fn frames(self: Arc<Self>, context: CallContext, body: RequestBody) -> Frames {
        let permit = self.quota.begin(&self.settings.limits);
        Frames::new(async move {
            // Before authentication, so that middleware sees the calls that are refused, too.
            self.middleware.start(&context).await?;
            let mut permit = permit?;
            self.admit(&context).await?;
            permit.of(&context, &self.settings.limits)?;
            Ok(Opened::new(self.open(context, body).await?, Some(permit)))
        })
    }

    /// Finds what the call is for. What few calls need is in boxes, because all take as much memory as any of them does.
    async fn open(
        self: Arc<Self>,
        context: CallContext,
        body: RequestBody,
    ) -> Result<Messages, Error> {
        let mut incoming = Incoming::new(&context, body)?;
        incoming.held = Held::new(self.budget.share(&context));
        match context.method() {
            Method::Handshake => {
                let shaking =
                    self.gate
                        .handshake(context.clone(), incoming.body, incoming.encoding);
                Ok(messages(self.judged(context, shaking)))
            }
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
                only(Box::pin(self.get_flight_info(&context, descriptor)).await?)
            }
            Method::PollFlightInfo => {
                let descriptor = self.unary(incoming).await?;
                only(Box::pin(self.poll_flight_info(&context, descriptor)).await?)
            }
            Method::GetSchema => {
                let descriptor = self.unary(incoming).await?;
                only(Box::pin(self.get_schema(&context, descriptor)).await?)
            }
            Method::DoAction => {
                let action: Action = self.unary(incoming).await?;
                if self.describes(&action) {
                    return only(self.describe(&context, &action)?);
                }
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
                let (descriptor, upload) = Box::pin(self.upload(incoming)).await?;
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
                let (descriptor, upload) = Box::pin(self.upload(incoming)).await?;
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

    /// The answers of a handshake, as far as its address has not been wrong too often meanwhile: many may have been asked about at once, and behind
    /// the limit a right guess counts as little as a wrong one.
    fn judged<T>(
        self: Arc<Self>,
        context: CallContext,
        shaking: impl Stream<Item = Result<T, Error>>,
    ) -> impl Stream<Item = Result<T, Error>> {
        let answers = shaking.map(Some).chain(stream::iter([None]));
        answers.filter_map(move |answer| {
            let (peer, limits) = (context.peer(), &self.settings.limits);
            let answer = answer.transpose();
            let checked = self.attempts.check(peer, limits);
            if let Err(error) = &answer {
                self.attempts.failed(peer, error, limits);
            }
            if checked.is_err() {
                // A token may be in them.
                drop((context.take_headers(), context.take_trailers()));
            }
            std::future::ready(
                answer
                    .and_then(|answer| checked.map(|()| answer))
                    .transpose(),
            )
        })
    }

    /// Asks who calls, before anything of the request but its headers is read.
    ///
    /// Callers without credentials get further only where something is public; their handler's rule is checked when it is found, and again
    /// when it is started.
    async fn admit(&self, context: &CallContext) -> Result<(), Error> {
        let method = context.method();
        if method == Method::Handshake {
            return self.attempts.check(context.peer(), &self.settings.limits);
        }
        self.identify(context).await?;
        match context.admission() {
            Some(Admission::Anonymous { refusal, public }) if !public.contains(&method) => {
                let somewhere = self.handlers.has_public(method);
                somewhere.then_some(()).ok_or_else(|| refusal.again())
            }
            _ => Ok(()),
        }
    }

    /// Has the authenticators say who calls; an address that has been wrong too often is not asked.
    pub(super) async fn identify(&self, context: &CallContext) -> Result<(), Error> {
        let limits = &self.settings.limits;
        self.attempts.check(context.peer(), limits)?;
        let admitted = self.gate.admit(context).await;
        // Again, as for a handshake: others of the address may have been wrong meanwhile.
        self.attempts.check(context.peer(), limits)?;
        let (admission, is_wrong) = admitted?;
        if is_wrong && let Admission::Anonymous { refusal, .. } = &admission {
            self.attempts.failed(context.peer(), refusal, limits);
        }
        context.admit(admission);
        Ok(())
    }

    /// The one message of a call whose request is one.
    fn unary<M: prost::Message + Default>(
        &self,
        incoming: Incoming,
    ) -> impl Future<Output = Result<M, Error>> + use<M> {
        unary(incoming, self.settings.max_message_size)
    }

    /// The descriptor of a DoPut or DoExchange, and the upload behind it.
    async fn upload(&self, incoming: Incoming) -> Result<(FlightDescriptor, Upload), Error> {
        let mut reader = FlightDataReader::new(
            incoming.body,
            incoming.encoding,
            Limits {
                message: self.settings.max_message_size,
            },
        )
        .holding(incoming.held);
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
        let decoder = BatchDecoder::new(self.settings.limits.guard);
        Ok((
            descriptor,
            Upload::new(reader, decoder, Some(first), Error::from)
                .at_most(self.settings.limits.upload_rows),
        ))
    }

    fn encoded(&self, found: Found<'_, Flow>, call: Call) -> Messages {
        let declared = found.handler.def.schema.map(|schema| schema());
        // A DoGet without a schema is an error; a DoExchange may have nothing to say.
        let needs_schema = call.context().method() == Method::DoGet;
        let limit = self.settings.max_reply_message_size;
        let context = call.context().clone();
        let flow = found.start(call).inspect_ok(move |flow| {
            if let Flow::Message(message) = flow
                && let Some(batch) = &message.batch
            {
                context.observed().batch(Direction::Sent, batch);
            }
        });
        Encoded::new(flow, declared, needs_schema, limit).boxed()
    }
}

/// The messages of a request before they are read.
pub(super) struct Incoming {
    pub(super) body: RequestBody,
    pub(super) encoding: Encoding,
    /// Told of messages that wait for their rest.
    pub(super) held: Held,
}

impl Incoming {
    /// How the messages are compressed is in the headers, which are asked once. Who says it is told how they may be, also who is refused for it (gRPC's
    /// `compression.md`); to others that would be a header more with every answer.
    pub(super) fn new(context: &CallContext, body: RequestBody) -> Result<Self, Error> {
        let headers: &HeaderMap = context.headers().as_ref();
        let encoding = headers.get(GRPC_ENCODING);
        if encoding.is_some() {
            let accepted = HeaderValue::from_static(Encoding::ACCEPTED);
            context.insert_header(GRPC_ACCEPT_ENCODING, accepted);
        }
        let encoding = Encoding::parse(encoding.map(HeaderValue::as_bytes))?;
        Ok(Self {
            body,
            encoding,
            held: Held::default(),
        })
    }
}

pub(super) fn messages<M: prost::Message + 'static>(
    items: impl Stream<Item = Result<M, Error>> + Send + 'static,
) -> Messages {
    items
        .map(|message| message.and_then(|message| frame(&message)))
        .boxed()
}

pub(super) fn only<M: prost::Message>(message: M) -> Result<Messages, Error> {
    let frame = frame(&message)?;
    Ok(stream::once(std::future::ready(Ok(frame))).boxed())
}

/// The one message of a request, of at most so many bytes.
///
/// By hand, because an `async fn` would keep its argument beside the reader that is made of it.
pub(super) fn unary<M: prost::Message + Default>(
    incoming: Incoming,
    limit: usize,
) -> impl Future<Output = Result<M, Error>> + use<M> {
    let mut reader =
        MessageReader::new(incoming.body, incoming.encoding, limit).holding(incoming.held);
    let mut message = None;
    poll_fn(move |cx| {
        while let Some(bytes) = ready!(reader.poll_next(cx))? {
            // Nobody has it before the request has ended, which may take any time.
            reader.keeps(bytes.len());
            if message.replace(bytes).is_some() {
                return Poll::Ready(Err(Error::invalid_argument(
                    "the request has a second message: this call takes one",
                )));
            }
        }
        let Some(message) = message.take() else {
            return Poll::Ready(Err(Error::invalid_argument(
                "the request ended before its message",
            )));
        };
        Poll::Ready(M::decode(message).map_err(|error| {
            Error::invalid_argument(format!("the request does not decode: {error}"))
        }))
    })
}

fn frame<M: prost::Message>(message: &M) -> Result<Segments, Error> {
    Ok(Segments::from(encode_message(message)?))
}
