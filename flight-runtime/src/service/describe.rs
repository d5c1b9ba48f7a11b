//! From the table that the generated code fills to the definition of a service, and of a server's services to its action.

use arrow_flight::{Action, Result as ActionResult};

use super::Service;
use super::table::{FlightService, HandlerDef, ServiceDef, Table};
use crate::Error;
use crate::auth;
use crate::context::CallContext;
use crate::definition::{
    self, Argument, ArgumentKind, Body, Count, Definition, Encoding, Grant, HandlerDefinition,
    Part, Reply, Route, ServiceDefinition,
};
use crate::extract::{Input, Takes};
use crate::principal::Admission;
use crate::reply::ReplyDef;
use crate::route::{ArgDef, ArgKind, RouteDef, Segment};
use crate::rpc::Method;

/// What a table says of a handler, without the handler.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) method: Method,
    pub(crate) action: Option<&'static str>,
    pub(crate) def: HandlerDef,
    /// Whether ListFlights lists it.
    pub(crate) listed: bool,
}

impl Service {
    /// Whether an action is the one that describes this server.
    pub(super) fn describes(&self, action: &Action) -> bool {
        self.settings.describe && action.r#type == definition::ACTION
    }

    /// The definition of what the caller may use, in JSON.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for a body. Callers without credentials for whom there is nothing are refused as they are by any other action.
    pub(super) fn describe(
        &self,
        context: &CallContext,
        action: &Action,
    ) -> Result<ActionResult, Error> {
        context.found(Some(definition::ACTION));
        let mut services = Vec::new();
        for (service, entries) in &self.handlers.entries {
            let mut theirs = entries
                .iter()
                .filter(|entry| {
                    let check = entry.def.access.check_for(context, &[entry.method]);
                    check.is_ok()
                })
                .peekable();
            if theirs.peek().is_some() {
                services.push(of_service(service, theirs));
            }
        }
        if services.is_empty()
            && let Some(Admission::Anonymous { refusal, .. }) = context.admission()
        {
            return Err(refusal.again());
        }
        if !action.body.is_empty() {
            return Err(Error::invalid_argument(format!(
                "`{}` takes no body: leave it empty",
                definition::ACTION
            )));
        }
        Ok(ActionResult {
            body: Definition::new(services).to_json().into(),
        })
    }
}

/// The handlers of a service, in the order of its table.
pub(crate) fn entries<S>(table: &Table<S>) -> Vec<Entry> {
    let entry = |(def, function): &(HandlerDef, _)| {
        let function: &super::table::Function<S> = function;
        let method = function.rpc();
        let has_list = table.lists.iter().any(|(name, _)| *name == def.method);
        let stands_alone = def.route.is_some_and(|route| route.is_listed(def.args));
        Entry {
            method,
            action: function.action(),
            def: *def,
            listed: method == Method::DoGet && def.route.is_some() && (has_list || stands_alone),
        }
    };
    table.entries.iter().map(entry).collect()
}

/// The definition of a type.
pub(crate) fn definition<S: FlightService>() -> ServiceDefinition {
    let mut table = Table::new();
    S::handlers(&mut table);
    of_service(&S::service(), &entries(&table))
}

/// The definition of a service of which these handlers are to be seen.
pub(crate) fn of_service<'a>(
    service: &ServiceDef,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> ServiceDefinition {
    let handlers = entries.into_iter().map(handler).collect();
    ServiceDefinition::new(service.name, service.doc, handlers)
}

fn handler(entry: &Entry) -> HandlerDefinition {
    let Entry {
        method,
        action,
        def,
        listed,
    } = entry;
    let takes: Vec<Takes> = def.takes.iter().map(|takes| takes()).collect();
    HandlerDefinition {
        call: *method,
        method: def.method.to_owned(),
        doc: def.doc.to_owned(),
        route: def.route.map(|route| route_of(&route, def.args)),
        action: action.map(str::to_owned),
        body: takes.iter().find_map(body),
        upload: takes.iter().any(|takes| takes.input == Input::Batches),
        upload_schema: def.upload_schema.map(|schema| schema()),
        acknowledges: takes.iter().any(|takes| takes.acknowledges),
        reply: reply(*method, def.reply.and_then(|reply| reply())),
        schema: def.schema.or(def.reply_schema).map(|schema| schema()),
        ordered: def.ordered,
        listed: *listed,
        access: access(&def.access),
    }
}

fn route_of(route: &RouteDef, args: &[ArgDef]) -> Route {
    let segment = |segment: &Segment| match *segment {
        Segment::Literal(text) => definition::Segment::Literal(text.to_owned()),
        Segment::Arg(name) => definition::Segment::Argument(name.to_owned()),
        Segment::Rest(name) => definition::Segment::Rest(name.to_owned()),
    };
    let argument = |arg: &ArgDef| {
        let part = match route.query.contains(&arg.name) {
            true => Part::Query,
            false => Part::Path,
        };
        let kind = match (arg.kind)() {
            ArgKind::Required if route.path.contains(&Segment::Rest(arg.name)) => {
                ArgumentKind::Rest
            }
            ArgKind::Required => ArgumentKind::Required,
            ArgKind::Optional => ArgumentKind::Optional,
            ArgKind::Repeated => ArgumentKind::Repeated,
        };
        Argument {
            name: arg.name.to_owned(),
            ty: arg.ty.to_owned(),
            kind,
            part,
        }
    };
    Route {
        text: route.text.to_owned(),
        path: route.path.iter().map(segment).collect(),
        arguments: args.iter().map(argument).collect(),
    }
}

fn body(takes: &Takes) -> Option<Body> {
    let encoding = match takes.input {
        Input::Nothing | Input::Batches => return None,
        Input::Json => Encoding::Json,
        Input::Proto => Encoding::Proto,
        Input::Bytes => Encoding::Bytes,
        Input::Text => Encoding::Text,
        Input::Message => Encoding::Message,
    };
    Some(Body {
        encoding,
        ty: short(takes.type_name),
    })
}

/// What a call of this method answers; the table knows more of some.
fn reply(method: Method, def: ReplyDef) -> Option<Reply> {
    let message = |ty: &str, count| {
        Some(Reply {
            encoding: Encoding::Message,
            ty: Some(ty.to_owned()),
            count,
        })
    };
    match method {
        Method::DoGet | Method::DoExchange => Some(Reply {
            encoding: Encoding::Batches,
            ty: None,
            count: Count::Many,
        }),
        Method::GetFlightInfo => message("FlightInfo", Count::One),
        Method::PollFlightInfo => message("PollInfo", Count::One),
        Method::GetSchema => message("SchemaResult", Count::One),
        Method::ListFlights => message("FlightInfo", Count::Many),
        Method::ListActions => message("ActionType", Count::Many),
        Method::DoPut | Method::DoAction | Method::Handshake => def.map(|(body, count)| Reply {
            encoding: body.encoding,
            ty: Some(short((body.type_name)())),
            count,
        }),
    }
}

fn access(access: &auth::Access) -> definition::Access {
    match access {
        auth::Access::Default => definition::Access::Default,
        auth::Access::Public => definition::Access::Public,
        auth::Access::Any(grants) => definition::Access::Any(
            grants
                .iter()
                .map(|grant| match *grant {
                    auth::Grant::Role(role) => Grant::Role(role.to_owned()),
                    auth::Grant::Scope(scope) => Grant::Scope(scope.to_owned()),
                })
                .collect(),
        ),
        auth::Access::Guard(_) => definition::Access::ByGuard,
    }
}

/// A type's name without the modules of it and of what it is made of.
fn short(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    // Where the path begins that is being copied.
    let mut start = 0;
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("::") {
            // Of `<T as Trait>::Item` nothing can go.
            if short.ends_with('>') {
                short.push_str("::");
            } else {
                short.truncate(start);
            }
            start = short.len();
            rest = behind;
            continue;
        }
        short.push(c);
        if !(c.is_alphanumeric() || c == '_') {
            start = short.len();
        }
        rest = &rest[c.len_utf8()..];
    }
    short
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_short_name_has_no_modules() {
        for (name, expected) in [
            ("String", "String"),
            ("alloc::string::String", "String"),
            (
                "core::option::Option<(u8, my::mod_2::T<a::B>)>",
                "Option<(u8, T<B>)>",
            ),
            ("&str", "&str"),
            ("&[a::b::C; 4]", "&[C; 4]"),
            ("<a::T as b::Trait>::Item", "<T as Trait>::Item"),
        ] {
            assert_eq!(short(name), expected);
        }
    }
}
