//! [`Handlers`]: the handlers of all services of a server, each with its routes, ready to be called.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow_flight::{
    ActionType, FlightInfo, PollInfo, PutResult, Result as ActionResult, SchemaResult,
};

use super::table::{BoundFn, FlightService, Function, HandlerDef, ServiceDef, Table, bind};
use crate::Error;
use crate::call::Call;
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
        Running::start(|sink| (self.run)(call, sink))
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
        Running::start(|sink| {
            let mut call = call(sink.clone());
            call.set_args(self.handler.def.args, self.texts);
            (self.handler.run)(call, sink)
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

    /// The handler whose route this address is.
    pub(crate) fn by_route(
        &self,
        address: Option<&Address>,
    ) -> Result<Option<Found<'_, T>>, Error> {
        let Some(found) = address.and_then(|address| self.router.find(address)) else {
            return Ok(None);
        };
        let (index, texts) = found?;
        Ok(self
            .routed
            .get(index)
            .map(|handler| Found { handler, texts }))
    }

    pub(crate) fn catch_all(&self) -> Option<Found<'_, T>> {
        self.catch_all.as_ref().map(|handler| Found {
            handler,
            texts: ArgTexts::default(),
        })
    }

    /// The handler for this address: by route, else the catch-all.
    pub(crate) fn find(&self, address: Option<&Address>) -> Result<Found<'_, T>, Error> {
        match self.by_route(address)?.or_else(|| self.catch_all()) {
            Some(found) => Ok(found),
            None => Err(no_route(self.method, address, self.routed.iter())),
        }
    }
}

/// NOT_FOUND with the routes that there are, or UNIMPLEMENTED when there is no handler at all.
pub(crate) fn no_route<'a, T: 'a>(
    method: Method,
    address: Option<&Address>,
    known: impl Iterator<Item = &'a Bound<T>>,
) -> Error {
    let mut routes: Vec<&str> = known
        .filter_map(|bound| bound.def.route.map(|route| route.text))
        .collect();
    if routes.is_empty() {
        return unimplemented(method);
    }
    routes.sort_unstable();
    let routes = there_are(routes);
    Error::not_found(match address {
        Some(address) => format!(
            "no {method} route takes `{}`; {routes}",
            shorten(address.as_str())
        ),
        None => format!("no {method} route takes bytes that are not UTF-8; {routes}"),
    })
}

pub(crate) fn unimplemented(method: Method) -> Error {
    Error::unimplemented(format!(
        "{method} is not implemented by this server: no method has {}",
        method.attribute()
    ))
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
    pub(crate) fn action(&self, name: &str) -> Result<&Bound<ActionResult>, Error> {
        if let Some(bound) = self.actions.get(name).or(self.do_action.as_ref()) {
            return Ok(bound);
        }
        if self.actions.is_empty() {
            return Err(unimplemented(Method::DoAction));
        }
        let known = there_are(self.actions.keys().copied());
        Err(Error::not_found(format!(
            "no action `{}`; {known}",
            shorten(name)
        )))
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
