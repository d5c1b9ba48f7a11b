//! [`Handlers`]: the handlers of all services of a server, each with its routes, ready to be called.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use arrow_flight::{
    ActionType, FlightInfo, PollInfo, PutResult, Result as ActionResult, SchemaResult,
};

use super::describe::{Entry, entries};
use super::table::{BoundFn, FlightService, Function, HandlerDef, ServiceDef, Table, bind};
use crate::Error;
use crate::auth::Gate;
use crate::call::Call;
use crate::context::CallContext;
use crate::principal::Admission;
use crate::reply::{Flow, Running, Sink};
use crate::route::Address;
use crate::route::{ArgTexts, Router, shorten, there_are};
use crate::rpc::Method;

/// One handler with its service in it.
pub(crate) struct Bound<T> {
    pub(crate) service: ServiceDef,
    pub(crate) def: HandlerDef,
    run: BoundFn<T>,
}

impl<T: Send + 'static> Bound<T> {
    pub(crate) fn start(&self, call: Call) -> Running<T> {
        self.start_with(|_| call)
    }

    /// The one place where handlers begin: whoever may not use it does not get past here, however it was found.
    fn start_with(&self, call: impl FnOnce(&Sink<T>) -> Call) -> Running<T> {
        Running::try_start(|sink| {
            let call = call(&sink);
            self.def.access.check(call.context())?;
            Ok((self.run)(call, sink))
        })
    }

    /// Whether the caller may use it by one of these calls: for lists, which show what is theirs.
    pub(crate) fn is_for(&self, context: &CallContext, methods: &[Method]) -> bool {
        self.def.access.check_for(context, methods).is_ok()
    }

    /// Where it stands: for an error about it.
    fn place(&self) -> String {
        format!(
            "`{}::{}` at {}",
            self.service.name, self.def.method, self.def.place
        )
    }
}

/// The handlers of one call that has routes.
pub(crate) struct Routes<T> {
    method: Method,
    router: Router,
    routed: Vec<Bound<T>>,
    catch_all: Option<Bound<T>>,
}

/// A handler and the arguments that its route found in the address.
pub(crate) struct Found<'a, T> {
    pub(crate) handler: &'a Bound<T>,
    texts: ArgTexts,
}

impl<T: Send + 'static> Found<'_, T> {
    pub(crate) fn start(self, call: Call) -> Running<T> {
        self.start_with(|_| call)
    }

    /// Starts with a call that holds the way back too: a DoPut's acknowledgements.
    pub(crate) fn start_with(self, call: impl FnOnce(Sink<T>) -> Call) -> Running<T> {
        self.handler.start_with(|sink| {
            let mut call = call(sink.clone());
            call.set_args(self.handler.def.args, self.texts);
            call
        })
    }
}

impl<T: Send + 'static> Routes<T> {
    fn new(method: Method) -> Self {
        Self {
            method,
            router: Router::new(),
            routed: Vec::new(),
            catch_all: None,
        }
    }

    fn add(&mut self, bound: Bound<T>) -> Result<(), Error> {
        let method = self.method;
        let Some(route) = bound.def.route else {
            return match &self.catch_all {
                Some(other) => Err(clash(
                    &format!("two catch-alls for {method}"),
                    other,
                    &bound,
                )),
                None => {
                    self.catch_all = Some(bound);
                    Ok(())
                }
            };
        };
        match self.router.insert(route, bound.def.args) {
            Ok(()) => {
                self.routed.push(bound);
                Ok(())
            }
            Err(index) => Err(match self.routed.get(index) {
                Some(other) => {
                    let theirs = other.def.route.map_or("", |route| route.text);
                    clash(
                        &format!(
                            "{method} routes `{theirs}` and `{route}` take the same addresses"
                        ),
                        other,
                        &bound,
                    )
                }
                None => Error::internal(format!(
                    "{method} route `{route}` is not one: {}",
                    bound.place()
                )),
            }),
        }
    }

    /// Whether any handler answers this call.
    fn is_empty(&self) -> bool {
        self.routed.is_empty() && self.catch_all.is_none()
    }

    pub(crate) fn routed(&self) -> &[Bound<T>] {
        &self.routed
    }

    fn all(&self) -> impl Iterator<Item = &Bound<T>> {
        self.routed.iter().chain(&self.catch_all)
    }

    /// The handler whose route this address is.
    ///
    /// # Errors
    ///
    /// When the caller may not use it, and else what is wrong with its arguments.
    pub(crate) fn by_route(
        &self,
        address: Option<&Address>,
        context: &CallContext,
    ) -> Result<Option<Found<'_, T>>, Error> {
        let found = address.and_then(|address| self.router.find(address));
        let Some((index, read)) = found else {
            return Ok(None);
        };
        let Some(handler) = self.routed.get(index) else {
            return Ok(None);
        };
        context.found(handler.def.route.map(|route| route.text));
        handler.def.access.check(context)?;
        let texts = read()?;
        Ok(Some(Found { handler, texts }))
    }

    pub(crate) fn catch_all(&self) -> Option<Found<'_, T>> {
        self.catch_all.as_ref().map(|handler| Found {
            handler,
            texts: ArgTexts::default(),
        })
    }

    /// The handler for this address: by route, else the catch-all.
    pub(crate) fn find(
        &self,
        address: Option<&Address>,
        context: &CallContext,
    ) -> Result<Found<'_, T>, Error> {
        match self
            .by_route(address, context)?
            .or_else(|| self.catch_all())
        {
            Some(found) => Ok(found),
            None => Err(no_route(self.method, address, self.routed.iter(), context)),
        }
    }
}

/// What a caller is told of something that is not there: those without credentials nothing, lest they learn what is.
fn not_there(context: &CallContext, error: impl FnOnce() -> Error) -> Error {
    match context.admission() {
        Some(Admission::Anonymous { refusal, public }) if !public.contains(&context.method()) => {
            refusal.again()
        }
        _ => error(),
    }
}

/// NOT_FOUND with the routes that there are for this caller, or UNIMPLEMENTED when there is no handler at all.
pub(crate) fn no_route<'a, T: Send + 'static>(
    method: Method,
    address: Option<&Address>,
    known: impl Iterator<Item = &'a Bound<T>>,
    context: &CallContext,
) -> Error {
    let known: Vec<_> = known.collect();
    if known.is_empty() {
        return unimplemented(method, context);
    }
    not_there(context, || {
        let mut routes: Vec<&str> = known
            .into_iter()
            .filter(|bound| bound.is_for(context, &[context.method()]))
            .filter_map(|bound| bound.def.route.map(|route| route.text))
            .collect();
        routes.sort_unstable();
        let routes = theirs(routes);
        Error::not_found(match address {
            Some(address) => format!(
                "no {method} route takes `{}`{routes}",
                shorten(address.as_str())
            ),
            None => format!("no {method} route takes bytes that are not UTF-8{routes}"),
        })
    })
}

/// `` ; there is `a` ``, or nothing when nothing is for this caller.
fn theirs(names: Vec<&str>) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; {}", there_are(names))
    }
}

pub(crate) fn unimplemented(method: Method, context: &CallContext) -> Error {
    not_there(context, || {
        Error::unimplemented(format!(
            "{method} is not implemented by this server: no method has {}",
            method.attribute()
        ))
    })
}

fn clash<T: Send + 'static>(what: &str, one: &Bound<T>, other: &Bound<T>) -> Error {
    Error::failed_precondition(format!("{what}: {} and {}", one.place(), other.place()))
}

/// All handlers of a server.
pub(crate) struct Handlers {
    pub(crate) do_get: Routes<Flow>,
    pub(crate) do_put: Routes<PutResult>,
    pub(crate) do_exchange: Routes<Flow>,
    pub(crate) get_flight_info: Routes<FlightInfo>,
    pub(crate) get_schema: Routes<SchemaResult>,
    pub(crate) poll_flight_info: Routes<PollInfo>,
    pub(crate) actions: BTreeMap<&'static str, Bound<ActionResult>>,
    do_action: Option<Bound<ActionResult>>,
    pub(crate) list_flights: Vec<Bound<FlightInfo>>,
    pub(crate) list_actions: Vec<Bound<ActionType>>,
    /// By the index of the `#[do_get]` whose addresses they are.
    pub(crate) lists: BTreeMap<usize, Bound<Address>>,
    /// What there is to say of them, by service.
    pub(crate) entries: Vec<(ServiceDef, Vec<Entry>)>,
    /// The calls of which some handler is public.
    public: BTreeSet<Method>,
}

impl Handlers {
    pub(crate) fn new() -> Self {
        Self {
            do_get: Routes::new(Method::DoGet),
            do_put: Routes::new(Method::DoPut),
            do_exchange: Routes::new(Method::DoExchange),
            get_flight_info: Routes::new(Method::GetFlightInfo),
            get_schema: Routes::new(Method::GetSchema),
            poll_flight_info: Routes::new(Method::PollFlightInfo),
            actions: BTreeMap::new(),
            do_action: None,
            list_flights: Vec::new(),
            list_actions: Vec::new(),
            lists: BTreeMap::new(),
            entries: Vec::new(),
            public: BTreeSet::new(),
        }
    }

    /// Adds a service's handlers.
    ///
    /// # Errors
    ///
    /// FAILED_PRECONDITION for two handlers of the same address, naming both places.
    pub(crate) fn add<S: FlightService>(&mut self, service: &Arc<S>) -> Result<(), Error> {
        let mut table = Table::new();
        S::handlers(&mut table);
        let name = S::service();
        self.entries.push((name, entries(&table)));
        for (def, function) in table.entries {
            macro_rules! bound {
                ($function:expr) => {
                    Bound {
                        service: name,
                        def,
                        run: bind(service, $function),
                    }
                };
            }
            match function {
                Function::DoGet(function) => self.do_get.add(bound!(function))?,
                Function::DoPut(function) => self.do_put.add(bound!(function))?,
                Function::DoExchange(function) => self.do_exchange.add(bound!(function))?,
                Function::GetFlightInfo(function) => self.get_flight_info.add(bound!(function))?,
                Function::GetSchema(function) => self.get_schema.add(bound!(function))?,
                Function::PollFlightInfo(function) => {
                    self.poll_flight_info.add(bound!(function))?
                }
                Function::DoAction(name, function) => self.add_action(name, bound!(function))?,
                Function::ListFlights(function) => self.list_flights.push(bound!(function)),
                Function::ListActions(function) => self.list_actions.push(bound!(function)),
            }
        }
        for (method, function) in table.lists {
            let named = |bound: &Bound<Flow>| {
                bound.def.method == method
                    && bound.service.module == name.module
                    && bound.service.name == name.name
            };
            if let Some((index, bound)) = self
                .do_get
                .routed
                .iter()
                .enumerate()
                .rfind(|(_, bound)| named(bound))
            {
                let bound = Bound {
                    service: name,
                    def: bound.def,
                    run: bind(service, function),
                };
                self.lists.insert(index, bound);
            }
        }
        Ok(())
    }

    fn add_action(
        &mut self,
        name: Option<&'static str>,
        bound: Bound<ActionResult>,
    ) -> Result<(), Error> {
        let other = match name {
            Some(name) => self.actions.get(name),
            None => self.do_action.as_ref(),
        };
        if let Some(other) = other {
            let what = match name {
                Some(name) => format!("two actions `{name}`"),
                None => "two catch-alls for DoAction".to_owned(),
            };
            return Err(clash(&what, other, &bound));
        }
        match name {
            Some(name) => drop(self.actions.insert(name, bound)),
            None => self.do_action = Some(bound),
        }
        Ok(())
    }

    /// The handler of an action: by name, else the catch-all.
    pub(crate) fn action(
        &self,
        name: &str,
        context: &CallContext,
    ) -> Result<&Bound<ActionResult>, Error> {
        let named = self.actions.get_key_value(name);
        if let Some(bound) = named.map(|(_, bound)| bound).or(self.do_action.as_ref()) {
            context.found(named.map(|(&name, _)| name));
            bound.def.access.check(context)?;
            return Ok(bound);
        }
        if self.actions.is_empty() {
            return Err(unimplemented(Method::DoAction, context));
        }
        Err(not_there(context, || {
            let known = self.actions.iter();
            let known = known.filter(|(_, bound)| bound.is_for(context, &[Method::DoAction]));
            let known = theirs(known.map(|(&name, _)| name).collect());
            Error::not_found(format!("no action `{}`{known}", shorten(name)))
        }))
    }

    /// What each handler is called, with the call that it answers and its rule.
    fn all(&self) -> impl Iterator<Item = (Method, &HandlerDef, String)> {
        fn of<'a, T: Send + 'static>(
            method: Method,
            bounds: impl Iterator<Item = &'a Bound<T>>,
        ) -> impl Iterator<Item = (Method, &'a HandlerDef, String)> {
            bounds.map(move |bound| (method, &bound.def, bound.place()))
        }
        let actions = self.actions.values().chain(&self.do_action);
        of(Method::DoGet, self.do_get.all())
            .chain(of(Method::DoPut, self.do_put.all()))
            .chain(of(Method::DoExchange, self.do_exchange.all()))
            .chain(of(Method::DoAction, actions))
            .chain(of(Method::GetFlightInfo, self.get_flight_info.all()))
            .chain(of(Method::GetSchema, self.get_schema.all()))
            .chain(of(Method::PollFlightInfo, self.poll_flight_info.all()))
            .chain(of(Method::ListFlights, self.list_flights.iter()))
            .chain(of(Method::ListActions, self.list_actions.iter()))
    }

    /// Whether the rules fit those who let callers in, and which calls have something for everybody: once, when the server starts.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for a rule when nobody is asked for credentials: it could not be kept.
    pub(crate) fn settle(&mut self, gate: &Gate) -> Result<(), Error> {
        let mut public = BTreeSet::new();
        for (method, def, place) in self.all() {
            if gate.is_open() && def.access.is_rule() {
                return Err(Error::invalid_argument(format!(
                    "{place} has `require = …`, and this server asks nobody for credentials: add an `.authenticator(…)` or `.auth_handler(…)`"
                )));
            }
            if def.access.is_public() {
                public.insert(method);
                if method == Method::DoGet || method == Method::GetFlightInfo {
                    // What follows from it is as public as itself.
                    public.extend([
                        Method::GetFlightInfo,
                        Method::GetSchema,
                        Method::PollFlightInfo,
                    ]);
                }
            }
        }
        self.public = public;
        Ok(())
    }

    /// Whether callers without credentials may find a handler for this call.
    pub(crate) fn has_public(&self, method: Method) -> bool {
        self.public.contains(&method)
    }

    /// Whether there is any source of flights for GetFlightInfo and its kin.
    pub(crate) fn has_flights(&self) -> bool {
        !(self.do_get.is_empty() && self.get_flight_info.is_empty())
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers")
            .field("actions", &self.actions.keys())
            .finish_non_exhaustive()
    }
}
