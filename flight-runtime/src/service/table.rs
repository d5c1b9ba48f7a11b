//! [`Table`]: what the generated code fills in, one entry a handler.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow_flight::{
    ActionType, FlightInfo, PollInfo, PutResult, Result as ActionResult, SchemaResult,
};
use futures::future::BoxFuture;

use super::describe;
use crate::Error;
use crate::auth::Access;
use crate::call::Call;
use crate::definition::ServiceDefinition;
use crate::extract::Takes;
use crate::reply::{Flow, ReplyDef, Rest, SchemaFn, Sink};
use crate::route::Address;
use crate::route::{ArgDef, RouteDef};
use crate::rpc::Method;

/// A type whose impl block is annotated with `#[flight_server]`.
///
/// The attribute implements it; nobody else does. The type must be `Send + Sync + 'static`, because calls run at the same time on
/// many threads: keep what changes behind a `Mutex`, an `RwLock` or an atomic.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Flight service",
    label = "no impl block of `{Self}` is annotated with `#[flight_server]`",
    note = "annotate `impl {Self} {{ … }}` with `#[flight_server]` and its methods with `#[do_get(\"route\")]`, `#[do_put(\"route\")]`, `#[do_exchange(\"route\")]` or `#[action(\"name\")]`",
    note = "where `{Self}` implements a trait under `#[flight_service]`, write `#[flight_service]` on that block too",
    note = "a service is given as it is, in no `Arc` and not by reference: the server shares it between its calls",
    note = "a block with `part = \"…\"` is no service by itself: `#[flight_server(parts(\"…\"))]` on the main block joins it"
)]
pub trait FlightService: Send + Sync + 'static {
    /// What the service is, as data: handlers, routes, bodies, replies, schemas and rules. No instance and no server is needed.
    ///
    /// [`Definition`](crate::Definition) makes JSON of it; see [`definition`](crate::definition).
    ///
    /// ```
    /// use flight_runtime::prelude::*;
    /// use flight_runtime::definition::Count;
    ///
    /// struct Weather;
    ///
    /// #[flight_server]
    /// impl Weather {
    ///     #[action("stations")]
    ///     fn stations(&self) -> Vec<String> {
    ///         vec!["seattle".to_owned()]
    ///     }
    /// }
    ///
    /// let definition = Weather::definition();
    /// let stations = &definition.handlers[0];
    /// assert_eq!(stations.action.as_deref(), Some("stations"));
    /// assert_eq!(stations.reply.as_ref().map(|reply| reply.count), Some(Count::Many));
    /// ```
    fn definition() -> ServiceDefinition
    where
        Self: Sized,
    {
        describe::definition::<Self>()
    }

    #[doc(hidden)]
    fn service() -> ServiceDef
    where
        Self: Sized;

    #[doc(hidden)]
    fn handlers(table: &mut Table<Self>)
    where
        Self: Sized;
}

/// What a service is called.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct ServiceDef {
    pub name: &'static str,
    pub doc: &'static str,
    pub module: &'static str,
}

/// Where a handler stands in its source.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: &'static str,
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What the macro knows of a handler.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct HandlerDef {
    pub method: &'static str,
    pub doc: &'static str,
    pub route: Option<RouteDef>,
    pub args: &'static [ArgDef],
    pub place: Place,
    /// What each extractor takes of the request, in the method's order.
    pub takes: &'static [fn() -> Takes],
    /// What a DoPut or DoAction replies; of other calls it is known.
    pub reply: Option<fn() -> ReplyDef>,
    /// What its attribute says of the reply.
    pub schema: Option<SchemaFn>,
    /// What the type that it returns says of the reply.
    pub reply_schema: Option<SchemaFn>,
    /// What the type that it takes says of the upload.
    pub upload_schema: Option<SchemaFn>,
    pub ordered: bool,
    pub access: Access,
}

impl HandlerDef {
    /// The schema of its reply, if it is known without running it.
    pub(crate) fn known_schema(&self) -> Option<SchemaRef> {
        self.schema.or(self.reply_schema).map(|schema| schema())
    }
}

/// A handler as the macro writes it: arguments, call, reply.
pub(crate) type HandlerFn<S, T> =
    fn(Arc<S>, Call, Sink<T>) -> BoxFuture<'static, Result<Rest<T>, Error>>;

/// A handler with its service in it.
pub(crate) type BoundFn<T> =
    Arc<dyn Fn(Call, Sink<T>) -> BoxFuture<'static, Result<Rest<T>, Error>> + Send + Sync>;

pub(crate) fn bind<S: FlightService, T: 'static>(
    service: &Arc<S>,
    function: HandlerFn<S, T>,
) -> BoundFn<T> {
    let service = Arc::clone(service);
    Arc::new(move |call, sink| function(Arc::clone(&service), call, sink))
}

/// The handlers of a service.
#[doc(hidden)]
pub struct Table<S> {
    pub(crate) entries: Vec<(HandlerDef, Function<S>)>,
    pub(crate) lists: Vec<(&'static str, HandlerFn<S, Address>)>,
}

/// The function of a handler, by its call.
pub(crate) enum Function<S> {
    DoGet(HandlerFn<S, Flow>),
    DoPut(HandlerFn<S, PutResult>),
    DoExchange(HandlerFn<S, Flow>),
    /// With its name; without one it is the catch-all.
    DoAction(Option<&'static str>, HandlerFn<S, ActionResult>),
    GetFlightInfo(HandlerFn<S, FlightInfo>),
    GetSchema(HandlerFn<S, SchemaResult>),
    PollFlightInfo(HandlerFn<S, PollInfo>),
    ListFlights(HandlerFn<S, FlightInfo>),
    ListActions(HandlerFn<S, ActionType>),
}

impl<S> Function<S> {
    pub(crate) fn rpc(&self) -> Method {
        match self {
            Function::DoGet(_) => Method::DoGet,
            Function::DoPut(_) => Method::DoPut,
            Function::DoExchange(_) => Method::DoExchange,
            Function::DoAction(..) => Method::DoAction,
            Function::GetFlightInfo(_) => Method::GetFlightInfo,
            Function::GetSchema(_) => Method::GetSchema,
            Function::PollFlightInfo(_) => Method::PollFlightInfo,
            Function::ListFlights(_) => Method::ListFlights,
            Function::ListActions(_) => Method::ListActions,
        }
    }

    /// The name of the action that it answers.
    pub(crate) fn action(&self) -> Option<&'static str> {
        match self {
            Function::DoAction(name, _) => *name,
            _ => None,
        }
    }
}

impl<S> fmt::Debug for Table<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(
                self.entries
                    .iter()
                    .map(|(def, function)| (function.rpc(), def.method)),
            )
            .finish()
    }
}

macro_rules! entries {
    ($($name:ident: $variant:ident<$item:ty>),* $(,)?) => { $(
        pub fn $name(&mut self, def: HandlerDef, function: HandlerFn<S, $item>) {
            self.entries.push((def, Function::$variant(function)));
        }
    )* };
}

impl<S> Table<S> {
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::new(),
            lists: Vec::new(),
        }
    }

    entries! {
        do_get: DoGet<Flow>,
        do_put: DoPut<PutResult>,
        do_exchange: DoExchange<Flow>,
        get_flight_info: GetFlightInfo<FlightInfo>,
        get_schema: GetSchema<SchemaResult>,
        poll_flight_info: PollFlightInfo<PollInfo>,
        list_flights: ListFlights<FlightInfo>,
        list_actions: ListActions<ActionType>,
    }

    pub fn action(
        &mut self,
        name: &'static str,
        def: HandlerDef,
        function: HandlerFn<S, ActionResult>,
    ) {
        self.entries
            .push((def, Function::DoAction(Some(name), function)));
    }

    pub fn do_action(&mut self, def: HandlerDef, function: HandlerFn<S, ActionResult>) {
        self.entries.push((def, Function::DoAction(None, function)));
    }

    /// The addresses of the `#[do_get]` of this name.
    pub fn list_route(&mut self, method: &'static str, function: HandlerFn<S, Address>) {
        self.lists.push((method, function));
    }
}
