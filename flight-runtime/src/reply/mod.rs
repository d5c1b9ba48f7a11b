//! Replies: what a handler may give, and how it becomes a flow of messages.
//!
//! Generic code ends here: whatever a handler returns is turned into [`Items`] of one of eight types, and a
//! [`Sink`] carries them out. Forty handlers share everything behind it.

mod batches;
mod blocking;
mod declared;
mod describe;
mod encoded;
mod into;
mod item;
mod probe;
mod sink;
mod slot;

pub use declared::IntoSchema;
pub use into::{
    IntoActionResults, IntoActionTypes, IntoBatches, IntoFlightInfo, IntoFlightInfos, IntoPollInfo,
    IntoPutResults, IntoSchemaResult,
};
pub use item::{IntoItem, IntoMessageItem, IntoStreamItem};
pub use sink::MetadataWriter;

pub(crate) use batches::{Flow, Start, flow_of_upload};
pub(crate) use describe::ReplyDef;
pub(crate) use encoded::Encoded;
#[cfg(feature = "fuzz")]
pub(crate) use encoded::encode_options;
pub(crate) use into::blocking_iter;
pub(crate) use item::schema_result;
#[cfg(feature = "rows")]
pub(crate) use item::{Fallible, Plain};
pub(crate) use probe::SchemaFn;
pub(crate) use sink::{Rest, Running, Sink};

/// What the generated code calls.
#[doc(hidden)]
pub(crate) mod glue {
    pub use super::batches::Flow;
    pub use super::declared::{declared_schema, named, named_schema};
    pub use super::describe::{
        ReplyDef, action_reply, action_reply_blocking, argument, put_reply, put_reply_blocking,
    };
    pub use super::into::{
        action_results, action_results_blocking, action_types, action_types_blocking, flight_info,
        flight_infos, flight_infos_blocking, poll_info, put_results, put_results_blocking,
        schema_result,
    };
    pub use super::probe::{must_be_send, probe, probes, type_of};
    pub use super::sink::{Rest, Sink, blocking, boxed};
}

use futures::stream::BoxStream;

use crate::Error;

/// What a reply consists of.
#[doc(hidden)]
pub enum Items<'a, T> {
    /// One.
    One(Result<T, Error>),
    /// All there.
    Ready(Vec<Result<T, Error>>),
    /// A stream that owns what it needs: the handler is done.
    Owned(BoxStream<'static, Result<T, Error>>),
    /// A stream that borrows from the handler.
    Borrowed(BoxStream<'a, Result<T, Error>>),
    /// An iterator of a plain `fn`, pulled on the thread that made it.
    Iterator(Box<dyn Iterator<Item = Result<T, Error>> + Send + 'a>),
}

impl<T> std::fmt::Debug for Items<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Items::One(_) => "Items::One",
            Items::Ready(_) => "Items::Ready",
            Items::Owned(_) => "Items::Owned",
            Items::Borrowed(_) => "Items::Borrowed",
            Items::Iterator(_) => "Items::Iterator",
        })
    }
}

/// A handler that runs on the async threads: a marker.
#[doc(hidden)]
#[derive(Debug)]
pub struct Async;

/// A plain `fn`, which runs on a blocking thread: a marker.
#[doc(hidden)]
#[derive(Debug)]
pub struct Blocking;
