//! Every rule: what is said about a mistake, and which of the user's tokens it is said about.

use std::fmt::Write;

use proc_macro2::TokenStream;

use super::{compare, reported, tokens};
use crate::server::{expand, expand_service, outside};

/// A mistake: what it is, the attribute's arguments, the item.
type Case = (&'static str, &'static str, &'static str);

const BLOCK: &[Case] = &[
    ("on a struct", "", "pub struct A;"),
    ("on a module", "", "mod a { #[do_get] fn f() {} }"),
    (
        "on a trait",
        "",
        "trait A { #[do_get(\"x\")] fn f(&self); }",
    ),
    (
        "on a trait's block",
        "",
        "impl Clone for A<u8> { #[do_get] async fn f(&self) {} }",
    ),
    (
        "on FlightService's own block",
        "",
        "impl flight_runtime::FlightService for A {}",
    ),
    ("an empty block", "", "impl A {}"),
    ("only unmarked methods", "", "impl A<u8> { fn f(&self) {} }"),
    (
        "an unknown option",
        "nmae = \"x\"",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "a misspelt part",
        "prat = \"x\"",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "an option of nothing",
        "nonsense",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "a bare string",
        "\"weather\"",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "an option twice",
        "name = \"x\", name = \"y\"",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "a name that is no string",
        "name = Weather",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "a name without a value",
        "name",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "an empty name",
        "name = \"\"",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "part as a list",
        "part(\"x\")",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "parts as a value",
        "parts = \"x\"",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "parts that are no strings",
        "parts(x, 1)",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "a part twice",
        "parts(\"x\", \"x\")",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "a part's name",
        "part = \"my part\"",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "an empty part",
        "parts(\"\")",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "a part with parts and a name",
        "part = \"x\", parts(\"y\"), name = \"z\"",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "a crate in quotes",
        "crate = \"x\"",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "a missing comma",
        "name = \"x\" part = \"y\"",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "not even an option",
        "1 + 2, name = ",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    (
        "a service that borrows",
        "",
        "impl<'a> A<'a> { #[do_get] async fn f(&self) {} }",
    ),
    (
        "a service that borrows without a name",
        "",
        "impl A<'_> { #[do_get] async fn f(&self) {} }",
    ),
    (
        "a service of what is static",
        "",
        "impl<'a: 'static> A<'a> { #[do_get] async fn f(&self) {} }",
    ),
];

/// Attributes and the signature of a method, each in a block of its own.
const METHOD: &[(&str, &str)] = &[
    ("a misspelt attribute", "#[do_gett] async fn f(&self) {}"),
    (
        "an attribute without underscore",
        "#[doget(\"x\")] async fn f(&self) {}",
    ),
    ("the handshake", "#[handshake] async fn f(&self) {}"),
    (
        "an attribute under a condition",
        "#[cfg_attr(feature = \"x\", do_get(\"x\"))] async fn f(&self) {}",
    ),
    ("on a constant", "#[do_get] const X: u8 = 1;"),
    ("on a type", "#[do_get] type X = u8;"),
    (
        "get of another framework",
        "#[get(\"x\")] async fn f(&self) {}",
    ),
    (
        "the route as an option",
        "#[do_get(route = \"x\")] async fn f(&self) {}",
    ),
    (
        "the route without quotes",
        "#[do_get(x)] async fn f(&self) {}",
    ),
    (
        "the name as an option",
        "#[action(name = \"x\")] async fn f(&self) {}",
    ),
    (
        "the name without quotes",
        "#[action(stop)] async fn f(&self) {}",
    ),
    (
        "an action with a route",
        "#[action(\"x/{y}\")] async fn f(&self, y: u8) {}",
    ),
    (
        "a schema of self",
        "#[do_get(\"x\", schema = { self.schema() })] async fn f(&self) {}",
    ),
    ("a typed self", "#[do_get] async fn f(self: &Self) {}"),
    (
        "a typed mutable self",
        "#[do_get] async fn f(self: &mut Self) {}",
    ),
    (
        "another name for self",
        "#[do_get] async fn f(this: &Self, text: &str) {}",
    ),
    (
        "a slice",
        "#[do_get] async fn f(&self, a: &[u16], b: &mut BatchStream, c: &'static str) {}",
    ),
    (
        "an argument twice",
        "#[do_get(\"{a}\")] async fn f(&self, a: u8, a: u8) {}",
    ),
    (
        "a borrowed reply",
        "#[action(\"x\")] async fn f(&self) -> &str {}",
    ),
    (
        "a borrowed reply in a result",
        "#[do_get] fn f(&self) -> Result<&RecordBatch, Error> {}",
    ),
    (
        "a static reply",
        "#[action(\"x\")] fn f(&self) -> &'static str {}",
    ),
    (
        "a future",
        "#[action(\"x\")] fn f(&self) -> impl Future<Output = String> + Send {}",
    ),
    (
        "an iterator of an async fn",
        "#[do_get] async fn f(&self) -> Result<impl Iterator<Item = RecordBatch>, Error> {}",
    ),
    (
        "an iterator that owns",
        "#[do_get] async fn f(&self) -> impl Iterator<Item = RecordBatch> + use<> {}",
    ),
    (
        "an iterator of a fn",
        "#[do_get] fn f(&self) -> impl Iterator<Item = RecordBatch> {}",
    ),
    (
        "a reader",
        "#[do_get] fn f(&self) -> impl RecordBatchReader + Send {}",
    ),
    ("without a body", "#[do_get] async fn f(&self);"),
    (
        "a signature that does not parse",
        "#[do_get] async fn f(&self, x: ) {}",
    ),
    (
        "one RPC twice",
        "#[do_get(\"a\")] #[do_get(\"b\")] async fn f(&self) {}",
    ),
    (
        "two RPCs",
        "#[do_get(\"a\")] #[do_put(\"b\")] async fn f(&self) {}",
    ),
    ("an equals sign", "#[do_get = \"x\"] async fn f(&self) {}"),
    (
        "an unknown option",
        "#[do_get(\"x\", shema = y())] async fn f(&self) {}",
    ),
    (
        "an option of another attribute",
        "#[do_put(\"x\", schema = y())] async fn f(&self) {}",
    ),
    (
        "an option of a bare attribute",
        "#[list_flights(sorted)] async fn f(&self) {}",
    ),
    (
        "an option of an action",
        "#[action(\"x\", description = \"y\")] async fn f(&self) {}",
    ),
    (
        "an option twice",
        "#[do_get(\"x\", ordered, ordered)] async fn f(&self) {}",
    ),
    (
        "a route that is a constant",
        "#[do_get(Self::ROUTE)] async fn f(&self) {}",
    ),
    (
        "a route that is a macro",
        "#[do_get(concat!(\"a\", \"b\"))] async fn f(&self) {}",
    ),
    (
        "an action that is a number",
        "#[action(1)] async fn f(&self) {}",
    ),
    ("two routes", "#[do_get(\"x\", \"y\")] async fn f(&self) {}"),
    ("two names", "#[action(\"x\", \"y\")] async fn f(&self) {}"),
    (
        "ordered with a value",
        "#[do_get(\"x\", ordered = true)] async fn f(&self) {}",
    ),
    (
        "schema without a value",
        "#[do_get(\"x\", schema)] async fn f(&self) {}",
    ),
    (
        "schema with parentheses",
        "#[do_get(\"x\", schema(y))] async fn f(&self) {}",
    ),
    (
        "list in quotes",
        "#[do_get(\"x/{y}\", list = \"z\")] async fn f(&self, y: u8) {}",
    ),
    (
        "ordered without a route",
        "#[do_get(ordered)] async fn f(&self) {}",
    ),
    (
        "list without a route",
        "#[do_get(list = g)] async fn f(&self) {} fn g(&self) {}",
    ),
    (
        "a route on list_flights",
        "#[list_flights(\"x\")] async fn f(&self) {}",
    ),
    (
        "a route on list_actions",
        "#[list_actions(\"x\")] async fn f(&self) {}",
    ),
    (
        "a name on do_action",
        "#[do_action(\"x\")] async fn f(&self) {}",
    ),
    ("an action without a name", "#[action] async fn f(&self) {}"),
    (
        "an action with empty parentheses",
        "#[action()] async fn f(&self) {}",
    ),
    ("an empty action", "#[action(\"\")] async fn f(&self) {}"),
    (
        "a reserved action",
        "#[action(\"flight-runtime.stop\")] async fn f(&self) {}",
    ),
    ("no self", "#[do_get] async fn f(x: Ticket) {}"),
    ("&mut self", "#[do_get] async fn f(&mut self) {}"),
    ("self", "#[do_get] async fn f(self) {}"),
    ("mut self", "#[do_get] async fn f(mut self) {}"),
    ("Arc<Self>", "#[do_get] async fn f(self: Arc<Self>) {}"),
    ("&'static self", "#[do_get] async fn f(&'static self) {}"),
    (
        "a type parameter",
        "#[do_get] async fn f<T: Read>(&self, t: T) {}",
    ),
    (
        "a lifetime",
        "#[do_get] async fn f<'a>(&self, t: Cow<'a, str>) {}",
    ),
    (
        "arguments under conditions",
        "#[do_get] async fn f(&self, #[cfg(a)] c: C, #[cfg_attr(b, cfg(a))] d: C, #[allow(unused)] e: C) {}",
    ),
    ("impl Trait", "#[do_get] async fn f(&self, t: impl Read) {}"),
    (
        "a borrowed text",
        "#[do_get(\"x/{t}\")] async fn f(&self, t: &str) {}",
    ),
    (
        "a borrowed value",
        "#[do_get] async fn f(&self, t: &'static Ticket) {}",
    ),
    ("unsafe", "#[do_get] async unsafe fn f(&self) {}"),
    ("const", "#[do_get] const fn f(&self) {}"),
    ("extern", "#[do_get] extern \"C\" fn f(&self) {}"),
    ("default", "#[do_get] default fn f(&self) {}"),
    (
        "variadic",
        "#[do_get] unsafe extern \"C\" fn f(&self, ...) {}",
    ),
    (
        "several at once",
        "#[do_get(\"/a/{x}\", sorted)] async fn f<T>(&mut self, y: &str) {}",
    ),
];

/// Routes of a method with the arguments `station: String, Json(body): Json<B>, r#type: u8`.
const ROUTE: &[(&str, &str)] = &[
    ("empty", ""),
    ("no path", "?{station}"),
    ("a slash at the start", "/a/b"),
    ("a slash at the end", "a/b/"),
    ("only a slash", "/"),
    ("an empty segment", "a//b"),
    ("text before an argument", "a/x-{station}"),
    ("text behind an argument", "a/{station}.csv"),
    ("two arguments in a segment", "{station}{type}"),
    ("an open brace", "a/{station"),
    ("a closing brace", "a/station}"),
    ("braces the wrong way round", "a/}station{"),
    ("no name", "a/{}"),
    ("a number", "a/{1}"),
    ("self", "a/{self}"),
    ("a raw name", "a/{r#type}"),
    ("a type", "a/{station:String}"),
    ("an optional argument in the path", "a/{station?}"),
    ("a colon", "a/:station"),
    ("angle brackets", "a/<station>"),
    ("the rest in the middle", "{*station}/a"),
    ("a space", "a b/c"),
    ("a percent sign", "a%20b"),
    ("an umlaut", "gruß"),
    ("nothing behind the question mark", "a?"),
    ("two question marks", "a?{station}?{type}"),
    ("a whole URL", "grpc+tls://localhost:8815/a/{station}"),
    ("a URL without a path", "grpc://localhost"),
    ("a star", "a/*station"),
    ("a star alone", "a/*"),
    ("two stars", "a/**"),
    ("square brackets", "a/[station]"),
    ("two pairs of braces", "a/{{station}}"),
    ("a dollar", "a/${station}"),
    ("two arguments in a segment", "{station}{type}"),
    ("white space in the braces", "a/{ station }"),
    ("a path converter", "a/{station:path}"),
    ("a regular expression of the rest", "a/{station:.*}"),
    ("dots", "a/{station...}"),
    ("a default", "a?{station=x}"),
    ("a hyphen", "a/{my-station}"),
    ("a comma in the query", "a?{station},{type}"),
    ("one pair of braces for two", "a?{station&type}"),
    ("an ampersand for the question mark", "a&{station}"),
    ("a keyword that is no argument", "a/{fn}"),
    ("a key", "a?station={station}"),
    ("a bare key", "a?station"),
    ("an empty entry", "a?{station}&"),
    ("the rest in the query", "a?{*station}"),
    ("a name twice", "a/{station}?{station}"),
    ("an unknown name", "a/{year}"),
    ("a name that is nearly there", "a/{sation}"),
    ("a name in a pattern", "a/{body}"),
    ("several at once", "/a b/{year}?{since}"),
];

/// Several methods of one block.
const ACROSS: &[(&str, &str)] = &[
    (
        "one route twice",
        "#[do_get(\"a/{x}\")] async fn f(&self, x: u8) {} #[do_get(\"a/{x}\")] async fn g(&self, x: u8) {}",
    ),
    (
        "an ambiguous route",
        "#[do_get(\"a/{x}\")] async fn f(&self, x: u8) {} #[do_get(\"a/{y}?{z}\")] async fn g(&self, y: u8, z: u8) {}",
    ),
    (
        "rest against argument",
        "#[do_get(\"a/{x}\")] async fn f(&self, x: u8) {} #[do_get(\"a/{*y}\")] async fn g(&self, y: String) {}",
    ),
    (
        "one route for two RPCs",
        "#[do_get(\"a\")] async fn f(&self) {} #[do_put(\"a\")] async fn g(&self) {}",
    ),
    (
        "text beside an argument",
        "#[do_get(\"a/{x}\")] async fn f(&self, x: u8) {} #[do_get(\"a/b\")] async fn g(&self) {}",
    ),
    (
        "alternatives",
        "#[cfg(a)] #[do_get(\"a\")] async fn f(&self) {} #[cfg(not(a))] #[do_get(\"a\")] async fn g(&self) {}",
    ),
    (
        "one condition twice",
        "#[cfg(a)] #[do_get(\"a\")] async fn f(&self) {} #[cfg(a)] #[do_get(\"a\")] async fn g(&self) {}",
    ),
    (
        "a condition against none",
        "#[cfg(a)] #[do_get(\"a\")] async fn f(&self) {} #[do_get(\"a\")] async fn g(&self) {}",
    ),
    (
        "three of one route",
        "#[do_get(\"a\")] async fn f(&self) {} #[do_get(\"a\")] async fn g(&self) {} #[do_get(\"a\")] async fn h(&self) {}",
    ),
    (
        "two catch-alls",
        "#[do_get] async fn f(&self) {} #[do_get] async fn g(&self) {}",
    ),
    (
        "two do_actions",
        "#[do_action] async fn f(&self) {} #[do_action] async fn g(&self) {}",
    ),
    (
        "two list_flights",
        "#[list_flights] async fn f(&self) {} #[list_flights] async fn g(&self) {}",
    ),
    (
        "an action twice",
        "#[action(\"a\")] async fn f(&self) {} #[action(\"a\")] async fn g(&self) {}",
    ),
    (
        "list of nothing",
        "#[do_get(\"a/{x}\", list = staions)] async fn f(&self, x: u8) {} fn stations(&self) {} fn none() {}",
    ),
    (
        "list without candidates",
        "#[do_get(\"a/{x}\", list = stations)] async fn f(&self, x: u8) {}",
    ),
    (
        "list of a handler",
        "#[do_get(\"a/{x}\", list = g)] async fn f(&self, x: u8) {} #[do_put] async fn g(&self) {}",
    ),
    (
        "list of a route without arguments",
        "#[do_get(\"a?{x}\", list = g)] async fn f(&self, x: u8) {} fn g(&self) {}",
    ),
    (
        "list of a method that cannot be called",
        "#[do_get(\"a/{x}\", list = g)] async fn f(&self, x: u8) {} fn g<T>(&mut self) {}",
    ),
    (
        "the constructor's name",
        "#[do_get(\"a\")] async fn f(&self) {} fn f_route() {}",
    ),
];

pub(super) fn page(cases: impl IntoIterator<Item = (String, String, String)>) -> String {
    page_of(expand, "flight_server", cases)
}

fn page_of(
    expand: fn(TokenStream, TokenStream) -> TokenStream,
    name: &str,
    cases: impl IntoIterator<Item = (String, String, String)>,
) -> String {
    let mut page = String::new();
    for (what, attribute, item) in cases {
        let expansion = expand(tokens(&attribute), tokens(&item));
        let shown = if attribute.is_empty() {
            item
        } else {
            format!("#[{name}({attribute})] {item}")
        };
        writeln!(page, "# {what}\n{shown}").expect("text");
        for (at, message) in reported(&expansion) {
            let message = message.replace('\n', "\n    ");
            writeln!(
                page,
                "  {}\n    {message}",
                if at.is_empty() {
                    "(the attribute)"
                } else {
                    &at
                }
            )
            .expect("text");
        }
        page.push('\n');
    }
    page
}

/// Mistakes of a trait, or of a block that implements one.
const CONTRACT: &[Case] = &[
    (
        "a contract of a type's own block",
        "",
        "impl A { #[do_get] async fn f(&self) {} }",
    ),
    ("a contract of a struct", "", "struct A;"),
    (
        "a contract in parts",
        "parts(\"b\")",
        "trait A { #[do_get] async fn f(&self) -> RecordBatch; }",
    ),
    (
        "a generic contract",
        "client = C",
        "trait A<T> { #[do_get] async fn f(&self) -> RecordBatch; }",
    ),
    (
        "a contract without a handler",
        "",
        "trait A { fn f(&self); }",
    ),
    (
        "a client of `Self`",
        "client = C",
        "trait A { #[action(\"a\")] async fn f(&self) -> Json<Self::B>; type B; }",
    ),
    (
        "an owned receiver",
        "",
        "trait A { #[do_get] async fn f(self) -> RecordBatch; }",
    ),
    (
        "options on an implementation",
        "client = C",
        "impl A for B { async fn f(&self) {} }",
    ),
    (
        "an undeclared role of a contract",
        "",
        "trait A { #[action(\"a\", require = \"role:admin\")] async fn f(&self); }",
    ),
    (
        "an unknown option of a contract",
        "nmae = \"a\"",
        "trait A { #[action(\"a\")] async fn f(&self); }",
    ),
    (
        "an unknown option on an implementation",
        "nonsense",
        "impl A for B { async fn f(&self) {} }",
    ),
    (
        "an implementation that borrows",
        "",
        "impl A for B<'_> { async fn f(&self) {} }",
    ),
];

/// Mistakes of a client.
const CLIENT: &[Case] = &[
    (
        "no name",
        "client",
        "impl A { #[action(\"a\")] fn f(&self) {} }",
    ),
    (
        "a name in quotes",
        "client = \"C\"",
        "impl A { #[action(\"a\")] fn f(&self) {} }",
    ),
    (
        "a path",
        "client = a::C",
        "impl A { #[action(\"a\")] fn f(&self) {} }",
    ),
    (
        "a function that every client has",
        "client = C",
        "impl A { #[action(\"a\")] fn connect(&self) {} }",
    ),
    (
        "a type of the block's own",
        "client = C",
        "impl<T: B> A<T> { #[action(\"a\")] fn f(&self, Json(a): Json<T>) -> Json<Vec<Self>> {} }",
    ),
];

#[test]
fn of_a_contract() {
    let cases = CONTRACT
        .iter()
        .map(|(what, attribute, item)| (what.to_string(), attribute.to_string(), item.to_string()));
    compare(
        "contract.mistakes.txt",
        &page_of(expand_service, "flight_service", cases),
    );
}

#[test]
fn of_a_client() {
    let cases = CLIENT
        .iter()
        .map(|(what, attribute, item)| (what.to_string(), attribute.to_string(), item.to_string()));
    compare("client.mistakes.txt", &page(cases));
}

#[test]
fn of_the_block() {
    let cases = BLOCK
        .iter()
        .map(|(what, attribute, item)| (what.to_string(), attribute.to_string(), item.to_string()));
    compare("block.mistakes.txt", &page(cases));
}

#[test]
fn of_a_method() {
    let cases = METHOD.iter().map(|(what, method)| {
        (
            what.to_string(),
            String::new(),
            format!("impl A {{ {method} }}"),
        )
    });
    compare("method.mistakes.txt", &page(cases));
}

#[test]
fn of_a_route() {
    let cases = ROUTE.iter().map(|(what, route)| {
        let item = format!(
            "impl A {{ #[do_get(\"{route}\")] async fn f(&self, station: String, Json(body): Json<B>, r#type: u8) {{}} }}"
        );
        (what.to_string(), String::new(), item)
    });
    compare("route.mistakes.txt", &page(cases));
}

#[test]
fn across_methods() {
    let cases = ACROSS.iter().map(|(what, methods)| {
        (
            what.to_string(),
            String::new(),
            format!("impl A {{ {methods} }}"),
        )
    });
    compare("across.mistakes.txt", &page(cases));
}

#[test]
fn outside_of_a_block() {
    let expansion = outside("do_get", tokens("fn f() {}"));
    let [(_, message)] = &reported(&expansion)[..] else {
        panic!("one mistake: {expansion}");
    };
    assert_eq!(
        message,
        "`#[do_get]` belongs on a method of an impl block under `#[flight_server]`, or of a trait under `#[flight_service]`"
    );
    assert!(expansion.to_string().ends_with("fn f () { }"));
}

#[test]
fn one_mistake_leaves_the_other_methods_in_the_table() {
    let expansion = expand(
        tokens(""),
        tokens(
            "impl A {
                #[do_get(\"a\")] async fn good(&self) -> BatchStream { todo!() }
                #[do_get(\"b\")] async fn bad(&mut self) -> BatchStream { todo!() }
                #[do_get(\"c\")] async fn typing(&self, x) -> BatchStream { todo!() }
            }",
        ),
    );
    assert_eq!(reported(&expansion).len(), 2);
    let text = expansion.to_string();
    for kept in [
        "Self :: good",
        "fn good_route",
        "async fn bad (& mut self)",
        "async fn typing (& self , x)",
    ] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    assert!(!text.contains("Self :: bad"), "{text}");
}

#[test]
fn the_item_is_always_there() {
    let cases = BLOCK.iter().map(|(_, attribute, item)| (*attribute, *item));
    for (attribute, item) in cases.filter(|(_, item)| !item.contains("do_get")) {
        let expansion = expand(tokens(attribute), tokens(item)).to_string();
        let item = tokens(item).to_string();
        assert!(expansion.starts_with(&item), "{item} in {expansion}");
    }
}
