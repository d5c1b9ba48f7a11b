//! [`HandlerDefinition`]: one method with an RPC attribute, as plain data.

use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use super::schema;
use crate::rpc::Method;

/// One handler of a service.
///
/// Its JSON has a field for each of these, of the same name. Where one is optional or has a default, a document may leave it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandlerDefinition {
    /// The call that it answers. A `#[do_get]` answers GetFlightInfo, GetSchema and PollFlightInfo of its route as well.
    pub call: Method,
    /// The name of the method in the source.
    pub method: String,
    /// Its doc comment; empty when there is none.
    #[serde(default)]
    pub doc: String,
    /// The route. `None` for an action, and for what answers every call that no route took.
    #[serde(default)]
    pub route: Option<Route>,
    /// The name of the action. `None` for other calls, and for `#[do_action]`, which answers every name that is not taken.
    #[serde(default)]
    pub action: Option<String>,
    /// What it reads of the ticket, the descriptor's command, the action's body or the criteria. `None` when it reads none of it beside
    /// the route's arguments.
    #[serde(default)]
    pub body: Option<Body>,
    /// Whether it reads the batches that a DoPut or DoExchange uploads. Default: no.
    #[serde(default)]
    pub upload: bool,
    /// The schema of the upload, where it is declared.
    #[serde(default, with = "schema")]
    pub upload_schema: Option<SchemaRef>,
    /// Whether it may acknowledge an upload while it reads it, with a `MetadataWriter`: in any number and of any encoding, before what
    /// `reply` says. Default: no.
    #[serde(default)]
    pub acknowledges: bool,
    /// What comes back. `None` for nothing but the end of the call.
    #[serde(default)]
    pub reply: Option<Reply>,
    /// The schema of the batches that come back, where it is declared. Otherwise GetSchema tells it for one address.
    #[serde(default, with = "schema")]
    pub schema: Option<SchemaRef>,
    /// Whether the rows of a download have an order that matters. Default: no.
    #[serde(default)]
    pub ordered: bool,
    /// Whether ListFlights lists it. Default: no.
    #[serde(default)]
    pub listed: bool,
    /// Who may use it. Default: [`Access::Default`].
    #[serde(default)]
    pub access: Access,
}

/// The address of a handler, with places for its arguments.
///
/// A ticket or command is the segments of the path, joined by `/`, then `?` and `name=value` joined by `&`. Segments and values are
/// percent-encoded, all but letters, digits, `-`, `.`, `_` and `~`. A path descriptor is the segments as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Route {
    /// As it was written: `stations/{station}?{since}`.
    pub text: String,
    /// What is before the `?`, by segment.
    pub path: Vec<Segment>,
    /// The arguments: those of the path, then those behind the `?`, each in the order of the text.
    #[serde(default)]
    pub arguments: Vec<Argument>,
}

/// What stands between two `/` of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Segment {
    /// This text.
    Literal(String),
    /// The argument of this name: one segment.
    Argument(String),
    /// The argument of this name: all segments that are left, one or more. Its slashes separate them.
    Rest(String),
}

/// One argument of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Argument {
    /// Its name, without `r#`.
    pub name: String,
    /// Its Rust type as it was written, such as `Option<NaiveDate>`. In JSON the field is `type`.
    #[serde(rename = "type")]
    pub ty: String,
    /// How often it is there.
    pub kind: ArgumentKind,
    /// Where it stands. In JSON the field is `in`.
    #[serde(rename = "in")]
    pub part: Part,
}

/// How often an argument is in an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ArgumentKind {
    /// Once.
    Required,
    /// Once or not at all.
    Optional,
    /// Any number of times.
    Repeated,
    /// Once, over all segments that are left.
    Rest,
}

/// A part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// Before the `?`.
    Path,
    /// Behind it.
    Query,
}

/// What a handler reads of the request beside its route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Body {
    /// How its bytes are to be written.
    pub encoding: Encoding,
    /// The name of its Rust type, without modules, for a reader: of JSON and protobuf the type inside. In JSON the field is `type`.
    #[serde(rename = "type")]
    pub ty: String,
}

/// What a handler replies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reply {
    /// What each message is.
    pub encoding: Encoding,
    /// As in [`Body`]; `None` for batches.
    #[serde(default, rename = "type")]
    pub ty: Option<String>,
    /// How many messages there are when all goes well. Batches are always [`Many`](Count::Many).
    pub count: Count,
}

/// What bytes hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Encoding {
    /// Record batches, as FlightData.
    Batches,
    /// JSON of the type.
    Json,
    /// A protobuf message of the type.
    Proto,
    /// Bytes of which only the handler knows what they mean.
    Bytes,
    /// Text in UTF-8.
    Text,
    /// The message of the Flight protocol itself, such as `Ticket` or `FlightInfo`.
    Message,
}

/// How many messages a reply has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Count {
    /// One.
    One,
    /// One or none.
    Optional,
    /// Any number: a `Vec`, an iterator or a stream.
    Many,
}

/// Who may use a handler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Access {
    /// Nothing is said: whoever the server lets in.
    #[default]
    Default,
    /// Everybody, without credentials.
    Public,
    /// Callers who have one of these.
    Any(Vec<Grant>),
    /// Callers whom a rule in code lets in: a [`Guard`](crate::Guard). In JSON it is `guard`.
    #[serde(rename = "guard")]
    ByGuard,
}

/// What a caller may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Grant {
    /// This role.
    Role(String),
    /// This scope.
    Scope(String),
}
