//! A handler as a method.

use flight_runtime::definition::{
    Argument, ArgumentKind, Body, Count, Encoding, HandlerDefinition, Reply, Route, Segment,
};
use flight_runtime::rpc::Method;

use crate::text::{Names, docstring, fits, listed, literal};

const INDENT: &str = "        ";

/// A parameter of a method.
struct Parameter {
    name: String,
    /// Its annotation, with the default behind it.
    annotation: String,
    default: Option<&'static str>,
    /// What the docstring says of it.
    doc: String,
    by_name: bool,
}

/// The ticket, descriptor or body that a method sends.
#[derive(Default)]
struct Request {
    /// What gives it in Python.
    expression: String,
    /// Path and query of an address, when it is one.
    address: Option<[String; 2]>,
    /// Whether it is a descriptor already.
    is_descriptor: bool,
}

/// The method, which ends with a line break.
pub(crate) fn method(handler: &HandlerDefinition, names: &mut Names) -> String {
    let name = names.name(&handler.method);
    let mut scope = Names::default();
    let mut parameters = Vec::new();
    let request = match &handler.route {
        Some(route) => address(route, &mut scope, &mut parameters),
        None => body(handler, &mut scope, &mut parameters),
    };
    let data = upload(handler, &mut scope, &mut parameters);
    let (returns, mut statement, said) = call(handler, &request, data.as_deref());
    if let (false, Some([path, query])) = (fits(&statement), &request.address) {
        // No parameter begins with `_`.
        let short = Request {
            expression: "_at".to_owned(),
            ..Request::default()
        };
        let address = listed(
            INDENT,
            "_at = _address(",
            &[path.clone(), query.clone()],
            ")",
        );
        statement = address + &call(handler, &short, data.as_deref()).1;
    }

    let mut written = signature(&name, &parameters, returns);
    written.push_str(&docstring(&doc(handler, &parameters, said), INDENT));
    written.push_str(&statement);
    written
}

/// Whether it adds to what the server lists.
fn is_list(handler: &HandlerDefinition) -> bool {
    matches!(handler.call, Method::ListFlights | Method::ListActions)
}

fn signature(name: &str, parameters: &[Parameter], returns: &str) -> String {
    let mut items = vec!["self".to_owned()];
    let mut by_name = false;
    for parameter in parameters {
        if parameter.by_name && !by_name {
            items.push("*".to_owned());
            by_name = true;
        }
        let Parameter {
            name,
            annotation,
            default,
            ..
        } = parameter;
        items.push(match default {
            Some(default) => format!("{name}: {annotation} = {default}"),
            None => format!("{name}: {annotation}"),
        });
    }
    listed(
        "    ",
        &format!("def {name}("),
        &items,
        &format!(") -> {returns}:"),
    )
}

fn doc(handler: &HandlerDefinition, parameters: &[Parameter], said: String) -> String {
    let mut doc = handler.doc.trim().to_owned();
    if !doc.is_empty() {
        doc.push_str("\n\n");
    }
    match (&handler.route, &handler.action) {
        (Some(route), _) => doc.push_str(&format!("{} of `{}`.", handler.call, route.text)),
        (None, Some(action)) => doc.push_str(&format!("The action `{action}`.")),
        (None, None) if is_list(handler) => doc.push_str(&format!("{}.", handler.call)),
        (None, None) => doc.push_str(&format!("{} of what nothing else answers.", handler.call)),
    }
    if !parameters.is_empty() {
        doc.push_str("\n\nArgs:");
        for Parameter {
            name, doc: text, ..
        } in parameters
        {
            doc.push_str(&format!("\n    {name}: {text}"));
        }
    }
    if !said.is_empty() {
        doc.push_str(&format!("\n\nReturns:\n    {said}"));
    }
    for (title, schema) in [
        ("Schema of the upload", &handler.upload_schema),
        ("Schema", &handler.schema),
    ] {
        if let Some(schema) = schema {
            doc.push_str(&format!("\n\n{title}:"));
            for field in schema.fields() {
                let null = if field.is_nullable() {
                    ""
                } else {
                    ", not null"
                };
                doc.push_str(&format!(
                    "\n    {}: {}{null}",
                    field.name(),
                    field.data_type()
                ));
            }
        }
    }
    doc
}

/// The arguments of a route, and the address that they make.
fn address(route: &Route, scope: &mut Names, parameters: &mut Vec<Parameter>) -> Request {
    let mut called = Vec::new();
    for argument in &route.arguments {
        let name = scope.name(&argument.name);
        called.push((argument, name.clone()));
        parameters.push(parameter(argument, name));
    }
    let of = |name: &String| {
        let found = called.iter().find(|(argument, _)| argument.name == *name);
        found.map_or_else(|| "None".to_owned(), |(_, name)| name.clone())
    };
    let path = route.path.iter().map(|segment| match segment {
        Segment::Literal(text) => literal(text),
        Segment::Argument(name) => of(name),
        Segment::Rest(name) => format!("*_text({}).split(\"/\")", of(name)),
        _ => "None".to_owned(),
    });
    let path: Vec<String> = path.collect();
    let query = called.iter().filter(|(argument, _)| is_query(argument));
    let query: Vec<String> = query
        .map(|(argument, name)| {
            let key = literal(&argument.name);
            match argument.kind {
                ArgumentKind::Repeated => format!("({key}, _repeated({name}))"),
                _ => format!("({key}, [{name}])"),
            }
        })
        .collect();
    let path = format!("[{}]", path.join(", "));
    if query.is_empty() {
        return Request {
            expression: format!("_address({path})"),
            ..Request::default()
        };
    }
    let query = format!("[{}]", query.join(", "));
    Request {
        expression: format!("_address({path}, {query})"),
        address: Some([path, query]),
        ..Request::default()
    }
}

fn is_query(argument: &Argument) -> bool {
    argument.part == flight_runtime::definition::Part::Query
}

fn parameter(argument: &Argument, name: String) -> Parameter {
    let ty = python_type(element(argument));
    let (annotation, default) = match argument.kind {
        ArgumentKind::Optional => (format!("{ty} | None"), Some("None")),
        ArgumentKind::Repeated => (format!("Sequence[{ty}]"), Some("()")),
        _ => (ty.to_owned(), None),
    };
    let how = match argument.kind {
        ArgumentKind::Rest => ", in which `/` separates segments",
        ArgumentKind::Optional => ", may be left out",
        ArgumentKind::Repeated => ", any number of them",
        _ => "",
    };
    Parameter {
        name,
        annotation,
        default,
        doc: format!("`{}`{how}.", argument.ty),
        by_name: is_query(argument),
    }
}

/// The type inside `Option` or `Vec`, as far as it is written out.
fn element(argument: &Argument) -> &str {
    let ty = argument.ty.as_str();
    match (argument.kind, ty.split_once('<')) {
        (ArgumentKind::Optional | ArgumentKind::Repeated, Some((_, inner))) => {
            inner.strip_suffix('>').unwrap_or(inner)
        }
        _ => ty,
    }
}

/// What a caller in Python gives for a type in Rust: `Any` is whatever `str` makes the right text of.
fn python_type(ty: &str) -> &'static str {
    let name = ty.split('<').next().unwrap_or(ty);
    match name.rsplit("::").next().unwrap_or(name).trim() {
        "String" | "char" => "str",
        "bool" => "bool",
        "f32" | "f64" => "float",
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128"
        | "isize" => "int",
        "NaiveDate" => "datetime.date",
        "NaiveTime" => "datetime.time",
        "NaiveDateTime" | "DateTime" => "datetime.datetime",
        _ => "Any",
    }
}

/// What a handler without a route is sent.
fn body(
    handler: &HandlerDefinition,
    scope: &mut Names,
    parameters: &mut Vec<Parameter>,
) -> Request {
    let mut add = |name: &str, annotation: &str, default, doc: String| {
        let name = scope.name(name);
        parameters.push(Parameter {
            name: name.clone(),
            annotation: annotation.to_owned(),
            default,
            doc,
            by_name: false,
        });
        name
    };
    let is_action = handler.call == Method::DoAction;
    if is_action && handler.action.is_none() {
        add("action", "str", None, "the name of the action.".to_owned());
    }
    let what = match handler.call {
        Method::DoGet => "ticket",
        Method::DoAction => "body",
        Method::ListFlights => "criteria",
        _ => "command",
    };
    let encoding = handler
        .body
        .as_ref()
        .map(|Body { encoding, ty, .. }| (*encoding, ty));
    let expression = match encoding {
        Some((Encoding::Json, ty)) => {
            let doc = format!("`{ty}` as it is in JSON; `None` leaves it out.");
            format!("_json({})", add("request", "Any", Some("None"), doc))
        }
        Some((Encoding::Text, ty)) => {
            format!("{}.encode()", add("text", "str", None, format!("`{ty}`.")))
        }
        Some((Encoding::Message, _)) if what == "command" => {
            let doc = "as the handler expects it.".to_owned();
            return Request {
                expression: add("descriptor", "flight.FlightDescriptor", None, doc),
                is_descriptor: true,
                ..Request::default()
            };
        }
        Some((encoding, ty)) => {
            let doc = match encoding {
                Encoding::Proto => format!("`{ty}`, a protobuf message as bytes."),
                _ => "bytes as the handler expects them.".to_owned(),
            };
            add(what, "bytes", Some("b\"\""), doc)
        }
        None if is_action || is_list(handler) => String::new(),
        // It answers whatever is asked.
        None => add(what, "bytes", Some("b\"\""), "any bytes.".to_owned()),
    };
    Request {
        expression,
        ..Request::default()
    }
}

fn upload(
    handler: &HandlerDefinition,
    scope: &mut Names,
    parameters: &mut Vec<Parameter>,
) -> Option<String> {
    if !handler.upload {
        return None;
    }
    let name = scope.name("data");
    let doc = "a table, a batch, a reader, or an iterable of batches.".to_owned();
    let parameter = Parameter {
        name: name.clone(),
        annotation: "Any".to_owned(),
        default: None,
        doc,
        by_name: false,
    };
    // Before those that have a default or go by name.
    let at = parameters
        .iter()
        .position(|other| other.by_name || other.default.is_some());
    parameters.insert(at.unwrap_or(parameters.len()), parameter);
    Some(name)
}

/// The return type, the statement, and what the docstring says of what comes back.
fn call(
    handler: &HandlerDefinition,
    request: &Request,
    data: Option<&str>,
) -> (&'static str, String, String) {
    let sent = request.expression.as_str();
    let descriptor = match request.is_descriptor {
        true => sent.to_owned(),
        false => format!("_command({sent})"),
    };
    let data = data.map_or_else(String::new, |data| format!(", {data}"));
    let line = |text: &str| format!("{INDENT}return {text}\n");
    let client = |text: &str| line(&format!("self._client.{text}"));
    match handler.call {
        Method::DoGet => (
            "flight.FlightStreamReader",
            line(&format!("self._get({sent})")),
            "Batches: a stream of which `.read_all()` makes a table.".to_owned(),
        ),
        Method::DoExchange => (
            "Iterator[pa.RecordBatch]",
            line(&format!("self._exchange({descriptor}{data})")),
            "The batches that come back, while others are sent.".to_owned(),
        ),
        Method::DoPut => messages(handler, &format!("self._put({descriptor}{data})")),
        Method::DoAction => {
            let name = handler
                .action
                .as_deref()
                .map_or_else(|| "action".to_owned(), literal);
            let body = if sent.is_empty() {
                String::new()
            } else {
                format!(", {sent}")
            };
            messages(handler, &format!("self._act({name}{body})"))
        }
        Method::GetFlightInfo => (
            "flight.FlightInfo",
            client(&format!("get_flight_info({descriptor}, self._options)")),
            String::new(),
        ),
        Method::GetSchema => (
            "pa.Schema",
            client(&format!("get_schema({descriptor}, self._options).schema")),
            String::new(),
        ),
        Method::ListFlights => (
            "Iterator[flight.FlightInfo]",
            match sent {
                "" => client("list_flights(options=self._options)"),
                criteria => client(&format!("list_flights({criteria}, self._options)")),
            },
            "The flights of the whole server.".to_owned(),
        ),
        _ => (
            "list[flight.ActionType]",
            line("list(self._client.list_actions(self._options))"),
            "The actions of the whole server.".to_owned(),
        ),
    }
}

/// The statement that takes messages as they are declared out of an expression that gives their bytes.
fn messages(handler: &HandlerDefinition, bytes: &str) -> (&'static str, String, String) {
    let Some(Reply {
        encoding,
        ty,
        count,
        ..
    }) = &handler.reply
    else {
        if handler.acknowledges {
            let said = "The acknowledgements.".to_owned();
            return ("list[bytes]", format!("{INDENT}return {bytes}\n"), said);
        }
        let bytes = match handler.call {
            Method::DoPut => bytes.to_owned(),
            // Results come as they are asked for, and errors with them.
            _ => format!("list({bytes})"),
        };
        return ("None", format!("{INDENT}{bytes}\n"), String::new());
    };
    let ty = ty.as_deref().unwrap_or("bytes");
    let (kind, each, said) = match (encoding, handler.acknowledges) {
        (Encoding::Json, true) => (0, Some("_from_json_or_bytes"), format!("`{ty}` in JSON")),
        (Encoding::Json, false) => (0, Some("_from_json"), format!("`{ty}` in JSON")),
        (Encoding::Text, false) => (1, Some("_from_text"), format!("`{ty}`")),
        (Encoding::Proto, _) => (2, None, format!("`{ty}`, a protobuf message as bytes")),
        _ => (2, None, "bytes".to_owned()),
    };
    let several = |name: &'static str| match (name, kind) {
        ("list", 0) => "list[Any]",
        ("list", 1) => "list[str]",
        ("list", _) => "list[bytes]",
        (_, 0) => "Iterator[Any]",
        (_, 1) => "Iterator[str]",
        (_, _) => "Iterator[bytes]",
    };
    let list = match each {
        Some(each) => format!("[{each}(body) for body in {bytes}]"),
        None if handler.call == Method::DoPut => bytes.to_owned(),
        None => format!("list({bytes})"),
    };
    let (returns, expression, said) = match count {
        _ if handler.acknowledges => (
            several("list"),
            list,
            format!("The acknowledgements, the last of them {said}."),
        ),
        Count::One => (
            ["Any", "str", "bytes"][kind],
            format!("_one({list})"),
            format!("{said}."),
        ),
        Count::Optional => (
            ["Any", "str | None", "bytes | None"][kind],
            format!("_optional({list})"),
            format!("{said}, or None."),
        ),
        _ if handler.call == Method::DoPut => (several("list"), list, format!("Each {said}.")),
        _ => {
            let each =
                each.map_or_else(|| bytes.to_owned(), |each| format!("map({each}, {bytes})"));
            (
                several("iterator"),
                each,
                format!("One by one, each {said}."),
            )
        }
    };
    (returns, format!("{INDENT}return {expression}\n"), said)
}
