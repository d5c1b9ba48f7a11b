//! What generated clients are made of: a handler's reply, as its client has it.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::datatypes::Schema;
use arrow_flight::{Action, FlightDescriptor, PutResult, Result as ActionResult};
use bytes::Bytes;
use futures::stream::{BoxStream, Stream, StreamExt, TryStreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{FlightClient, ResultStream};
use crate::Error;
use crate::batches::BatchStream;
use crate::extract::{Input, Json, Proto};

/// Bodies of results, as they come.
type Bodies = BoxStream<'static, Result<Bytes, Error>>;

/// A message of a handler's reply that its client can read: what a handler returns as [`Json<T>`] its client gets as a `T`.
#[diagnostic::on_unimplemented(
    message = "a generated client cannot read `{Self}` from a reply",
    label = "not a message that the client knows",
    note = "a client reads `Json<T>`, `Proto<T>`, `Bytes`, `Vec<u8>`, `String`, `PutResult` and `ActionResult`"
)]
pub trait ClientItem {
    /// What the client gets.
    type Value;
    #[doc(hidden)]
    fn decode(body: Bytes) -> Result<Self::Value, Error>;
}

/// A handler's reply as its generated client has it.
///
/// | the handler returns | the client's method returns |
/// |---|---|
/// | nothing | `()` |
/// | `Json<T>`, `Proto<T>` | `T` |
/// | `Bytes`, `String`, `PutResult`, `ActionResult` | the same |
/// | an `Option` or a `Vec` of those | an `Option` or a `Vec` of what stands there for it |
/// | a stream or iterator of those | [`Replies`] |
///
/// each in a `Result<_, Error>`.
#[diagnostic::on_unimplemented(
    message = "a generated client does not know what a reply of `{Self}` is on its side",
    label = "not a reply that the client can read",
    note = "a client reads `()`, `Json<T>`, `Proto<T>`, `Bytes`, `Vec<u8>`, `String`, `PutResult` and `ActionResult`, an `Option` or `Vec` of those, and `impl Stream<Item = …>`, which must stand in the signature by that name"
)]
pub trait ClientReply {
    /// What the client's method returns.
    type Value;
    #[doc(hidden)]
    fn read(bodies: Bodies) -> impl Future<Output = Result<Self::Value, Error>> + Send;
}

async fn all<I: ClientItem>(mut bodies: Bodies) -> Result<Vec<I::Value>, Error>
where
    I::Value: Send,
{
    let mut items = Vec::new();
    while let Some(body) = bodies.try_next().await? {
        items.push(I::decode(body)?);
    }
    Ok(items)
}

async fn at_most_one<I: ClientItem>(mut bodies: Bodies) -> Result<Option<I::Value>, Error>
where
    I::Value: Send,
{
    let Some(body) = bodies.try_next().await? else {
        return Ok(None);
    };
    let item = I::decode(body)?;
    match bodies.try_next().await? {
        None => Ok(Some(item)),
        Some(_) => Err(Error::internal(
            "the server answered several results where one is expected",
        )),
    }
}

async fn one<I: ClientItem>(bodies: Bodies) -> Result<I::Value, Error>
where
    I::Value: Send,
{
    at_most_one::<I>(bodies)
        .await?
        .ok_or_else(|| Error::internal("the server answered no result where one is expected"))
}

macro_rules! items {
    ($($type:ty => $value:ty, |$body:ident| $decode:expr;)*) => { $(
        impl ClientItem for $type {
            type Value = $value;
            fn decode($body: Bytes) -> Result<$value, Error> {
                $decode
            }
        }
        #[diagnostic::do_not_recommend]
        impl ClientReply for $type {
            type Value = $value;
            fn read(bodies: Bodies) -> impl Future<Output = Result<$value, Error>> + Send {
                one::<$type>(bodies)
            }
        }
    )* };
}
items! {
    Bytes => Bytes, |body| Ok(body);
    &'static [u8] => Bytes, |body| Ok(body);
    Vec<u8> => Vec<u8>, |body| Ok(body.into());
    String => String, |body| text(body);
    &'static str => String, |body| text(body);
    PutResult => PutResult, |body| Ok(PutResult { app_metadata: body });
    ActionResult => ActionResult, |body| Ok(ActionResult { body });
}

fn text(body: Bytes) -> Result<String, Error> {
    String::from_utf8(body.into())
        .map_err(|error| Error::internal(format!("the server's answer is not text: {error}")))
}

macro_rules! wrapped {
    ($($wrapper:ident<T>: $bound:path $(, $more:ident)?;)*) => { $(
        impl<T: $bound $(+ $more)?> ClientReply for $wrapper<T>
        where
            Self: ClientItem<Value = T>,
            T: Send,
        {
            type Value = T;
            fn read(bodies: Bodies) -> impl Future<Output = Result<T, Error>> + Send {
                one::<Self>(bodies)
            }
        }
    )* };
}
wrapped! {
    Json<T>: DeserializeOwned;
    Proto<T>: prost::Message, Default;
}

impl<T: DeserializeOwned> ClientItem for Json<T> {
    type Value = T;

    fn decode(body: Bytes) -> Result<T, Error> {
        serde_json::from_slice(&body).map_err(|error| {
            let name = std::any::type_name::<T>();
            Error::internal(format!(
                "the server's answer is not a `{name}` in JSON: {error}"
            ))
        })
    }
}

impl<T: prost::Message + Default> ClientItem for Proto<T> {
    type Value = T;

    fn decode(body: Bytes) -> Result<T, Error> {
        T::decode(body).map_err(|error| {
            let name = std::any::type_name::<T>();
            Error::internal(format!("the server's answer is not a `{name}`: {error}"))
        })
    }
}

#[diagnostic::do_not_recommend]
impl ClientReply for () {
    type Value = ();

    async fn read(mut bodies: Bodies) -> Result<(), Error> {
        // A newer server may have something to say.
        while bodies.try_next().await?.is_some() {}
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<I: ClientItem<Value: Send>> ClientReply for Option<I> {
    type Value = Option<I::Value>;

    fn read(bodies: Bodies) -> impl Future<Output = Result<Self::Value, Error>> + Send {
        at_most_one::<I>(bodies)
    }
}

#[diagnostic::do_not_recommend]
impl<I: ClientItem<Value: Send>> ClientReply for Vec<I> {
    type Value = Vec<I::Value>;

    fn read(bodies: Bodies) -> impl Future<Output = Result<Self::Value, Error>> + Send {
        all::<I>(bodies)
    }
}

#[diagnostic::do_not_recommend]
impl<I: ClientItem> ClientReply for Replies<I> {
    type Value = Replies<I>;

    async fn read(bodies: Bodies) -> Result<Self, Error> {
        Ok(Self::new(bodies))
    }
}

/// Results of a handler, one at a time, as they come: those of a stream, or the acknowledgements of an upload.
///
/// It is a [`Stream`] of `Result<I::Value, Error>`, where `I` is what the handler sends, such as `Json<Progress>`. The call goes on while it is
/// polled, an upload included; dropping it cancels the call.
pub struct Replies<I> {
    bodies: Bodies,
    item: PhantomData<fn() -> I>,
}

impl<I: ClientItem> Replies<I> {
    fn new(bodies: Bodies) -> Self {
        Self {
            bodies,
            item: PhantomData,
        }
    }

    /// The next result; `None` at the end.
    ///
    /// # Errors
    ///
    /// What the call ends with.
    pub async fn try_next(&mut self) -> Result<Option<I::Value>, Error> {
        self.next().await.transpose()
    }

    /// All that are left.
    ///
    /// # Errors
    ///
    /// What the call ends with.
    pub async fn read_all(mut self) -> Result<Vec<I::Value>, Error> {
        let mut items = Vec::new();
        while let Some(item) = self.try_next().await? {
            items.push(item);
        }
        Ok(items)
    }
}

impl<I: ClientItem> Stream for Replies<I> {
    type Item = Result<I::Value, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.bodies.poll_next_unpin(cx);
        next.map(|next| next.map(|body| I::decode(body?)))
    }
}

impl<I> fmt::Debug for Replies<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies").finish_non_exhaustive()
    }
}

/// What the generated code calls.
#[doc(hidden)]
pub mod glue {
    use super::*;

    /// Sees at compile time that a client loses nothing when it leaves an argument of a handler out; `sent` says whether it sends the message, so that
    /// an argument that is that message may be left out.
    ///
    /// # Panics
    ///
    /// When the argument is read from what is not sent.
    pub const fn sends_nothing(input: Input, sent: bool) {
        assert!(
            matches!(input, Input::Nothing) || (sent && matches!(input, Input::Message)),
            "a client is printed from the names in the signature, and this type, which is read from the request, has another name there: \
             write `Json<T>`, `Proto<T>`, `Bytes`, `String`, `Action`, `BatchStream` or `Rows<T>` by that name, or leave `client = ..` out"
        );
    }

    /// The body of a request in JSON.
    pub fn json<T: Serialize>(request: &T) -> Result<Bytes, Error> {
        let body = serde_json::to_vec(request).map_err(|error| {
            Error::invalid_argument(format!("the request does not serialize as JSON: {error}"))
        })?;
        Ok(body.into())
    }

    /// The body of a request in protobuf.
    pub fn proto<T: prost::Message>(request: &T) -> Result<Bytes, Error> {
        Ok(request.encode_to_vec().into())
    }

    /// Runs an action and reads what it answers as what its handler returns.
    pub async fn action<R: ClientReply>(
        client: &FlightClient,
        name: &str,
        body: Bytes,
    ) -> Result<R::Value, Error> {
        any_action::<R>(client, Action::new(name, body)).await
    }

    /// The same for an action of any name.
    pub async fn any_action<R: ClientReply>(
        client: &FlightClient,
        action: Action,
    ) -> Result<R::Value, Error> {
        let results = client.do_action(action).await?;
        R::read(results.map_ok(|result| result.body).boxed()).await
    }

    /// Uploads, and reads what is answered as what the handler returns.
    pub async fn put<R: ClientReply>(
        client: &FlightClient,
        descriptor: impl Into<FlightDescriptor>,
        upload: Option<BatchStream>,
    ) -> Result<R::Value, Error> {
        let results: ResultStream<PutResult> = client.put(descriptor.into(), upload).await?;
        R::read(results.map_ok(|result| result.app_metadata).boxed()).await
    }

    /// Uploads and downloads.
    pub async fn exchange(
        client: &FlightClient,
        descriptor: impl Into<FlightDescriptor>,
        upload: Option<BatchStream>,
    ) -> Result<BatchStream, Error> {
        client.exchange(descriptor.into(), upload).await
    }

    /// The schema of a flight, decoded.
    pub async fn schema(
        client: &FlightClient,
        descriptor: impl Into<FlightDescriptor>,
    ) -> Result<Schema, Error> {
        client.schema(descriptor).await
    }
}
