//! What one message of a reply may be made from.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::{
    ActionType, FlightInfo, PollInfo, PutResult, Result as ActionResult, SchemaAsIpc, SchemaResult,
};
use bytes::Bytes;
use serde::Serialize;

use super::describe::BodyDef;
use crate::batches::Message;
use crate::definition::Encoding;
use crate::extract::{Json, Proto};
use crate::route::Address;
use crate::{Error, IntoError};

/// A value that is one message `T` of a reply.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `{T}`, nor can it be made into one",
    label = "not a message of this handler's reply"
)]
pub trait IntoItem<T> {
    #[doc(hidden)]
    const BODY: BodyDef = BodyDef::of::<Self>(Encoding::Message);

    #[doc(hidden)]
    fn into_item(self) -> Result<T, Error>;
}

macro_rules! same {
    ($($type:ty),*) => { $(
        impl IntoItem<$type> for $type {
            fn into_item(self) -> Result<$type, Error> {
                Ok(self)
            }
        }
    )* };
}
same!(
    Message,
    PutResult,
    ActionResult,
    FlightInfo,
    SchemaResult,
    PollInfo,
    ActionType
);

impl IntoItem<Message> for RecordBatch {
    fn into_item(self) -> Result<Message, Error> {
        Ok(self.into())
    }
}

impl<B: Into<Bytes>> IntoItem<Message> for (RecordBatch, B) {
    fn into_item(self) -> Result<Message, Error> {
        Ok(Message::new(self.0, self.1))
    }
}

/// Bodies: of an action's results, and of a DoPut's acknowledgements.
macro_rules! bodies {
    ($($message:ident.$field:ident),*) => { $(
        bodies!(@ $message, $field, Bytes: Bytes, Vec<u8>, &'static [u8]);
        bodies!(@ $message, $field, Text: String, &'static str);
        impl<T: Serialize> IntoItem<$message> for Json<T> {
            const BODY: BodyDef = BodyDef::of::<T>(Encoding::Json);

            fn into_item(self) -> Result<$message, Error> {
                Ok($message { $field: self.to_bytes()? })
            }
        }
        impl<T: prost::Message> IntoItem<$message> for Proto<T> {
            const BODY: BodyDef = BodyDef::of::<T>(Encoding::Proto);

            fn into_item(self) -> Result<$message, Error> {
                Ok($message { $field: self.0.encode_to_vec().into() })
            }
        }
    )* };
    (@ $message:ident, $field:ident, $encoding:ident: $($type:ty),*) => { $(
        impl IntoItem<$message> for $type {
            const BODY: BodyDef = BodyDef::of::<Self>(Encoding::$encoding);

            fn into_item(self) -> Result<$message, Error> {
                Ok($message { $field: self.into() })
            }
        }
    )* };
}
bodies!(ActionResult.body, PutResult.app_metadata);

impl IntoItem<FlightInfo> for Address {
    const BODY: BodyDef = BodyDef::of::<FlightInfo>(Encoding::Message);

    fn into_item(self) -> Result<FlightInfo, Error> {
        Ok(self.flight_info())
    }
}

impl IntoItem<SchemaResult> for Schema {
    fn into_item(self) -> Result<SchemaResult, Error> {
        schema_result(&self)
    }
}

impl IntoItem<SchemaResult> for SchemaRef {
    fn into_item(self) -> Result<SchemaResult, Error> {
        schema_result(&self)
    }
}

/// The schema as GetSchema and FlightInfo carry it: an encapsulated IPC message.
pub(crate) fn schema_result(schema: &Schema) -> Result<SchemaResult, Error> {
    SchemaAsIpc::new(schema, &IpcWriteOptions::default())
        .try_into()
        .map_err(Error::hidden)
}

/// A schema as `schema = …` on an attribute gives it: a value, or a function that makes one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a schema",
    label = "expected a `Schema`, a `SchemaRef`, or a function that returns one",
    note = "where the schema depends on the service or on the route, leave `schema = ..` out: it is that of what the method returns"
)]
pub trait IntoSchema<M> {
    #[doc(hidden)]
    fn into_schema(self) -> SchemaRef;
}

impl IntoSchema<Schema> for Schema {
    fn into_schema(self) -> SchemaRef {
        Arc::new(self)
    }
}

impl IntoSchema<SchemaRef> for SchemaRef {
    fn into_schema(self) -> SchemaRef {
        self
    }
}

/// What a function that makes a schema returns. A function that makes such a function is none: the compiler would look for it without end.
#[doc(hidden)]
pub trait SchemaValue: IntoSchema<Self> + Sized {}
impl SchemaValue for Schema {}
impl SchemaValue for SchemaRef {}

#[diagnostic::do_not_recommend]
impl<F: FnOnce() -> S, S: SchemaValue> IntoSchema<fn() -> S> for F {
    fn into_schema(self) -> SchemaRef {
        self().into_schema()
    }
}

#[doc(hidden)]
pub fn declared_schema<S: IntoSchema<M>, M>(schema: S) -> SchemaRef {
    schema.into_schema()
}

/// A running query that is complete at once.
impl IntoItem<PollInfo> for FlightInfo {
    fn into_item(self) -> Result<PollInfo, Error> {
        Ok(PollInfo {
            info: Some(self),
            flight_descriptor: None,
            progress: Some(1.0),
            expiration_time: None,
        })
    }
}

impl<N: Into<String>, D: Into<String>> IntoItem<ActionType> for (N, D) {
    const BODY: BodyDef = BodyDef::of::<ActionType>(Encoding::Message);

    fn into_item(self) -> Result<ActionType, Error> {
        Ok(ActionType {
            r#type: self.0.into(),
            description: self.1.into(),
        })
    }
}

/// Marks an item that stands for itself.
#[doc(hidden)]
#[derive(Debug)]
pub struct Plain;
/// Marks an item in a `Result`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Fallible;

/// An item of a stream or iterator of `T`: an [`IntoItem<T>`], plain or in a `Result`.
///
/// `M` is inferred: it keeps the two implementations apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an item of a stream of `{T}`",
    label = "not a message of this handler's reply, nor a `Result` of one"
)]
pub trait IntoStreamItem<T, M>: Send {
    #[doc(hidden)]
    const BODY: BodyDef;

    #[doc(hidden)]
    fn into_stream_item(self) -> Result<T, Error>;
}

impl<T, I: IntoItem<T> + Send> IntoStreamItem<T, Plain> for I {
    const BODY: BodyDef = I::BODY;

    fn into_stream_item(self) -> Result<T, Error> {
        self.into_item()
    }
}

impl<T, I: IntoItem<T> + Send, E: IntoError + Send> IntoStreamItem<T, Fallible> for Result<I, E> {
    const BODY: BodyDef = I::BODY;

    fn into_stream_item(self) -> Result<T, Error> {
        self.map_err(IntoError::into_error)?.into_item()
    }
}

/// An item of a stream of batches: a [`RecordBatch`], `(RecordBatch, Bytes)` or [`Message`], plain or in a `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an item of a stream of batches",
    label = "expected `RecordBatch`, `(RecordBatch, Bytes)` or `Message`, plain or in a `Result`"
)]
pub trait IntoMessageItem<M>: IntoStreamItem<Message, M> {}

#[diagnostic::do_not_recommend]
impl<I: IntoStreamItem<Message, M>, M> IntoMessageItem<M> for I {}
