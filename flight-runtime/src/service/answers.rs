//! The answers that follow from a `#[do_get]` alone: FlightInfo, schema, poll, the list of flights; and the list of actions.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow_flight::{
    ActionType, FlightDescriptor, FlightEndpoint, FlightInfo, PollInfo, SchemaResult, Ticket,
};
use futures::stream::{self, BoxStream, StreamExt};

use super::Service;
use super::handlers::{Bound, Found, no_route, unimplemented};
use crate::batches::{StreamOptions, no_schema};
use crate::call::{Call, Payload};
use crate::context::CallContext;
use crate::reply::{Flow, Start};
use crate::route::Address;
use crate::rpc::Method;
use crate::{Code, Error};

/// What a `#[do_get]` says of its flight without being read.
struct Described {
    schema: SchemaRef,
    options: StreamOptions,
    ordered: bool,
}

/// Asks a `#[do_get]` for its schema: from its attribute or its type, else by starting it and dropping it at its first word.
async fn describe(
    found: Found<'_, Flow>,
    context: &CallContext,
    address: &Address,
) -> Result<Described, Error> {
    let def = found.handler.def;
    if let Some(schema) = def.known_schema() {
        return Ok(Described {
            schema,
            options: StreamOptions::default(),
            ordered: def.ordered,
        });
    }
    let call = Call::new(context.clone(), Payload::Ticket(address.ticket()));
    let mut running = found.start(call);
    while let Some(flow) = running.next().await {
        if let Flow::Start(start) = flow? {
            let Start { schema, options } = *start;
            return Ok(Described {
                schema,
                options,
                ordered: def.ordered,
            });
        }
    }
    Err(no_schema())
}

/// Whether an address that was listed is not there for this caller.
fn is_not_theirs(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::NotFound | Code::PermissionDenied | Code::Unauthenticated
    )
}

fn schema_bytes(schema: &SchemaRef) -> Result<bytes::Bytes, Error> {
    crate::reply::schema_result(schema).map(|result| result.schema)
}

impl Service {
    /// The FlightInfo of an address whose `#[do_get]` was found.
    async fn generated_info(
        &self,
        found: Found<'_, Flow>,
        context: &CallContext,
        address: &Address,
        descriptor: FlightDescriptor,
    ) -> Result<FlightInfo, Error> {
        let Described {
            schema,
            options,
            ordered,
        } = describe(found, context, address).await?;
        Ok(FlightInfo {
            schema: schema_bytes(&schema)?,
            flight_descriptor: Some(descriptor),
            endpoint: vec![self.endpoint(address.ticket())],
            total_records: options.total_records.unwrap_or(-1),
            total_bytes: options.total_bytes.unwrap_or(-1),
            ordered,
            app_metadata: options.info_metadata,
        })
    }

    fn endpoint(&self, ticket: Ticket) -> FlightEndpoint {
        let locations = self.settings.advertise.iter().cloned();
        FlightEndpoint {
            location: locations.map(Into::into).collect(),
            ..FlightEndpoint::new().with_ticket(ticket)
        }
    }

    /// Fills in what a `#[get_flight_info]` handler left out: descriptor, endpoint, schema.
    async fn complete_info(
        &self,
        mut info: FlightInfo,
        context: &CallContext,
        address: Option<&Address>,
        descriptor: &FlightDescriptor,
    ) -> Result<FlightInfo, Error> {
        info.flight_descriptor
            .get_or_insert_with(|| descriptor.clone());
        if info.schema.is_empty() {
            // The schema is the one that its own first ticket leads to, else the one of this address.
            let ticket = info
                .endpoint
                .first()
                .and_then(|endpoint| endpoint.ticket.as_ref());
            let ticket = ticket.and_then(|ticket| Address::from_bytes(&ticket.ticket));
            for address in ticket.iter().chain(address) {
                // What the caller may not read says nothing of itself here either.
                if let Ok(Some(found)) = self.handlers.do_get.by_route(Some(address), context) {
                    info.schema = schema_bytes(&describe(found, context, address).await?.schema)?;
                    break;
                }
            }
        }
        if info.endpoint.is_empty()
            && let Some(address) = address
            && let Ok(Some(_)) = self.handlers.do_get.by_route(Some(address), context)
        {
            info.endpoint.push(self.endpoint(address.ticket()));
        }
        Ok(info)
    }

    /// GetFlightInfo: a handler of its own, else what the `#[do_get]` of this address gives, else the catch-all.
    pub(super) async fn get_flight_info(
        &self,
        context: &CallContext,
        descriptor: FlightDescriptor,
    ) -> Result<FlightInfo, Error> {
        let address = Address::from_descriptor(&descriptor);
        let own = self
            .handlers
            .get_flight_info
            .by_route(address.as_ref(), context)?;
        let own = match (own, &address) {
            (None, Some(at)) => match self.handlers.do_get.by_route(Some(at), context)? {
                Some(found) => return self.generated_info(found, context, at, descriptor).await,
                None => self.handlers.get_flight_info.catch_all(),
            },
            (None, None) => self.handlers.get_flight_info.catch_all(),
            (own, _) => own,
        };
        let Some(found) = own else {
            return Err(self.no_flight(Method::GetFlightInfo, address.as_ref(), context));
        };
        let call = Call::new(context.clone(), Payload::Descriptor(descriptor.clone()));
        let info = found.start(call).only().await?;
        self.complete_info(info, context, address.as_ref(), &descriptor)
            .await
    }

    fn no_flight(&self, method: Method, address: Option<&Address>, context: &CallContext) -> Error {
        if !self.handlers.has_flights() {
            return unimplemented(method, context);
        }
        no_route(
            method,
            address,
            self.handlers.do_get.routed().iter(),
            context,
        )
    }

    /// GetSchema: a handler of its own, else the `#[do_get]` of this address, else the schema of its FlightInfo.
    pub(super) async fn get_schema(
        &self,
        context: &CallContext,
        descriptor: FlightDescriptor,
    ) -> Result<SchemaResult, Error> {
        let address = Address::from_descriptor(&descriptor);
        let mut own = self
            .handlers
            .get_schema
            .by_route(address.as_ref(), context)?;
        if own.is_none()
            && let Some(at) = &address
            && let Some(found) = self.handlers.do_get.by_route(Some(at), context)?
        {
            return crate::reply::schema_result(&describe(found, context, at).await?.schema);
        }
        if own.is_none() {
            own = self.handlers.get_schema.catch_all();
        }
        if let Some(found) = own {
            let call = Call::new(context.clone(), Payload::Descriptor(descriptor));
            return found.start(call).only().await;
        }
        if !self.handlers.has_flights() {
            return Err(unimplemented(Method::GetSchema, context));
        }
        let schema = self.get_flight_info(context, descriptor).await?.schema;
        if schema.is_empty() {
            return Err(Error::not_found("this flight has no schema"));
        }
        Ok(SchemaResult { schema })
    }

    /// PollFlightInfo: a handler of its own, else the FlightInfo, complete at once.
    pub(super) async fn poll_flight_info(
        &self,
        context: &CallContext,
        descriptor: FlightDescriptor,
    ) -> Result<PollInfo, Error> {
        let address = Address::from_descriptor(&descriptor);
        let mut own = self
            .handlers
            .poll_flight_info
            .by_route(address.as_ref(), context)?;
        if own.is_none() {
            // In the order of GetFlightInfo, so that both have the same rule.
            let routed = self
                .handlers
                .get_flight_info
                .by_route(address.as_ref(), context)?
                .is_some()
                || self
                    .handlers
                    .do_get
                    .by_route(address.as_ref(), context)?
                    .is_some();
            if !routed {
                own = self.handlers.poll_flight_info.catch_all();
            }
        }
        if let Some(found) = own {
            let call = Call::new(context.clone(), Payload::Descriptor(descriptor.clone()));
            let mut poll = found.start(call).only().await?;
            if let Some(info) = poll.info.take() {
                poll.info = Some(
                    self.complete_info(info, context, address.as_ref(), &descriptor)
                        .await?,
                );
            }
            return Ok(poll);
        }
        if !self.handlers.has_flights() {
            return Err(unimplemented(Method::PollFlightInfo, context));
        }
        let info = self.get_flight_info(context, descriptor).await?;
        Ok(PollInfo {
            info: Some(info),
            flight_descriptor: None,
            progress: Some(1.0),
            expiration_time: None,
        })
    }

    /// ListFlights: every `#[do_get]` that can be listed, then what `#[list_flights]` handlers add.
    pub(super) fn list_flights(
        self: Arc<Self>,
        context: CallContext,
        criteria: arrow_flight::Criteria,
    ) -> Result<BoxStream<'static, Result<FlightInfo, Error>>, Error> {
        if !self.handlers.has_flights() && self.handlers.list_flights.is_empty() {
            return Err(unimplemented(Method::ListFlights, &context));
        }
        let prefix = String::from_utf8(criteria.expression.to_vec()).map_err(|_| {
            Error::invalid_argument(
                "the criteria is not UTF-8: expected the beginning of a route, such as `stations/`",
            )
        });
        // A `#[list_flights]` handler may give the criteria a meaning of its own.
        let prefix = match prefix {
            Ok(prefix) => prefix,
            Err(error) if self.handlers.list_flights.is_empty() => return Err(error),
            Err(_) => return Ok(self.own_flights(context, criteria)),
        };
        let own = self.clone().own_flights(context.clone(), criteria);
        let service = self.clone();
        let indices = 0..self.handlers.do_get.routed().len();
        let generated = stream::iter(indices).flat_map(move |index| {
            let (service, context, prefix) = (service.clone(), context.clone(), prefix.clone());
            service.flights_of(index, context, prefix)
        });
        Ok(generated.chain(own).boxed())
    }

    fn own_flights(
        self: Arc<Self>,
        context: CallContext,
        criteria: arrow_flight::Criteria,
    ) -> BoxStream<'static, Result<FlightInfo, Error>> {
        let indices = 0..self.handlers.list_flights.len();
        stream::iter(indices)
            .filter_map(move |index| {
                let call = Call::new(context.clone(), Payload::Criteria(criteria.clone()));
                let bound = self.handlers.list_flights.get(index);
                let bound = bound.filter(|bound| bound.is_for(&context, &[Method::ListFlights]));
                std::future::ready(bound.map(|bound| bound.start(call)))
            })
            .flatten()
            .boxed()
    }

    /// The flights of one `#[do_get]`: itself when its route is fixed, else what `list = …` enumerates.
    fn flights_of(
        self: Arc<Self>,
        index: usize,
        context: CallContext,
        prefix: String,
    ) -> BoxStream<'static, Result<FlightInfo, Error>> {
        // An entry says what GetFlightInfo says, and is made within this call: both must be for the caller, else there is no entry.
        let by = [Method::DoGet, Method::GetFlightInfo];
        let is_theirs = |bound: &&Bound<Flow>| {
            bound.is_for(&context, &by) && bound.is_for(&context, &[Method::ListFlights])
        };
        let bound = self.handlers.do_get.routed().get(index);
        let Some(bound) = bound.filter(is_theirs) else {
            return stream::empty().boxed();
        };
        let Some(route) = bound
            .def
            .route
            .filter(|route| route.may_start_with(&prefix))
        else {
            return stream::empty().boxed();
        };
        let addresses = if let Some(list) = self.handlers.lists.get(&index) {
            let criteria = arrow_flight::Criteria {
                expression: prefix.clone().into(),
            };
            list.start(Call::new(context.clone(), Payload::Criteria(criteria)))
                .boxed()
        } else if route.is_listed(bound.def.args) {
            let address = Address::from_bytes(route.pattern().as_bytes());
            stream::iter(address.map(Ok)).boxed()
        } else {
            return stream::empty().boxed();
        };
        let wanted = move |address: &Result<Address, Error>| {
            let wanted = address
                .as_ref()
                .map_or(true, |address| address.as_str().starts_with(&prefix));
            std::future::ready(wanted)
        };
        addresses
            .filter(wanted)
            .filter_map(move |address| {
                let (service, context) = (self.clone(), context.clone());
                async move { service.listed(&context, address).await.transpose() }
            })
            .boxed()
    }

    /// The FlightInfo of a listed address; `None` when it is gone since it was listed, or not for this caller.
    async fn listed(
        &self,
        context: &CallContext,
        address: Result<Address, Error>,
    ) -> Result<Option<FlightInfo>, Error> {
        match self.get_flight_info(context, address?.descriptor()).await {
            Ok(info) => Ok(Some(info)),
            Err(error) if is_not_theirs(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// ListActions: every `#[action]` with its doc comment, then what `#[list_actions]` handlers add.
    pub(super) fn list_actions(
        self: Arc<Self>,
        context: CallContext,
    ) -> BoxStream<'static, Result<ActionType, Error>> {
        let actions: Vec<_> = self
            .handlers
            .actions
            .iter()
            .filter(|(_, bound)| bound.is_for(&context, &[Method::DoAction]))
            .map(|(&name, bound)| ActionType {
                r#type: name.to_owned(),
                description: bound.def.doc.to_owned(),
            })
            .map(Ok)
            .collect();
        let indices = 0..self.handlers.list_actions.len();
        let own = stream::iter(indices).filter_map(move |index| {
            let call = Call::new(context.clone(), Payload::None);
            let bound = self.handlers.list_actions.get(index);
            let bound = bound.filter(|bound| bound.is_for(&context, &[Method::ListActions]));
            std::future::ready(bound.map(|bound| bound.start(call)))
        });
        stream::iter(actions).chain(own.flatten()).boxed()
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;
    use crate::prelude::*;
    use crate::{Authenticator, CallOptions, FlightServerBuilder, testing};

    /// Knows whoever gives a name, and nobody else.
    struct ByName;

    impl Authenticator for ByName {
        async fn authenticate(&self, context: &CallContext) -> Result<Option<Principal>, Error> {
            let name = context.headers().get("x-user");
            Ok(name
                .and_then(|name| name.to_str().ok())
                .map(Principal::from))
        }
    }

    fn rows() -> RecordBatch {
        RecordBatch::new_empty(Arc::new(Schema::empty()))
    }

    struct Tables;

    #[flight_server(crate = crate, roles("admin"))]
    impl Tables {
        #[do_get("named/{name}", list = names)]
        async fn named(&self, name: String) -> RecordBatch {
            let _ = name;
            rows()
        }

        async fn names(&self) -> [String; 1] {
            ["one".to_owned()]
        }

        #[do_get("rows")]
        async fn rows(&self) -> RecordBatch {
            rows()
        }

        #[do_get("summed", require = "role:admin")]
        async fn summed(&self) -> RecordBatch {
            rows()
        }

        /// For everybody, who then learn when they may read it.
        #[get_flight_info("summed")]
        async fn info_of_summed(&self) -> FlightInfo {
            FlightInfo::new().with_total_records(7)
        }

        #[list_flights(public)]
        async fn more(&self) -> Vec<FlightInfo> {
            vec![FlightInfo::new().with_descriptor(FlightDescriptor::new_cmd("more"))]
        }
    }

    fn server() -> FlightServerBuilder {
        FlightServer::builder(Tables).authenticator(ByName)
    }

    #[tokio::test]
    async fn a_flight_is_polled_by_whoever_may_ask_for_its_info() {
        let bob = CallOptions::new().header("x-user", "bob").unwrap();
        let client = testing::connect(server()).unwrap().with(bob);
        let summed = FlightDescriptor::new_path(vec!["summed".to_owned()]);
        let info = client.get_flight_info(summed.clone()).await.unwrap();
        assert_eq!(info.total_records, 7);
        let poll = client.poll_flight_info(summed).await.unwrap();
        assert_eq!(poll.info.unwrap().total_records, 7);
        let denied = client.do_get(Ticket::new("summed")).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied);
    }

    #[tokio::test]
    async fn a_list_that_is_public_has_no_entries_of_one_that_is_not() {
        async fn listed(public: &[Method]) -> Result<Vec<String>, Error> {
            let server = server().public(public.iter().copied());
            let client = testing::connect(server)?;
            let flights = client.list_flights(Criteria::default()).await?;
            let names = flights.map_ok(|info| {
                let descriptor = info.flight_descriptor.unwrap_or_default();
                Address::from_descriptor(&descriptor).map(|address| address.to_string())
            });
            let names: Vec<_> = names.try_collect().await?;
            Ok(names.into_iter().flatten().collect())
        }
        use Method::{DoGet, ListFlights};
        assert_eq!(listed(&[DoGet]).await.unwrap(), ["more"]);
        assert_eq!(listed(&[ListFlights]).await.unwrap(), ["more"]);
        let all = listed(&[ListFlights, DoGet]).await.unwrap();
        assert_eq!(all, ["named/one", "rows", "more"]);
    }
}
