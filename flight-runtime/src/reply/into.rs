//! What a handler may return, for each call.

use arrow_flight::{
    ActionType, FlightInfo, PollInfo, PutResult, Result as ActionResult, SchemaResult,
};
use futures::stream::{self, BoxStream, Stream, StreamExt};

use super::blocking::on_blocking_thread;
use super::describe::ReplyDef;
use super::item::{IntoItem, IntoStreamItem};
use super::{Async, Blocking, Items};
use crate::Error;
use crate::batches::Message;
use crate::definition::Count;

/// A reply of messages `T`: one, several, a stream or an iterator.
///
/// `Mode` says where the handler runs; `M` is inferred, and keeps the implementations apart.
#[doc(hidden)]
pub trait IntoReply<'a, T, Mode, M> {
    const REPLY: ReplyDef;

    fn into_items(self) -> Items<'a, T>;
}

/// Markers of what a reply is.
#[derive(Debug)]
pub struct One;
#[derive(Debug)]
pub struct Unit;
#[derive(Debug)]
pub struct Maybe;
#[derive(Debug)]
pub struct Many;
#[derive(Debug)]
pub struct StreamOf<M>(std::marker::PhantomData<M>);
#[derive(Debug)]
pub struct IteratorOf<M>(std::marker::PhantomData<M>);

/// Messages that a reply may hold none of. A stream of batches has a schema at least.
trait MayBeNone {}
impl MayBeNone for PutResult {}
impl MayBeNone for ActionResult {}
impl MayBeNone for FlightInfo {}
impl MayBeNone for ActionType {}

#[diagnostic::do_not_recommend]
impl<'a, T, Mode, I: IntoItem<T>> IntoReply<'a, T, Mode, One> for I {
    const REPLY: ReplyDef = Some((I::BODY, Count::One));

    fn into_items(self) -> Items<'a, T> {
        Items::One(self.into_item())
    }
}

impl<'a, T: MayBeNone, Mode> IntoReply<'a, T, Mode, Unit> for () {
    const REPLY: ReplyDef = None;

    fn into_items(self) -> Items<'a, T> {
        Items::Ready(Vec::new())
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: MayBeNone, Mode, I: IntoItem<T>> IntoReply<'a, T, Mode, Maybe> for Option<I> {
    const REPLY: ReplyDef = Some((I::BODY, Count::Optional));

    fn into_items(self) -> Items<'a, T> {
        Items::Ready(self.map(IntoItem::into_item).into_iter().collect())
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T, Mode, I: IntoItem<T>> IntoReply<'a, T, Mode, Many> for Vec<I> {
    const REPLY: ReplyDef = Some((I::BODY, Count::Many));

    fn into_items(self) -> Items<'a, T> {
        Items::Ready(self.into_iter().map(IntoItem::into_item).collect())
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T, Mode, S, M: 'a> IntoReply<'a, T, Mode, StreamOf<M>> for S
where
    T: 'a,
    S: Stream<Item: IntoStreamItem<T, M>> + Send + 'a,
{
    const REPLY: ReplyDef = Some((<S::Item as IntoStreamItem<T, M>>::BODY, Count::Many));

    fn into_items(self) -> Items<'a, T> {
        Items::Borrowed(self.map(IntoStreamItem::into_stream_item).boxed())
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T, I, M: 'static> IntoReply<'a, T, Async, IteratorOf<M>> for I
where
    T: Send + 'static,
    I: Iterator<Item: IntoStreamItem<T, M>> + Send + 'static,
{
    const REPLY: ReplyDef = Some((<I::Item as IntoStreamItem<T, M>>::BODY, Count::Many));

    fn into_items(self) -> Items<'a, T> {
        Items::Owned(blocking_iter(self.map(IntoStreamItem::into_stream_item)))
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T, I, M: 'a> IntoReply<'a, T, Blocking, IteratorOf<M>> for I
where
    T: Send + 'a,
    I: Iterator<Item: IntoStreamItem<T, M>> + Send + 'a,
{
    const REPLY: ReplyDef = Some((<I::Item as IntoStreamItem<T, M>>::BODY, Count::Many));

    fn into_items(self) -> Items<'a, T> {
        Items::Iterator(Box::new(self.map(IntoStreamItem::into_stream_item)))
    }
}

/// Pulls an iterator on blocking threads, an item at a time, so that a slow client holds none.
pub(crate) fn blocking_iter<T: Send + 'static>(
    iterator: impl Iterator<Item = Result<T, Error>> + Send + 'static,
) -> BoxStream<'static, Result<T, Error>> {
    stream::unfold(Some(iterator), |iterator| async move {
        let mut iterator = iterator?;
        let pulled = on_blocking_thread(move || {
            let item = iterator.next();
            (item, iterator)
        });
        match pulled.await {
            Ok((item, iterator)) => Some((item?, Some(iterator))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

macro_rules! replies {
    ($($(#[$doc:meta])* $name:ident<$item:ty>;)*) => { $(
        $(#[$doc])*
        pub trait $name<'a, Mode, M> {
            #[doc(hidden)]
            fn into_reply(self) -> Items<'a, $item>;
        }

        #[diagnostic::do_not_recommend]
        impl<'a, Mode, M, R: IntoReply<'a, $item, Mode, M>> $name<'a, Mode, M> for R {
            fn into_reply(self) -> Items<'a, $item> {
                self.into_items()
            }
        }
    )* };
}

replies! {
    /// What a `#[do_get]` or `#[do_exchange]` handler may return, plain or in a `Result`.
    ///
    /// | type | the schema is | |
    /// |---|---|---|
    /// | [`BatchStream`](crate::BatchStream) | its own | the one that says most: totals, metadata, compression |
    /// | [`Rows<T>`](crate::Rows) | the type's | structs; with the feature `rows` |
    /// | [`RecordBatch`](arrow::array::RecordBatch), `Vec<RecordBatch>` | the first batch's | totals are known |
    /// | a [`RecordBatchReader`](arrow::array::RecordBatchReader) | its own | pulled on a blocking thread |
    /// | an `Iterator` of batches | `schema = …` on the attribute, else the first batch's | pulled on a blocking thread; in an `async fn` it must own what it needs |
    /// | a `Stream` of batches | `schema = …` on the attribute, else the first batch's | may borrow from `&self` |
    ///
    /// Items are [`RecordBatch`](arrow::array::RecordBatch), `(RecordBatch, Bytes)` or [`Message`](crate::Message), plain or in a
    /// `Result`. `Mode` and `M` are inferred.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be returned by a handler that sends batches",
        label = "not a reply of `#[do_get]` or `#[do_exchange]`",
        note = "return `BatchStream`, `Rows<T>`, `RecordBatch`, `Vec<RecordBatch>`, a `RecordBatchReader`, or an iterator or `Stream` of `RecordBatch`, `(RecordBatch, Bytes)` or `Message`; each plain or in a `Result`",
        note = "a stream or an iterator is `Send`; one that may fail yields `Result`s whose error converts, such as `flight_runtime::Error`",
        note = "an iterator that an `async fn` returns must be `Send + 'static`; a plain `fn` may return one that borrows from `&self`"
    )]
    IntoBatches<Message>;

    /// What a `#[do_put]` handler may return, plain or in a `Result`: the acknowledgements after what its
    /// [`MetadataWriter`](crate::MetadataWriter) wrote.
    ///
    /// `()` for none; [`PutResult`], or its bytes as `Bytes`, `Vec<u8>`, `String`, [`Json<T>`](crate::Json),
    /// [`Proto<T>`](crate::Proto); an `Option`, a `Vec`, an iterator or a `Stream` of those.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be returned by a `#[do_put]` handler",
        label = "not a reply of `#[do_put]`",
        note = "return `()`, `PutResult`, or its bytes as `Bytes`, `Vec<u8>`, `String`, `Json<T>` or `Proto<T>`; or an `Option`, `Vec`, iterator or `Stream` of those; each plain or in a `Result`",
        note = "the `T` of a `Json<T>` implements `serde::Serialize`, that of a `Proto<T>` `prost::Message`"
    )]
    IntoPutResults<PutResult>;

    /// What an `#[action]` or `#[do_action]` handler may return, plain or in a `Result`.
    ///
    /// `()` for no result; [`Json<T>`](crate::Json), [`Proto<T>`](crate::Proto), `Bytes`, `Vec<u8>`, `String` or
    /// [`ActionResult`]; an `Option`, a `Vec`, an iterator or a `Stream` of those.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be returned by an action",
        label = "not a reply of `#[action]` or `#[do_action]`",
        note = "return `()`, `Json<T>`, `Proto<T>`, `Bytes`, `Vec<u8>`, `String` or `ActionResult`; or an `Option`, `Vec`, iterator or `Stream` of those; each plain or in a `Result`",
        note = "the `T` of a `Json<T>` implements `serde::Serialize`, that of a `Proto<T>` `prost::Message`"
    )]
    IntoActionResults<ActionResult>;

    /// What a `#[list_flights]` handler may return, plain or in a `Result`: [`FlightInfo`] or
    /// [`Address`](crate::Address), alone, in an `Option`, a `Vec`, an iterator or a `Stream`.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be returned by a `#[list_flights]` handler",
        label = "not a reply of `#[list_flights]`",
        note = "return a `Vec`, iterator or `Stream` of `FlightInfo` or `Address`, plain or in a `Result`"
    )]
    IntoFlightInfos<FlightInfo>;

    /// What a `#[list_actions]` handler may return, plain or in a `Result`: [`ActionType`] or `(name, description)`, alone,
    /// in an `Option`, a `Vec`, an iterator or a `Stream`.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be returned by a `#[list_actions]` handler",
        label = "not a reply of `#[list_actions]`",
        note = "return a `Vec`, iterator or `Stream` of `ActionType` or `(name, description)`, plain or in a `Result`"
    )]
    IntoActionTypes<ActionType>;
}

macro_rules! glue {
    ($($async:ident, $blocking:ident: $trait:ident<$item:ty>;)*) => { $(
        /// Takes the reply of an `async fn`.
        pub fn $async<'a, R: $trait<'a, Async, M>, M>(reply: R) -> Items<'a, $item> {
            reply.into_reply()
        }
        /// Takes the reply of a plain `fn`.
        pub fn $blocking<'a, R: $trait<'a, Blocking, M>, M>(reply: R) -> Items<'a, $item> {
            reply.into_reply()
        }
    )* };
}
glue! {
    put_results, put_results_blocking: IntoPutResults<PutResult>;
    action_results, action_results_blocking: IntoActionResults<ActionResult>;
    flight_infos, flight_infos_blocking: IntoFlightInfos<FlightInfo>;
    action_types, action_types_blocking: IntoActionTypes<ActionType>;
}

macro_rules! single {
    ($($(#[$doc:meta])* $name:ident<$item:ty>;)*) => { $(
        $(#[$doc])*
        pub trait $name {
            #[doc(hidden)]
            fn into_reply(self) -> Result<$item, Error>;
        }

        #[diagnostic::do_not_recommend]
        impl<I: IntoItem<$item>> $name for I {
            fn into_reply(self) -> Result<$item, Error> {
                self.into_item()
            }
        }
    )* };
}
single! {
    /// What a `#[get_flight_info]` handler may return, plain or in a `Result`: [`FlightInfo`] or [`Address`](crate::Address).
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be returned by a `#[get_flight_info]` handler",
        label = "not a reply of `#[get_flight_info]`",
        note = "return `FlightInfo`, or the `Address` of a route: plain or in a `Result`"
    )]
    IntoFlightInfo<FlightInfo>;

    /// What a `#[poll_flight_info]` handler may return, plain or in a `Result`: [`PollInfo`], or [`FlightInfo`] of a query that is complete.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be returned by a `#[poll_flight_info]` handler",
        label = "not a reply of `#[poll_flight_info]`",
        note = "return `PollInfo`, or the `FlightInfo` of a query that is complete: plain or in a `Result`"
    )]
    IntoPollInfo<PollInfo>;

    /// What a `#[get_schema]` handler may return, plain or in a `Result`: `Schema`, `SchemaRef` or [`SchemaResult`].
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be returned by a `#[get_schema]` handler",
        label = "not a reply of `#[get_schema]`",
        note = "return `Schema`, `SchemaRef` or `SchemaResult`: plain or in a `Result`"
    )]
    IntoSchemaResult<SchemaResult>;
}

/// Takes the reply of a `#[get_flight_info]` handler.
pub fn flight_info<R: IntoFlightInfo>(reply: R) -> Items<'static, FlightInfo> {
    Items::One(reply.into_reply())
}

/// Takes the reply of a `#[poll_flight_info]` handler.
pub fn poll_info<R: IntoPollInfo>(reply: R) -> Items<'static, PollInfo> {
    Items::One(reply.into_reply())
}

/// Takes the reply of a `#[get_schema]` handler.
pub fn schema_result<R: IntoSchemaResult>(reply: R) -> Result<Items<'static, SchemaResult>, Error> {
    Ok(Items::One(Ok(reply.into_reply()?)))
}
