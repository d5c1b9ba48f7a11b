//! Every mistake is collected and reported at once; every sentence that a user can read is on this page.
//!
//! A message says what was found, what is legal and, where it can be guessed, what was meant. Lists go on a
//! line of their own, because rustc prints the first line in bold and indents the rest.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

use crate::model::{GrantKind, Rpc};
use crate::suggest::closest;

/// The mistakes found so far.
///
/// Dropping it with mistakes that were never handed to [`Errors::into_tokens`] is a panic: a rule that fires and
/// is forgotten would otherwise accept wrong code in silence.
#[derive(Default)]
pub(crate) struct Errors {
    found: Vec<syn::Error>,
    consumed: bool,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Reports `message` at `span`.
    pub(crate) fn at(&mut self, span: Span, message: impl Into<String>) {
        self.found.push(syn::Error::new(span, message.into()));
    }

    /// Reports `message` under all of `tokens`.
    pub(crate) fn under(&mut self, tokens: impl ToTokens, message: impl Into<String>) {
        self.found
            .push(syn::Error::new_spanned(tokens, message.into()));
    }

    /// Reports what the parser said.
    pub(crate) fn syntax(&mut self, error: syn::Error) {
        self.found.push(error);
    }

    /// How many mistakes were reported: compare before and after to learn whether something is sound.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// One `compile_error!` for each mistake, in the order in which they were found.
    pub(crate) fn into_tokens(mut self) -> TokenStream {
        self.consumed = true;
        self.found
            .drain(..)
            .map(|error| error.to_compile_error())
            .collect()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        if !self.consumed && !self.found.is_empty() && !std::thread::panicking() {
            panic!("{} mistakes were found and not reported", self.found.len());
        }
    }
}

// ---- words that several messages share

/// `a`, `b` and `c`, each between backticks.
fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{}`", n.as_ref())).collect();
    match quoted.split_last() {
        None => "none".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// `; did you mean …?` when one of the candidates is close enough, else nothing.
fn did_you_mean<S: AsRef<str>>(found: &str, candidates: &[S]) -> String {
    likely_meant(closest(found, candidates.iter().map(AsRef::as_ref)))
}

fn likely_meant(likely: Option<&str>) -> String {
    likely.map_or_else(String::new, |likely| format!("; did you mean `{likely}`?"))
}

fn attribute(rpc: Rpc) -> String {
    format!("`#[{}]`", rpc.attribute())
}

// ---- #[flight_server] and its block

pub(crate) fn not_an_impl(found: &str) -> String {
    if found == "a trait" {
        return "`#[flight_server]` belongs on an impl block, and this is a trait\n\
                write `#[flight_service]` on it, and again on the block that implements it"
            .to_owned();
    }
    format!(
        "`#[flight_server]` belongs on an impl block, and this is {found}\n\
         put it on `impl MyService {{ .. }}`, the block whose methods carry `#[do_get(\"..\")]` and the like"
    )
}

pub(crate) fn trait_impl(name: &str, ty: &str) -> String {
    format!(
        "`#[flight_server]` belongs on a type's own block, and this one implements the trait `{name}`\n\
         write `impl {ty} {{ .. }}` with the handlers in it, and call the trait's methods from there; \
         a trait whose own methods are handlers is under `#[flight_service]`, and so is this block then"
    )
}

pub(crate) fn not_a_contract(found: &str) -> String {
    format!(
        "`#[flight_service]` belongs on a trait or on a block that implements one, and this is {found}\n\
         put it on `trait MyService {{ .. }}`, whose methods carry `#[do_get(\"..\")]` and the like, and on `impl MyService for MyType {{ .. }}`; \
         a block of a type's own is under `#[flight_server]`"
    )
}

const CONTRACT_FORMS: &str = "`name = \"..\"`, `roles(..)`, `scopes(..)`, `client = MyClient` and `crate = path::to::flight_runtime`";

fn server_forms(attribute: &str) -> &'static str {
    match attribute {
        "flight_service" => CONTRACT_FORMS,
        _ => SERVER_FORMS,
    }
}

pub(crate) fn contract_option(option: &str) -> String {
    format!(
        "`{option}` joins several blocks of one type, and a trait is one block\n\
         the options of `#[flight_service]` on a trait are {CONTRACT_FORMS}"
    )
}

pub(crate) fn implementation_option() -> String {
    "on a block that implements a trait `#[flight_service]` has no option but `crate = path::to::flight_runtime`\n\
     name, roles, scopes and client are the trait's"
        .to_owned()
}

pub(crate) fn contract_generics(name: &str) -> String {
    format!(
        "the trait `{name}` under `#[flight_service]` cannot be generic\n\
         a client that knows the trait alone would not know which of its types it calls: name the types"
    )
}

pub(crate) fn borrowing_service(found: &str, ty: &str) -> String {
    format!(
        "a service owns what it needs, and `{ty}` borrows for `{found}`: its calls outlive every borrow\n\
         hold a `String`, a `Vec` or an `Arc` in place of a reference"
    )
}

pub(crate) fn no_handler() -> String {
    format!(
        "no method of this block has an RPC attribute\n\
         mark the methods that answer calls with one of {}",
        listed(&Rpc::ALL.map(|rpc| format!("#[{}]", rpc.attribute())))
    )
}

pub(crate) const SERVER_OPTIONS: [&str; 7] = [
    "name", "part", "parts", "roles", "scopes", "client", "crate",
];

const SERVER_FORMS: &str = "`name = \"..\"`, `part = \"..\"`, `parts(\"..\", \"..\")`, `roles(\"..\", \"..\")`, \
    `scopes(\"..\", \"..\")`, `client = MyClient` and `crate = path::to::flight_runtime`";

pub(crate) fn unknown_server_option(attribute: &str, found: &str) -> String {
    let likely = match found {
        "require" | "public" => format!("; did you mean `{found}` on the attribute of a method?"),
        _ => did_you_mean(found, &SERVER_OPTIONS),
    };
    format!(
        "`#[{attribute}]` has no option `{found}`{likely}\nits options are {}",
        server_forms(attribute)
    )
}

pub(crate) fn server_takes_no_text(attribute: &str, text: &str) -> String {
    format!(
        "`#[{attribute}]` takes no bare string; for the service's name write `name = \"{text}\"`\n\
         its options are {}",
        server_forms(attribute)
    )
}

pub(crate) fn server_option_form(option: &str) -> String {
    let form = match option {
        "parts" => "parts(\"..\", \"..\")",
        "roles" => "roles(\"..\", \"..\")",
        "scopes" => "scopes(\"..\", \"..\")",
        "part" => "part = \"..\"",
        "client" => "client = MyClient",
        "crate" => "crate = path::to::flight_runtime",
        _ => "name = \"..\"",
    };
    format!("`{option}` is written `{form}`")
}

pub(crate) fn empty_name(option: &str) -> String {
    format!("the {option} is empty")
}

pub(crate) fn part_name(found: &str) -> String {
    format!(
        "`{found}` cannot be the name of a part\n\
         it becomes part of a function's name: letters, digits and `_`"
    )
}

pub(crate) fn part_and(option: &str) -> String {
    format!(
        "`{option}` belongs on the main block, and `part` makes this block a part of it\n\
         a part has neither a name nor parts of its own"
    )
}

pub(crate) fn part_twice(name: &str) -> String {
    format!("the part `{name}` is joined twice")
}

pub(crate) fn option_twice(option: &str) -> String {
    format!("the option `{option}` is given twice")
}

pub(crate) fn unexpected_token() -> String {
    "expected a string literal or an option here".to_owned()
}

pub(crate) fn expected_comma() -> String {
    "expected `,` here".to_owned()
}

/// The functions that every client has.
pub(crate) const CLIENT_FUNCTIONS: [&str; 4] = ["new", "connect", "with", "client"];

pub(crate) fn client_function_taken(name: &str, client: &str) -> String {
    format!(
        "the handler `{name}` would be a method of `{client}`, which has a function of that name\n\
         every client has {}: give the handler another name",
        listed(&CLIENT_FUNCTIONS)
    )
}

pub(crate) fn client_of_generic(name: &str, found: &str) -> String {
    format!(
        "the client has a method for `{name}`, and `{found}` means nothing there\n\
         say the type in full, or leave `client = ..` out"
    )
}

// ---- the attributes of methods

pub(crate) fn outside(name: &str) -> String {
    format!(
        "`#[{name}]` belongs on a method of an impl block under `#[flight_server]`, or of a trait under `#[flight_service]`"
    )
}

pub(crate) fn not_a_method(rpc: Rpc) -> String {
    format!(
        "{} belongs on a method, with a body, and this is none",
        attribute(rpc)
    )
}

pub(crate) fn unknown_attribute(found: &str, likely: &str) -> String {
    format!("there is no RPC attribute `#[{found}]`; did you mean `#[{likely}]`?")
}

pub(crate) fn handshake() -> String {
    "`handshake` is no method of a service: it belongs to authentication\n\
     give the server an `auth_handler`, or one of the ready-made ones"
        .to_owned()
}

pub(crate) fn inside_cfg_attr(rpc: Rpc) -> String {
    format!(
        "{} cannot be inside of `cfg_attr`: the condition is not decided yet when the handlers are collected\n\
         put `#[cfg(..)]` on the method, and on its alternative `#[cfg(not(..))]`",
        attribute(rpc)
    )
}

pub(crate) fn second_attribute(first: Rpc, second: Rpc) -> String {
    if first == second {
        format!("this method has {} twice", attribute(first))
    } else {
        format!(
            "a method answers one RPC, and this one already has {}\n\
             write a second method with {} that calls the same code",
            attribute(first),
            attribute(second)
        )
    }
}

pub(crate) fn equals_form(rpc: Rpc) -> String {
    format!(
        "{} is written with parentheses: `#[{}(\"..\")]`",
        attribute(rpc),
        rpc.attribute()
    )
}

/// What may stand between the parentheses of an RPC attribute.
fn legal(rpc: Rpc) -> String {
    let own = match rpc {
        Rpc::DoGet => "it takes a route, `schema = <expression>`, `list = <method>`, `ordered`, ",
        Rpc::DoExchange => "it takes a route, `schema = <expression>`, ",
        Rpc::Action => "it takes the action's name, ",
        rpc if rpc.takes_route() => "it takes a route, ",
        _ => "it takes ",
    };
    format!("{own}`public` and `require = <text or guard>`")
}

/// `text` is what follows its `=`, when that is a text; `bare` says that nothing follows it, and that it may have been meant to be the text.
pub(crate) fn unknown_option(rpc: Rpc, found: &str, text: Option<&str>, bare: bool) -> String {
    let (what, has_text) = match rpc {
        Rpc::Action => ("name", true),
        rpc => ("route", rpc.takes_route()),
    };
    let likely = match found {
        "route" | "path" | "uri" | "url" | "name" | "ticket" | "descriptor" if has_text => {
            format!(
                "; the {what} stands alone: `#[{}({:?})]`",
                rpc.attribute(),
                text.unwrap_or("..")
            )
        }
        found if bare && has_text && closest(found, rpc.options().iter().copied()).is_none() => {
            format!(
                "; the {what} is a string literal: `#[{}({:?})]`",
                rpc.attribute(),
                found.to_lowercase()
            )
        }
        "role" | "roles" => "; did you mean `require = \"role:..\"`?".to_owned(),
        "scope" | "scopes" => "; did you mean `require = \"scope:..\"`?".to_owned(),
        _ => did_you_mean(found, rpc.options()),
    };
    format!(
        "{} has no option `{found}`{likely}\n{}",
        attribute(rpc),
        legal(rpc)
    )
}

pub(crate) fn not_a_route(rpc: Rpc) -> String {
    let what = if rpc == Rpc::Action { "name" } else { "route" };
    format!(
        "the {what} of {} is a string literal\n\
         it is read before constants and other macros have a value",
        attribute(rpc)
    )
}

pub(crate) fn text_twice(rpc: Rpc) -> String {
    match rpc {
        Rpc::Action => "an action has one name; for a second name write a second method".to_owned(),
        _ => format!(
            "{} has one route; for a second route write a second method",
            attribute(rpc)
        ),
    }
}

pub(crate) fn takes_no_route(rpc: Rpc, text: &str) -> String {
    match rpc {
        Rpc::DoAction => format!(
            "`#[do_action]` takes every action that no other method took, and no name\n\
             for one action write `#[action(\"{text}\")]`"
        ),
        _ => format!(
            "{} takes no route: it adds its entries to those of the whole service",
            attribute(rpc)
        ),
    }
}

pub(crate) fn schema_of_self() -> String {
    "`schema` is read without a call: there is no `self`\n\
     leave `schema = ..` out, then it is that of what the method returns; or answer `#[get_schema]` with a method of its own"
        .to_owned()
}

pub(crate) fn option_form(option: &str) -> String {
    match option {
        "ordered" | "public" => format!("`{option}` takes no value: it is there or not"),
        "require" => {
            "`require` is written with `=`: a text, `require = \"role:admin\"`, or a guard, \
                      `require = my_guard`"
                .to_owned()
        }
        "list" => {
            "`list` names a method of this block: `list = stations`, without quotes or parentheses"
                .to_owned()
        }
        _ => "`schema` takes an expression: `schema = my_schema()`".to_owned(),
    }
}

pub(crate) fn needs_route(option: &str) -> String {
    format!(
        "`{option}` says something about the flights of a route, and this `#[do_get]` has none\n\
         write `#[do_get(\"..\", {option})]` with the route first"
    )
}

pub(crate) fn action_without_name() -> String {
    "`#[action]` needs the action's name: `#[action(\"compact\")]`\n\
     for every action that no other method took, write `#[do_action]`"
        .to_owned()
}

pub(crate) fn action_with_arguments(name: &str) -> String {
    format!(
        "an action has a name and no route, and `{name}` would be the name letter by letter\n\
         what varies is in the body: take it as an argument `Json<T>`, `String` or `Bytes`"
    )
}

pub(crate) fn action_reserved(name: &str) -> String {
    if name.is_empty() {
        "the name of an action is empty\n\
         for every action that no other method took, write `#[do_action]`"
            .to_owned()
    } else {
        format!(
            "the action `{name}` is reserved: names that start with `flight-runtime.` are the server's own"
        )
    }
}

// ---- who may call

pub(crate) fn grant_name_empty(kind: GrantKind) -> String {
    format!("the name of a {} is empty", kind.word())
}

pub(crate) fn grant_name(kind: GrantKind, found: &str) -> String {
    let words: Vec<String> = found
        .split(|c: char| c == '|' || c == ',' || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .map(|word| format!("{word:?}"))
        .collect();
    let fix = match &words[..] {
        [] => String::new(),
        words => format!(
            "\nfor several write `{}({})`",
            kind.option(),
            words.join(", ")
        ),
    };
    format!(
        "`{found}` cannot be the name of a {}: a name has neither `|` nor white space{fix}",
        kind.word()
    )
}

pub(crate) fn grant_declared_twice(kind: GrantKind, name: &str) -> String {
    format!("the {} `{name}` is declared twice", kind.word())
}

pub(crate) fn public_and_require() -> String {
    "`public` and `require` contradict each other: the one lets in callers without credentials, the other keeps \
     them out\n\
     leave one of them out"
        .to_owned()
}

pub(crate) fn require_empty() -> String {
    "`require` names nothing that a caller must have\n\
     name it, `require = \"role:admin\"`, or leave `require` out; for everybody write `public`"
        .to_owned()
}

pub(crate) fn require_gap() -> String {
    "an alternative of `require` is empty: one `|` stands between two, `\"role:admin | role:operator\"`"
        .to_owned()
}

pub(crate) fn require_joined(texts: &[String]) -> String {
    format!(
        "alternatives stand in one text: `require = {:?}`",
        texts.join(" | ")
    )
}

pub(crate) fn require_twice(alternative: &str) -> String {
    format!("`{alternative}` is in this `require` twice: leave one of them out")
}

const KINDS: &str =
    "what a caller must have is `role:NAME` or `scope:NAME`; alternatives are separated by `|`";

pub(crate) fn require_without_kind(found: &str, likely: Option<&str>) -> String {
    format!(
        "`{found}` does not say whether it is a role or a scope{}\n{KINDS}",
        likely_meant(likely)
    )
}

pub(crate) fn require_kind(found: &str, likely: Option<&str>) -> String {
    format!(
        "`{found}` is neither `role` nor `scope`{}\n{KINDS}",
        likely_meant(likely)
    )
}

pub(crate) fn require_without_name(kind: GrantKind, names: &[String], attribute: &str) -> String {
    let word = kind.word();
    let fix = match names {
        [] => declare(kind, "admin", attribute),
        names => declared(kind, names),
    };
    format!("no name follows `{word}:`\n{fix}")
}

pub(crate) fn require_white_space(kind: GrantKind, name: &str) -> String {
    format!(
        "`{}` cannot be the name of a {}: a name has no white space\n\
         alternatives are separated by `|`; for what must hold at the same time write a guard",
        name.trim(),
        kind.word()
    )
}

pub(crate) fn require_spaced(kind: GrantKind, name: &str) -> String {
    let word = kind.word();
    format!("no white space belongs around the `:`; write `{word}:{name}`")
}

pub(crate) fn require_commas(texts: &[String]) -> String {
    format!(
        "alternatives are separated by `|`, and not by a comma; write `{}`",
        texts.join(" | ")
    )
}

pub(crate) fn require_other_kind(kind: GrantKind, name: &str, other: GrantKind) -> String {
    let (word, other) = (kind.word(), other.word());
    format!(
        "`{name}` is declared as a {other}, and not as a {word}; did you mean `{other}:{name}`?"
    )
}

pub(crate) fn require_undeclared(
    kind: GrantKind,
    name: &str,
    names: &[String],
    attribute: &str,
) -> String {
    let (word, option) = (kind.word(), kind.option());
    if names.is_empty() {
        return format!(
            "the {word} `{name}` is not declared: this block declares no {option}\n{}",
            declare(kind, name, attribute)
        );
    }
    let has = declared(kind, names);
    if names.contains(&format!("{word}:{name}")) {
        return format!(
            "the {word} `{name}` is not declared on this block\n\
             {has}; a name is declared without its kind: `{option}({name:?})`"
        );
    }
    match closest(name, names.iter().map(String::as_str)) {
        Some(likely) => format!(
            "the {word} `{name}` is not declared on this block; did you mean `{word}:{likely}`?\n{has}"
        ),
        None => format!(
            "the {word} `{name}` is not declared on this block\n{has}; add `{name:?}` to `{option}(..)`"
        ),
    }
}

/// The declared names of a kind.
fn declared(kind: GrantKind, names: &[String]) -> String {
    match names {
        [only] => format!("its only {} is `{only}`", kind.word()),
        names => format!("its {} are {}", kind.option(), listed(names)),
    }
}

/// How a block declares its first name of a kind.
fn declare(kind: GrantKind, name: &str, attribute: &str) -> String {
    let each = match attribute {
        "flight_service" => "each trait declares its own",
        _ => "each block declares its own, a part as well",
    };
    format!(
        "write `#[{attribute}({}({name:?}))]`; {each}",
        kind.option()
    )
}

// ---- routes

pub(crate) fn route_empty(rpc: Rpc) -> String {
    format!(
        "the route is empty; for every call that no other method took, write {}",
        attribute(rpc)
    )
}

pub(crate) fn route_no_path(query: &str) -> String {
    format!("the route has no path before `?`: write `name?{query}`")
}

pub(crate) fn route_edge_slash(edge: &str, path: &str, rpc: Rpc) -> String {
    if path.is_empty() {
        return format!(
            "a route does not {edge} with `/`, and nothing is left of this one; for every call that no other method took, write {}",
            attribute(rpc)
        );
    }
    format!("a route does not {edge} with `/`: write `{path}`")
}

pub(crate) fn route_empty_segment() -> String {
    "a segment of the route is empty: `//`".to_owned()
}

pub(crate) fn route_url(path: &str) -> String {
    format!("a route is no URL: it has neither scheme nor host; write `{path}`")
}

pub(crate) fn route_mixed_segment(segment: &str) -> String {
    let inner = segment.trim_start_matches('$');
    let inner = inner.trim_start_matches('{').trim_end_matches('}');
    if segment.starts_with(['$', '{']) && segment.ends_with('}') && !inner.contains(['{', '}', '$'])
    {
        return format!(
            "an argument is written in one pair of braces: `{{{inner}}}`, and not `{segment}`"
        );
    }
    if let Some((text, names)) = segment.split_once('&')
        && names.starts_with('{')
        && !text.is_empty()
    {
        return format!(
            "the first query argument follows a `?`, and not a `&`: write `{text}?{names}`"
        );
    }
    format!(
        "the segment `{segment}` mixes text and arguments\n\
         a segment is either text or exactly one `{{name}}`; split it with `/`, or take the whole segment and parse \
         it in the argument's `FromStr`"
    )
}

pub(crate) fn route_braces(part: &str) -> String {
    format!("the braces in `{part}` do not match: an argument is written `{{name}}`")
}

pub(crate) fn route_name(found: &str) -> String {
    if found.is_empty() {
        "`{}` has no name: write the name of an argument of the method between the braces"
            .to_owned()
    } else if found.trim() != found {
        format!(
            "no white space belongs into the braces: write `{{{}}}`",
            found.trim()
        )
    } else if let Some((name, "path" | ".*" | ".+")) = found.split_once(':') {
        format!(
            "`{{{found}}}` is how other frameworks write the rest of a path: here it is `{{*{name}}}`"
        )
    } else if let Some(name) = found
        .strip_suffix("...")
        .or_else(|| found.strip_suffix(".."))
    {
        format!(
            "`{{{found}}}` is how other frameworks write the rest of a path: here it is `{{*{name}}}`"
        )
    } else if let Some((name, _)) = found.split_once('=') {
        format!(
            "`{{{found}}}` has a default, which belongs into the method: write `{{{name}}}` with an argument of type `Option<T>`, \
             and `{name}.unwrap_or(..)` in the body"
        )
    } else if found.contains('-') {
        format!(
            "`{found}` cannot be the name of an argument: write `{{{}}}`",
            found.replace('-', "_")
        )
    } else if let Some((name, _)) = found.split_once(':') {
        format!("`{{{found}}}` has a type: write `{{{name}}}`, the type is the argument's own")
    } else if let Some(name) = found.strip_prefix("r#") {
        format!("`{{{found}}}` is raw: write `{{{name}}}`, the argument keeps its `r#`")
    } else if let Some(name) = found.strip_suffix('?') {
        format!(
            "`{{{found}}}` is no name: an optional value is `{{{name}}}` after the route's `?`, \
             with an argument of type `Option<T>`"
        )
    } else {
        format!("`{found}` cannot be the name of an argument")
    }
}

pub(crate) fn route_other_rest(segment: &str) -> String {
    let name = match segment.trim_start_matches('*') {
        "" => "rest",
        name => name,
    };
    format!(
        "`{segment}` is how other frameworks write the rest of a path: here it is `{{*{name}}}`"
    )
}

pub(crate) fn route_other_style(segment: &str, name: &str) -> String {
    format!("`{segment}` is how other frameworks write an argument: here it is `{{{name}}}`")
}

pub(crate) fn route_rest_not_last(segment: &str) -> String {
    format!("`{segment}` takes the rest of the path: it can only be the last segment")
}

pub(crate) fn route_character(character: char, segment: &str) -> String {
    format!(
        "`{}` cannot be in a route's text (in `{segment}`)\n\
         the text is made of `A-Z`, `a-z`, `0-9`, `-`, `.`, `_` and `~`, so that it looks the same in a ticket",
        character.escape_debug()
    )
}

pub(crate) fn route_query_empty() -> String {
    "nothing follows the `?`: name an argument, `?{limit}`, or leave the `?` out".to_owned()
}

pub(crate) fn route_second_question_mark() -> String {
    "a route has one `?`; arguments after it are joined with `&`: `?{since}&{limit}`".to_owned()
}

pub(crate) fn route_query_entry(entry: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => format!(
            "`{entry}` is no argument: write `{{{name}}}`, the argument's name is also the key"
        ),
        None if entry.starts_with('{') && entry.ends_with('}') && entry.contains('&') => format!(
            "`{entry}` is no argument: each has braces of its own, `{}`",
            entry.replace('&', "}&{")
        ),
        None if entry.contains("},{") || entry.contains("};{") => format!(
            "query arguments are joined with `&`: write `{}`",
            entry.replace([',', ';'], "&")
        ),
        None => {
            format!(
                "`{entry}` is no argument: after `?` there are only `{{name}}`s, joined with `&`"
            )
        }
    }
}

pub(crate) fn route_query_rest(name: &str) -> String {
    format!(
        "`{{*{name}}}` cannot be after `?`: write `{{{name}}}` with an argument of type `Vec<T>`, which may repeat"
    )
}

pub(crate) fn route_name_twice(name: &str) -> String {
    format!("`{{{name}}}` is in this route twice: each argument has one place")
}

pub(crate) fn route_name_unknown(name: &str, arguments: &[String], free: &[String]) -> String {
    let has = match arguments {
        [] => "the method takes no arguments".to_owned(),
        [only] => format!("the method's argument is `{only}`"),
        several => format!("the method's arguments are {}", listed(several)),
    };
    let fix = match closest(name, free.iter().map(String::as_str)) {
        Some(likely) => format!("; did you mean `{{{likely}}}`?"),
        None => {
            // A keyword is a name too, with `r#` in front of it.
            let raw = if syn::parse_str::<syn::Ident>(name).is_ok() {
                ""
            } else {
                "r#"
            };
            format!("; add `{raw}{name}: String`, or a type of your own")
        }
    };
    format!("the route names `{{{name}}}`, and no argument is called so\n{has}{fix}")
}

pub(crate) fn route_argument_pattern(name: &str) -> String {
    format!(
        "`{name}` comes from the route: write it as a plain `{name}: T` and take it apart in the body\n\
         each name of the route is an argument of its own"
    )
}

// ---- signatures

pub(crate) fn no_receiver(name: &str) -> String {
    format!(
        "`{name}` takes no `&self`: a handler is a method of the service\nwrite `fn {name}(&self, ..)`"
    )
}

pub(crate) fn mutable_receiver() -> String {
    "a handler takes `&self`, not `&mut self`: handlers run at the same time\n\
     for state that changes use interior mutability, such as a `Mutex` or an atomic"
        .to_owned()
}

pub(crate) fn owned_receiver(found: &str) -> String {
    format!(
        "a handler takes `&self`, not `{found}`: the service is shared by all calls\n\
         a stream may borrow from `&self` for as long as it runs; nothing needs to be cloned"
    )
}

pub(crate) fn lifetime_receiver() -> String {
    "a handler takes a plain `&self`, with neither a lifetime nor a type".to_owned()
}

pub(crate) fn generics() -> String {
    "a handler has no generic parameters: it is called with what came over the wire, so nobody chooses them\n\
     name the types, or put the parameters on the impl block"
        .to_owned()
}

pub(crate) fn argument_condition() -> String {
    "`#[cfg(..)]` cannot be on an argument of a handler: the condition is not decided yet when the handlers are collected\n\
     put it on the method, and `#[cfg(not(..))]` on an alternative without the argument"
        .to_owned()
}

pub(crate) fn impl_argument() -> String {
    "an argument of a handler has a named type: nobody chooses what `impl Trait` stands for"
        .to_owned()
}

pub(crate) fn borrowed_argument(ty: &str, owned: &str) -> String {
    format!("an argument of a handler is owned, and `{ty}` borrows: write `{owned}`")
}

pub(crate) fn borrowed_reply(ty: &str, owned: &str) -> String {
    format!(
        "what a handler returns is owned, and `{ty}` borrows: write `{owned}`\n\
         a clone of a `RecordBatch`, of `Bytes` or of an `Arc` shares its memory"
    )
}

pub(crate) fn future_reply(method: &str) -> String {
    format!(
        "a handler that awaits is an `async fn`: write `async fn {method}(..)`, and what the future gives as the return type"
    )
}

pub(crate) fn borrowing_reader() -> String {
    "this reader may borrow from `&self`, and it is read when the handler has returned\n\
     one that owns what it needs says so: `impl RecordBatchReader + Send + use<>`"
        .to_owned()
}

pub(crate) fn borrowing_iterator(method: &str) -> String {
    format!(
        "this iterator may borrow from `&self`, and what an `async fn` leaves behind must not\n\
         write `fn {method}(..)`, which runs on a thread of its own, or return a `Vec`; one that owns what it needs says so: `+ use<>`"
    )
}

pub(crate) fn modifier(found: &str) -> String {
    format!("a handler is an `async fn` or a `fn`, and never `{found}`")
}

pub(crate) fn variadic() -> String {
    "a handler has no variadic arguments".to_owned()
}

// ---- across methods

pub(crate) fn route_taken(rpc: Rpc, route: &str, other: &str, other_method: &str) -> String {
    if route == other {
        format!(
            "{} has the route `{route}` twice: `{other_method}` answers it already",
            attribute(rpc)
        )
    } else {
        format!(
            "the route `{route}` is ambiguous: some calls would match `{other}` of `{other_method}` as well\n\
             tell them apart by a text segment, such as `by-name/{{name}}`"
        )
    }
}

pub(crate) fn first_is_here(what: &str) -> String {
    format!("note: the first {what} is here")
}

pub(crate) fn catch_all_twice(rpc: Rpc, other: &str) -> String {
    match rpc {
        Rpc::ListFlights | Rpc::ListActions => format!(
            "a block has one {}, and `{other}` is it: chain the entries there",
            attribute(rpc)
        ),
        Rpc::DoAction => format!(
            "`#[do_action]` takes every action that no other method took, and `{other}` does so already\n\
             name the action: `#[action(\"..\")]`"
        ),
        _ => format!(
            "{} without a route takes every call that no other method took, and `{other}` does so already\n\
             give one of them a route: `#[{}(\"..\")]`",
            attribute(rpc),
            rpc.attribute()
        ),
    }
}

pub(crate) fn action_twice(name: &str, other: &str) -> String {
    format!("the action `{name}` is answered by `{other}` already")
}

pub(crate) fn list_unknown(found: &str, methods: &[String]) -> String {
    let has = if methods.is_empty() {
        "the block has no method without an RPC attribute".to_owned()
    } else {
        format!(
            "methods without an RPC attribute are {}{}",
            listed(methods),
            did_you_mean(found, methods)
        )
    };
    format!("`list` names a method of this block, and none is called `{found}`\n{has}")
}

pub(crate) fn list_is_handler(found: &str, rpc: Rpc) -> String {
    format!(
        "`list` names a method that yields the values of the route's arguments, and `{found}` is a handler of {}\n\
         write a method without an RPC attribute",
        attribute(rpc)
    )
}

pub(crate) fn list_without_arguments(route: &str) -> String {
    format!("the route `{route}` has no path arguments: it is listed by itself, leave `list` out")
}

pub(crate) fn constructor_taken(name: &str, method: &str) -> String {
    format!(
        "`{name}` is the name of the function that makes addresses of `{method}`; rename this method"
    )
}
