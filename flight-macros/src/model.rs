//! What a block says, as plain data: everything that is generated is printed from these types, and every rule is
//! checked on them.

use proc_macro2::Span;
use syn::{Attribute, Expr, Generics, Ident, Path, Type, Visibility};

/// One block under `#[flight_server]`.
pub(crate) struct Server {
    /// Path of the runtime crate.
    pub(crate) krate: Path,
    pub(crate) role: Role,
    /// The type that serves.
    pub(crate) ty: Type,
    pub(crate) generics: Generics,
    /// Conditions on the whole block.
    pub(crate) cfgs: Vec<Attribute>,
    /// Doc comment of the block.
    pub(crate) doc: String,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) client: Option<Client>,
}

/// The typed client that is generated beside a block.
pub(crate) struct Client {
    pub(crate) name: Ident,
}

/// What a block is to its service.
pub(crate) enum Role {
    /// The block that makes the type a service.
    Main { name: String, parts: Vec<Part> },
    /// A trait, which makes a service of each type that says so.
    Contract { name: String },
    /// A further block, joined by the main one.
    Part(Part),
    /// The attribute says too little: nothing is generated.
    Unknown,
}

/// The name of a part, where it was written.
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) span: Span,
}

/// One method with an RPC attribute.
pub(crate) struct Handler {
    pub(crate) rpc: Rpc,
    /// Where the attribute was written.
    pub(crate) attribute: Span,
    pub(crate) method: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) doc: String,
    /// Whether its own attributes warn of its use, which the table is none of.
    pub(crate) deprecated: bool,
    /// Whether it is an `async fn`; else it runs on a blocking thread.
    pub(crate) is_async: bool,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) output: Option<Type>,
    pub(crate) target: Target,
    pub(crate) schema: Option<Expr>,
    /// More than one when they are alternatives under different conditions.
    pub(crate) lists: Vec<Lister>,
    pub(crate) ordered: bool,
    pub(crate) access: Access,
    /// Whether no mistake was found in it: others are left out of what is generated.
    pub(crate) sound: bool,
}

impl Handler {
    /// Its route, if it has one.
    pub(crate) fn route(&self) -> Option<&Route> {
        match &self.target {
            Target::Route(route) => Some(route),
            _ => None,
        }
    }

    /// The method's argument that a route's name stands for.
    ///
    /// A sound handler has one for every name of its route.
    pub(crate) fn argument(&self, name: &Name) -> Option<&Argument> {
        self.arguments
            .iter()
            .find(|argument| argument.source.index() == Some(name.index))
    }
}

/// Which calls of its RPC a handler takes.
pub(crate) enum Target {
    /// Every call that no other took.
    Rest,
    /// Calls whose address matches the route.
    Route(Route),
    /// Actions of this type.
    Action { name: String, span: Span },
    /// It was written, and wrongly.
    Broken,
}

/// Who may call a handler.
pub(crate) enum Access {
    /// It says nothing: what the server says holds.
    Default,
    /// Everybody, without credentials.
    Public,
    /// Callers who have one of these.
    Any(Vec<Grant>),
    /// Callers whom this value lets in.
    Guard(Box<Expr>),
}

/// What a caller may have: `role:admin`.
#[derive(PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) kind: GrantKind,
    pub(crate) name: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantKind {
    Role,
    Scope,
}

impl GrantKind {
    pub(crate) const ALL: [GrantKind; 2] = [GrantKind::Role, GrantKind::Scope];

    /// The word before the `:`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            GrantKind::Role => "role",
            GrantKind::Scope => "scope",
        }
    }

    /// The option of the block that declares names of this kind.
    pub(crate) fn option(self) -> &'static str {
        match self {
            GrantKind::Role => "roles",
            GrantKind::Scope => "scopes",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<GrantKind> {
        GrantKind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    pub(crate) fn from_option(name: &str) -> Option<GrantKind> {
        GrantKind::ALL
            .into_iter()
            .find(|kind| kind.option() == name)
    }
}

/// The roles and scopes that a block declares.
#[derive(Default)]
pub(crate) struct Declared {
    /// The attribute that declares them.
    pub(crate) attribute: &'static str,
    roles: Declaration,
    scopes: Declaration,
}

/// The declared names of one kind.
#[derive(Default)]
pub(crate) struct Declaration {
    pub(crate) names: Vec<String>,
    /// Whether something was wrong with it: then names may be missing here that the user did declare.
    pub(crate) misread: bool,
}

impl Declared {
    pub(crate) fn new(attribute: &'static str) -> Self {
        Declared {
            attribute,
            ..Declared::default()
        }
    }

    pub(crate) fn of(&self, kind: GrantKind) -> &Declaration {
        match kind {
            GrantKind::Role => &self.roles,
            GrantKind::Scope => &self.scopes,
        }
    }

    pub(crate) fn of_mut(&mut self, kind: GrantKind) -> &mut Declaration {
        match kind {
            GrantKind::Role => &mut self.roles,
            GrantKind::Scope => &mut self.scopes,
        }
    }
}

impl Declaration {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|declared| declared == name)
    }
}

/// The method that yields the values of a route's path arguments.
pub(crate) struct Lister {
    /// As the attribute names it.
    pub(crate) method: Ident,
    pub(crate) is_async: bool,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) output: Option<Type>,
}

/// One argument of a method, without the receiver.
pub(crate) struct Argument {
    pub(crate) ident: Option<Ident>,
    /// What a pattern such as `Json(request)` binds, or else the same.
    pub(crate) binding: Option<Ident>,
    pub(crate) ty: Type,
    pub(crate) source: Source,
}

/// Where the value of an argument comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The name at this index of the route, in its path.
    Path(usize),
    /// The name at this index of the route, after its `?`.
    Query(usize),
    /// The call: the argument is an extractor.
    Call,
}

impl Source {
    fn index(self) -> Option<usize> {
        match self {
            Source::Path(index) | Source::Query(index) => Some(index),
            Source::Call => None,
        }
    }
}

/// A route, taken apart.
pub(crate) struct Route {
    /// As it was written.
    pub(crate) text: String,
    pub(crate) span: Span,
    pub(crate) path: Vec<Segment>,
    pub(crate) query: Vec<Name>,
}

impl Route {
    /// All names: those of the path, then those of the query, by their index.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        self.path_names().chain(&self.query)
    }

    /// The names of the path.
    pub(crate) fn path_names(&self) -> impl Iterator<Item = &Name> {
        self.path.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Arg(name) | Segment::Rest(name) => Some(name),
        })
    }

    /// The text before `?`.
    pub(crate) fn path_text(&self) -> &str {
        self.text.split('?').next().unwrap_or_default()
    }
}

/// What is between two `/` of a route.
pub(crate) enum Segment {
    /// Text.
    Literal(String),
    /// `{name}`
    Arg(Name),
    /// `{*name}`
    Rest(Name),
}

/// A name in a route.
pub(crate) struct Name {
    /// Without `r#`.
    pub(crate) text: String,
    pub(crate) span: Span,
    /// Its place among the names of its route.
    pub(crate) index: usize,
}

/// What a handler answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rpc {
    DoGet,
    DoPut,
    DoExchange,
    /// DoAction of one type.
    Action,
    /// DoAction of every other type.
    DoAction,
    GetFlightInfo,
    GetSchema,
    PollFlightInfo,
    ListFlights,
    ListActions,
}

impl Rpc {
    pub(crate) const ALL: [Rpc; 10] = [
        Rpc::DoGet,
        Rpc::DoPut,
        Rpc::DoExchange,
        Rpc::Action,
        Rpc::DoAction,
        Rpc::GetFlightInfo,
        Rpc::GetSchema,
        Rpc::PollFlightInfo,
        Rpc::ListFlights,
        Rpc::ListActions,
    ];

    /// The attribute's name, which is also that of the table's function.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Rpc::DoGet => "do_get",
            Rpc::DoPut => "do_put",
            Rpc::DoExchange => "do_exchange",
            Rpc::Action => "action",
            Rpc::DoAction => "do_action",
            Rpc::GetFlightInfo => "get_flight_info",
            Rpc::GetSchema => "get_schema",
            Rpc::PollFlightInfo => "poll_flight_info",
            Rpc::ListFlights => "list_flights",
            Rpc::ListActions => "list_actions",
        }
    }

    pub(crate) fn from_attribute(name: &str) -> Option<Rpc> {
        Rpc::ALL.into_iter().find(|rpc| rpc.attribute() == name)
    }

    /// Whether a route may follow.
    pub(crate) fn takes_route(self) -> bool {
        !matches!(
            self,
            Rpc::Action | Rpc::DoAction | Rpc::ListFlights | Rpc::ListActions
        )
    }

    /// The options that its attribute has beside the route.
    pub(crate) fn options(self) -> &'static [&'static str] {
        match self {
            Rpc::DoGet => &["schema", "list", "ordered", "public", "require"],
            Rpc::DoExchange => &["schema", "public", "require"],
            _ => &["public", "require"],
        }
    }

    /// Whether each route of it gets a function that makes its addresses.
    pub(crate) fn has_constructor(self) -> bool {
        matches!(self, Rpc::DoGet | Rpc::DoPut | Rpc::DoExchange)
    }
}
