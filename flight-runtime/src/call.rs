//! [`Call`]: what a handler's arguments are taken from.

use arrow_flight::{Action, Criteria, FlightDescriptor, PutResult, Ticket};
use futures::stream::{StreamExt, TryStreamExt};

use crate::Error;
use crate::batches::{BatchStream, Event, Upload};
use crate::context::CallContext;
use crate::observe::Direction;
use crate::reply::Sink;
use crate::route::{ArgDef, ArgTexts};

/// A call on its way to its handler: the context, the route's arguments, the payload.
///
/// [`FromCall`](crate::FromCall) implementations read it; a payload can be taken once.
#[derive(Debug)]
pub struct Call {
    context: CallContext,
    defs: &'static [ArgDef],
    texts: ArgTexts,
    payload: Payload,
}

/// What the client sent besides headers.
#[derive(Debug)]
pub(crate) enum Payload {
    /// ListActions.
    None,
    /// DoGet.
    Ticket(Ticket),
    /// GetFlightInfo, PollFlightInfo, GetSchema.
    Descriptor(FlightDescriptor),
    /// DoPut and DoExchange.
    Upload {
        /// From the first message.
        descriptor: FlightDescriptor,
        /// Until it is taken.
        upload: Option<Box<Upload>>,
        /// Where a DoPut's acknowledgements go, until they are taken.
        acks: Option<Sink<PutResult>>,
    },
    /// DoAction.
    Action(Action),
    /// ListFlights.
    Criteria(Criteria),
}

impl Call {
    pub(crate) fn new(context: CallContext, payload: Payload) -> Self {
        Self {
            context,
            defs: &[],
            texts: ArgTexts::default(),
            payload,
        }
    }

    pub(crate) fn set_args(&mut self, defs: &'static [ArgDef], texts: ArgTexts) {
        self.defs = defs;
        self.texts = texts;
    }

    /// Who calls, until when, and what goes back beside the data.
    pub fn context(&self) -> &CallContext {
        &self.context
    }

    /// The ticket of a DoGet.
    pub fn ticket(&self) -> Option<&Ticket> {
        match &self.payload {
            Payload::Ticket(ticket) => Some(ticket),
            _ => None,
        }
    }

    /// The descriptor of a GetFlightInfo, PollFlightInfo, GetSchema, DoPut or DoExchange.
    pub fn descriptor(&self) -> Option<&FlightDescriptor> {
        match &self.payload {
            Payload::Descriptor(descriptor) | Payload::Upload { descriptor, .. } => {
                Some(descriptor)
            }
            _ => None,
        }
    }

    /// The action of a DoAction.
    pub fn action(&self) -> Option<&Action> {
        match &self.payload {
            Payload::Action(action) => Some(action),
            _ => None,
        }
    }

    /// The criteria of a ListFlights.
    pub fn criteria(&self) -> Option<&Criteria> {
        match &self.payload {
            Payload::Criteria(criteria) => Some(criteria),
            _ => None,
        }
    }

    /// The bytes that a body extractor reads: the ticket, the command, the action's body or the criteria's expression.
    ///
    /// `None` for a path descriptor, which holds no bytes, and for ListActions.
    pub fn body(&self) -> Option<&bytes::Bytes> {
        match &self.payload {
            Payload::None => None,
            Payload::Ticket(ticket) => Some(&ticket.ticket),
            Payload::Descriptor(descriptor) | Payload::Upload { descriptor, .. } => {
                descriptor.path.is_empty().then_some(&descriptor.cmd)
            }
            Payload::Action(action) => Some(&action.body),
            Payload::Criteria(criteria) => Some(&criteria.expression),
        }
    }

    /// The upload of a DoPut or DoExchange, once.
    pub(crate) fn take_upload(&mut self) -> Option<BatchStream> {
        match &mut self.payload {
            Payload::Upload { upload, .. } => {
                let context = self.context.clone();
                let events = upload.take()?.into_events().inspect_ok(move |event| {
                    if let Event::Message(message) = event
                        && let Some(batch) = &message.batch
                    {
                        context.observed().batch(Direction::Received, batch);
                    }
                });
                Some(BatchStream::from_events(None, events.boxed()))
            }
            _ => None,
        }
    }

    /// The way back of a DoPut's acknowledgements, once.
    pub(crate) fn take_acks(&mut self) -> Option<Sink<PutResult>> {
        match &mut self.payload {
            Payload::Upload { acks, .. } => acks.take(),
            _ => None,
        }
    }

    pub(crate) fn arg_def(&self, index: usize) -> Result<&ArgDef, Error> {
        self.defs
            .get(index)
            .ok_or_else(|| Error::internal(format!("the route has no argument number {index}")))
    }

    pub(crate) fn arg_texts(&self, index: usize) -> &[String] {
        self.texts.get(index)
    }
}
