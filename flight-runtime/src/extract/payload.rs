//! Payloads: the ticket, descriptor, action, criteria or upload, as it came or decoded.

use std::ops::{Deref, DerefMut};

use arrow_flight::{Action, Criteria, FlightDescriptor, Ticket};
use bytes::Bytes;
#[cfg(feature = "rows")]
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{FromCall, Input, Takes};
use crate::Error;
use crate::batches::BatchStream;
use crate::call::Call;
use crate::reply::MetadataWriter;
#[cfg(feature = "rows")]
use crate::rows::{Row, Rows};
use crate::rpc::{
    DoAction, DoExchange, DoGet, DoPut, GetFlightInfo, GetSchema, ListFlights, PollFlightInfo,
    Routed, Rpc,
};

/// A body in JSON: the ticket, command, action body or criteria; and the reply of an action.
///
/// # Errors
///
/// INVALID_ARGUMENT with serde's own words when the body is not JSON or not a `T`. An empty body is read as `{}` or
/// `null`, so that a type whose fields all have defaults, an `Option` and `()` can be left out.
///
/// ```
/// use flight_runtime::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Compact { station: String }
///
/// #[derive(serde::Serialize)]
/// struct Compacted { files: usize }
///
/// struct Weather;
///
/// #[flight_server]
/// impl Weather {
///     #[action("compact")]
///     async fn compact(&self, Json(request): Json<Compact>) -> Result<Json<Compacted>, Error> {
///         Ok(Json(Compacted { files: request.station.len() }))
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Json<T>(pub T);

/// A body in protobuf: the ticket, command, action body or criteria; and the reply of an action.
///
/// # Errors
///
/// INVALID_ARGUMENT when the body is not a `T`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Proto<T>(pub T);

macro_rules! wrapper {
    ($($name:ident),*) => { $(
        impl<T> Deref for $name<T> {
            type Target = T;
            fn deref(&self) -> &T {
                &self.0
            }
        }
        impl<T> DerefMut for $name<T> {
            fn deref_mut(&mut self) -> &mut T {
                &mut self.0
            }
        }
        impl<T> From<T> for $name<T> {
            fn from(value: T) -> Self {
                Self(value)
            }
        }
    )* };
}
wrapper!(Json, Proto);

impl<T: Serialize> Json<T> {
    pub(crate) fn to_bytes(&self) -> Result<Bytes, Error> {
        serde_json::to_vec(&self.0)
            .map(Bytes::from)
            .map_err(|error| Error::hidden(error).context("reply does not serialize as JSON"))
    }
}

/// The handlers whose ticket, command, action body or criteria is a body: those without a route.
#[diagnostic::on_unimplemented(
    message = "a handler with a route has no body, and takes neither `Json<T>` nor `Proto<T>`",
    label = "the ticket or descriptor was taken apart into the arguments that the route names",
    note = "name the values in the route: `#[do_get(\"…?{{limit}}\")]`, with an argument `limit: Option<u64>`; or leave the route out",
    note = "`#[list_actions]` has no body either"
)]
pub trait HasBody: Rpc {
    /// What the body is called in an error.
    const NAME: &'static str;
}

macro_rules! bodies {
    ($($rpc:ident: $name:literal),* $(,)?) => { $(
        #[diagnostic::do_not_recommend]
        impl HasBody for $rpc {
            const NAME: &'static str = $name;
        }
    )* };
}
bodies! {
    DoGet: "the ticket",
    DoPut: "the descriptor's command",
    DoExchange: "the descriptor's command",
    GetFlightInfo: "the descriptor's command",
    PollFlightInfo: "the descriptor's command",
    GetSchema: "the descriptor's command",
    DoAction: "the action's body",
    ListFlights: "the criteria",
}

/// What an empty body stands for: no fields, or nothing.
fn empty<T>(read: impl Fn(&str) -> serde_json::Result<T>) -> serde_json::Result<T> {
    read("{}").or_else(|error| read("null").map_err(|_| error))
}

fn body<R: HasBody>(call: &Call) -> Result<Bytes, Error> {
    call.body().cloned().ok_or_else(|| {
        Error::invalid_argument(format!(
            "{} is missing: the descriptor is a path, expected a command",
            R::NAME
        ))
    })
}

// Not hidden from what the compiler recommends, unlike all others: what is missing of the `T` is what the user wants to read.
impl<R: HasBody, T: DeserializeOwned + Send> FromCall<R> for Json<T> {
    const INPUT: Input = Input::Json;

    fn takes() -> Takes {
        Takes::of::<T>(Input::Json)
    }

    async fn from_call(call: &mut Call) -> Result<Self, Error> {
        let body = body::<R>(call)?;
        if body.is_empty() {
            return empty(|text| serde_json::from_str(text))
                .map(Json)
                .map_err(|error| {
                    Error::invalid_argument(format!(
                        "{} is empty: expected JSON ({error})",
                        R::NAME
                    ))
                });
        }
        serde_json::from_slice(&body).map(Json).map_err(|error| {
            Error::invalid_argument(format!("{} is not the expected JSON: {error}", R::NAME))
        })
    }
}

impl<R: HasBody, T: prost::Message + Default> FromCall<R> for Proto<T> {
    const INPUT: Input = Input::Proto;

    fn takes() -> Takes {
        Takes::of::<T>(Input::Proto)
    }

    async fn from_call(call: &mut Call) -> Result<Self, Error> {
        T::decode(body::<R>(call)?).map(Proto).map_err(|error| {
            Error::invalid_argument(format!(
                "{} is not the expected protobuf message: {error}",
                R::NAME
            ))
        })
    }
}

macro_rules! body_extractors {
    ($($rpc:ident),*) => { $(
        #[diagnostic::do_not_recommend]
        impl FromCall<$rpc> for Bytes {
            const INPUT: Input = Input::Bytes;

            async fn from_call(call: &mut Call) -> Result<Self, Error> {
                body::<$rpc>(call)
            }
        }
        #[diagnostic::do_not_recommend]
        impl FromCall<$rpc> for String {
            const INPUT: Input = Input::Text;

            async fn from_call(call: &mut Call) -> Result<Self, Error> {
                String::from_utf8(body::<$rpc>(call)?.into())
                    .map_err(|error| Error::invalid_argument(format!("{} is not UTF-8: {error}", $rpc::NAME)))
            }
        }
    )* };
}
body_extractors!(
    DoGet,
    DoPut,
    DoExchange,
    GetFlightInfo,
    PollFlightInfo,
    GetSchema,
    DoAction,
    ListFlights
);

fn missing(what: &str) -> Error {
    Error::internal(format!("{what} was taken by another argument already"))
}

macro_rules! as_it_came {
    ($($type:ty, $get:ident, $input:ident: $($rpc:ty),*;)*) => { $($(
        #[diagnostic::do_not_recommend]
        impl FromCall<$rpc> for $type {
            const INPUT: Input = Input::$input;

            async fn from_call(call: &mut Call) -> Result<Self, Error> {
                call.$get().cloned().ok_or_else(|| missing(stringify!($type)))
            }
        }
    )*)* };
}
// Where there is a route, the ticket or descriptor holds its arguments and nothing else.
as_it_came! {
    Ticket, ticket, Message: DoGet;
    Ticket, ticket, Nothing: Routed<DoGet>;
    FlightDescriptor, descriptor, Message: DoPut, DoExchange, GetFlightInfo, PollFlightInfo, GetSchema;
    FlightDescriptor, descriptor, Nothing:
        Routed<DoPut>, Routed<DoExchange>, Routed<GetFlightInfo>, Routed<PollFlightInfo>, Routed<GetSchema>;
    Action, action, Message: DoAction;
    Criteria, criteria, Message: ListFlights;
}

macro_rules! uploads {
    ($($type:ty, $what:literal, $take:ident, $input:ident, $acknowledges:literal: $($rpc:ty),*;)*) => { $($(
        #[diagnostic::do_not_recommend]
        impl FromCall<$rpc> for $type {
            const INPUT: Input = Input::$input;

            fn takes() -> Takes {
                Takes {
                    acknowledges: $acknowledges,
                    ..Takes::of::<Self>(Input::$input)
                }
            }

            async fn from_call(call: &mut Call) -> Result<Self, Error> {
                call.$take().map(Into::into).ok_or_else(|| missing($what))
            }
        }
    )*)* };
}
uploads! {
    BatchStream, "the upload", take_upload, Batches, false: DoPut, DoExchange, Routed<DoPut>, Routed<DoExchange>;
    MetadataWriter, "the way back to the client", take_acks, Nothing, true: DoPut, Routed<DoPut>;
}

// Boxed, and not of an `async fn`: of a `T` that is no row type the compiler would tell twice.
#[cfg(feature = "rows")]
macro_rules! rows {
    ($($rpc:ident, $upload:ident => $rows:expr;)*) => { $(
        rows!(@ $rpc, $rpc, $upload => $rows);
        rows!(@ Routed<$rpc>, $rpc, $upload => $rows);
    )* };
    (@ $for:ty, $rpc:ident, $upload:ident => $rows:expr) => {
        #[diagnostic::do_not_recommend]
        impl<T: Row> FromCall<$for> for Rows<T> {
            const INPUT: Input = Input::Batches;

            #[allow(refining_impl_trait)]
            fn from_call(call: &mut Call) -> BoxFuture<'_, Result<Self, Error>> {
                Box::pin(async {
                    let $upload = <BatchStream as FromCall<$rpc>>::from_call(call).await?;
                    $rows
                })
            }
        }
    };
}
#[cfg(feature = "rows")]
rows! {
    DoPut, upload => Rows::from_upload(upload).await;
    // Its client may wait for an answer before it sends a schema.
    DoExchange, upload => Ok(Rows::from_batches(upload));
}
