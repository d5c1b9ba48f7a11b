//! Arguments: what a handler may take, and how each is made from the [`Call`].

mod argument;
mod identity;
mod input;
mod payload;

use std::future::Future;

use tonic::metadata::MetadataMap;

use crate::Error;
use crate::call::Call;
use crate::context::CallContext;
use crate::rpc::Rpc;

#[doc(hidden)]
pub use argument::{extractor, path_arg, query_arg};
pub use identity::{Identity, Middleware};
pub use input::Input;
#[doc(hidden)]
pub use input::Takes;
pub use payload::{Json, Proto};

/// An argument that a handler of the call `R` may take: an extractor.
///
/// | type | of which handlers | what it is |
/// |---|---|---|
/// | [`CallContext`] | all | peer, headers, deadline, cancellation; headers and trailers back |
/// | [`Metadata`] | all | the headers that came with the call |
/// | [`Principal`](crate::Principal), [`Identity<T>`] | all | who calls, as an authenticator found out; in an `Option` where callers without credentials are let in |
/// | [`Middleware<T>`] | all | the middleware of this type; in an `Option` when it is not started for every call |
/// | [`BatchStream`](crate::BatchStream) | `#[do_put]`, `#[do_exchange]` | the rows that the client uploads |
/// | [`Rows<T>`](crate::Rows) | `#[do_put]`, `#[do_exchange]` | the same as structs, with the feature `rows` |
/// | [`MetadataWriter`](crate::MetadataWriter) | `#[do_put]` | acknowledgements while reading |
/// | [`FlightDescriptor`](crate::FlightDescriptor) | `#[do_put]`, `#[do_exchange]`, `#[get_flight_info]`, `#[get_schema]`, `#[poll_flight_info]` | as it came |
/// | [`Ticket`](crate::Ticket) | `#[do_get]` | as it came |
/// | [`Action`](crate::Action) | `#[action]`, `#[do_action]` | type and body |
/// | [`Criteria`](crate::Criteria) | `#[list_flights]` | as it came |
/// | [`Json<T>`], [`Proto<T>`], [`Bytes`](bytes::Bytes), `String` | all without a route, but `#[list_actions]` | the ticket, command, action body or criteria, decoded |
///
/// What each takes of the request is its constant [`INPUT`](Self::INPUT).
///
/// `R` is one of the markers in [`rpc`](crate::rpc), inside [`Routed`](crate::rpc::Routed) when the handler has a route: there the ticket
/// was taken apart into arguments, and reading it again as a body would be a mistake.
///
/// # Your own
///
/// ```
/// use flight_runtime::prelude::*;
/// use flight_runtime::{Call, FromCall, rpc::Rpc};
///
/// struct Tenant(String);
///
/// impl<R: Rpc> FromCall<R> for Tenant {
///     async fn from_call(call: &mut Call) -> Result<Self, Error> {
///         match call.context().headers().get("x-tenant").and_then(|value| value.to_str().ok()) {
///             Some(tenant) => Ok(Tenant(tenant.to_owned())),
///             None => Err(Error::invalid_argument("header `x-tenant` is missing")),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of this handler",
    label = "neither a name in the route nor something that this handler can be given",
    note = "a route argument stands in the route by its own name: `#[do_get(\"…/{{name}}\")]`",
    note = "every handler may take `CallContext`, `Metadata`, `Principal`, `Identity<T>` and `Middleware<T>`; `#[do_put]` and `#[do_exchange]` also `BatchStream`, `Rows<T>` of a struct with `#[derive(Row)]`, and `FlightDescriptor`, `#[do_put]` `MetadataWriter`, `#[do_get]` `Ticket`, `#[action]` `Action`, `#[list_flights]` `Criteria`",
    note = "handlers without a route may also take the body as `Json<T>`, `Proto<T>`, `Bytes` or `String`",
    note = "a type of your own implements `flight_runtime::FromCall<R>`"
)]
pub trait FromCall<R: Rpc>: Sized + Send {
    /// What it takes of the request, for the service's [definition](crate::definition). Default: [`Input::Nothing`].
    ///
    /// A type of your own that reads the body says so; nothing of how calls are answered depends on it.
    ///
    /// ```
    /// use flight_runtime::prelude::*;
    /// use flight_runtime::{Call, FromCall, Input, rpc::DoAction};
    ///
    /// struct Lines(Vec<String>);
    ///
    /// impl FromCall<DoAction> for Lines {
    ///     const INPUT: Input = Input::Text;
    ///
    ///     async fn from_call(call: &mut Call) -> Result<Self, Error> {
    ///         let text = <String as FromCall<DoAction>>::from_call(call).await?;
    ///         Ok(Lines(text.lines().map(str::to_owned).collect()))
    ///     }
    /// }
    ///
    /// const { assert!(matches!(<Lines as FromCall<DoAction>>::INPUT, Input::Text)) };
    /// ```
    const INPUT: Input = Input::Nothing;

    // Not a constant: those of traits are not promoted to statics, and a `const { … }` a handler costs the compiler more.
    #[doc(hidden)]
    fn takes() -> Takes {
        Takes::of::<Self>(Self::INPUT)
    }

    /// Takes the argument from the call.
    ///
    /// # Errors
    ///
    /// Whatever it returns ends the call before the handler runs; INVALID_ARGUMENT is for what the client sent.
    fn from_call(call: &mut Call) -> impl Future<Output = Result<Self, Error>> + Send;
}

/// The headers that came with a call: tonic's own map, text and (`-bin`) binary.
pub type Metadata = MetadataMap;

#[diagnostic::do_not_recommend]
impl<R: Rpc> FromCall<R> for CallContext {
    async fn from_call(call: &mut Call) -> Result<Self, Error> {
        Ok(call.context().clone())
    }
}

#[diagnostic::do_not_recommend]
impl<R: Rpc> FromCall<R> for Metadata {
    async fn from_call(call: &mut Call) -> Result<Self, Error> {
        Ok(call.context().headers().clone())
    }
}
