//! Routes: which handler an address belongs to, and the arguments in it.

mod address;
mod value;

use std::fmt;

use crate::Error;

use address::decode;
pub use address::{Address, AddressBuilder};
#[doc(hidden)]
pub use address::{FilledQuery, filled};
pub(crate) use value::read_path;
pub use value::{Absent, ArgKind, QueryValue, RouteValue};
#[doc(hidden)]
pub use value::{absent, path_kind, query_kind};

/// A route as the macro read it: `stations/{station}?{since}`.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct RouteDef {
    /// The text as the user wrote it.
    pub text: &'static str,
    /// The segments before the `?`.
    pub path: &'static [Segment],
    /// The names behind it.
    pub query: &'static [&'static str],
}

/// One segment of a route's path.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Text that must be there.
    Literal(&'static str),
    /// `{name}`: one segment.
    Arg(&'static str),
    /// `{*name}`: one segment or more, to the end.
    Rest(&'static str),
}

impl RouteDef {
    /// Whether the path names one flight alone.
    pub(crate) fn is_fixed(&self) -> bool {
        self.path
            .iter()
            .all(|segment| matches!(segment, Segment::Literal(_)))
    }

    /// Whether ListFlights can list it by its text alone, with no value for any argument.
    pub(crate) fn is_listed(&self, args: &[ArgDef]) -> bool {
        self.is_fixed() && args.iter().all(|arg| (arg.kind)() != ArgKind::Required)
    }

    /// The part before the `?`, in `matchit`'s syntax, which is the same.
    pub(crate) fn pattern(&self) -> &'static str {
        self.text
            .split_once('?')
            .map_or(self.text, |(path, _)| path)
    }

    /// Whether ListFlights with this criteria lists flights of this route: its text up to the first argument
    /// and the criteria must agree as far as both go.
    pub(crate) fn may_start_with(&self, prefix: &str) -> bool {
        let literal = self.text.split(['{', '?']).next().unwrap_or_default();
        literal.starts_with(prefix) || prefix.starts_with(literal)
    }
}

impl fmt::Display for RouteDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// One argument of a route, in the order of the route's text.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct ArgDef {
    /// The name, without `r#`.
    pub name: &'static str,
    /// Its Rust type as the user wrote it.
    pub ty: &'static str,
    /// Whether it may be absent or repeat.
    pub kind: fn() -> ArgKind,
}

/// The texts of a route's arguments, in the order of its [`ArgDef`]s: none, one or several each.
#[derive(Clone, Debug, Default)]
pub(crate) struct ArgTexts(Vec<Vec<String>>);

impl ArgTexts {
    /// The texts of the argument at this place.
    pub(crate) fn get(&self, index: usize) -> &[String] {
        self.0.get(index).map_or(&[], Vec::as_slice)
    }
}

/// The routes of one kind of call, and what lies behind each.
pub(crate) struct Router {
    paths: matchit::Router<usize>,
    routes: Vec<(RouteDef, &'static [ArgDef])>,
}

impl Router {
    pub(crate) fn new() -> Self {
        Self {
            paths: matchit::Router::new(),
            routes: Vec::new(),
        }
    }

    /// Adds a route; on a clash, gives the index of the route it clashes with.
    pub(crate) fn insert(&mut self, route: RouteDef, args: &'static [ArgDef]) -> Result<(), usize> {
        match self.paths.insert(route.pattern(), self.routes.len()) {
            Ok(()) => {
                self.routes.push((route, args));
                Ok(())
            }
            Err(_) => Err(self.clash(&route)),
        }
    }

    /// Which route it is that a refused one clashes with.
    fn clash(&self, route: &RouteDef) -> usize {
        self.routes
            .iter()
            .position(|(other, _)| {
                let mut pair = matchit::Router::new();
                pair.insert(other.pattern(), ()).is_ok()
                    && pair.insert(route.pattern(), ()).is_err()
            })
            .unwrap_or_default()
    }

    /// The route that an address belongs to, and what reads its arguments; `None` when there is none. They are apart, because for whoever may not use the
    /// route they are not even read.
    pub(crate) fn find<'a>(
        &'a self,
        address: &'a Address,
    ) -> Option<(usize, impl FnOnce() -> Result<ArgTexts, Error> + use<'a>)> {
        let found = self.paths.at(address.path()).ok()?;
        let index = *found.value;
        let (route, args) = self.routes.get(index)?;
        let params = found.params;
        Some((index, move || arguments(route, args, &params, address)))
    }
}

/// How often an argument may stand in one address. An address may be as long as a message, and each value takes more than its text.
const MOST_VALUES: usize = 1 << 16;

/// # Errors
///
/// INVALID_ARGUMENT for a query argument that the route does not have or that comes too often, and for text that is not UTF-8.
fn arguments(
    route: &RouteDef,
    args: &[ArgDef],
    params: &matchit::Params<'_, '_>,
    address: &Address,
) -> Result<ArgTexts, Error> {
    let mut texts = vec![Vec::new(); args.len()];
    for (slot, arg) in texts.iter_mut().zip(args) {
        if let Some(value) = params.get(arg.name) {
            slot.push(decode(value)?);
        }
    }
    for pair in address.query() {
        let (name, value) = pair?;
        let mut known = args.iter().zip(&mut texts);
        let known = known.find(|(arg, _)| arg.name == name && route.query.contains(&arg.name));
        let Some((arg, slot)) = known else {
            return Err(unknown_argument(route, &name));
        };
        slot.push(value);
        match (arg.kind)() {
            // Two of them are an error already, which says what was expected.
            ArgKind::Required | ArgKind::Optional if slot.len() > 1 => break,
            _ if slot.len() > MOST_VALUES => {
                return Err(Error::invalid_argument(format!(
                    "argument `{name}` has more than {MOST_VALUES} values"
                )));
            }
            _ => {}
        }
    }
    Ok(ArgTexts(texts))
}

fn unknown_argument(route: &RouteDef, name: &str) -> Error {
    let mut text = format!("`{route}` has no argument `{}`", shorten(name));
    if route.query.is_empty() {
        text.push_str("; it takes none after `?`");
    } else {
        text.push_str("; it takes ");
        text.push_str(&list(route.query.iter().copied()));
    }
    Error::invalid_argument(text)
}

/// `` there is `a` ``, `` there are `a` and `b` ``
pub(crate) fn there_are<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("there {verb} {}", list(names))
}

/// `` `a`, `b` and `c` ``
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// What a client sent, cut to a length that an error can carry, with control characters escaped.
pub(crate) fn shorten(text: &str) -> String {
    const MOST: usize = 80;
    let mut short: String = text
        .chars()
        .take(MOST)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(MOST).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATION: RouteDef = RouteDef {
        text: "stations/{station}?{since}",
        path: &[Segment::Literal("stations"), Segment::Arg("station")],
        query: &["since"],
    };
    const ARGS: &[ArgDef] = &[
        ArgDef {
            name: "station",
            ty: "String",
            kind: || ArgKind::Required,
        },
        ArgDef {
            name: "since",
            ty: "Option<i32>",
            kind: || ArgKind::Optional,
        },
    ];

    fn router() -> Router {
        let mut router = Router::new();
        router.insert(STATION, ARGS).unwrap();
        router
    }

    fn find(text: &str) -> Option<Result<Vec<Vec<String>>, Error>> {
        let address = Address::from_bytes(text.as_bytes()).unwrap();
        router()
            .find(&address)
            .map(|(_, read)| read().map(|texts| texts.0))
    }

    #[test]
    fn arguments_come_in_the_order_of_the_route() {
        let texts = find("stations/a%2Fb?since=1&since=2").unwrap().unwrap();
        assert_eq!(
            texts,
            vec![vec!["a/b".to_owned()], vec!["1".to_owned(), "2".to_owned()]]
        );
    }

    #[test]
    fn no_more_arguments_are_read_than_there_may_be() {
        const LISTED: RouteDef = RouteDef {
            text: "all?{id}",
            path: &[Segment::Literal("all")],
            query: &["id"],
        };
        const IDS: &[ArgDef] = &[ArgDef {
            name: "id",
            ty: "Vec<u32>",
            kind: || ArgKind::Repeated,
        }];
        let mut router = Router::new();
        router.insert(LISTED, IDS).unwrap();
        let read = |count| {
            let text = format!("all?{}", "id=&".repeat(count));
            let address = Address::from_bytes(text.as_bytes()).unwrap();
            let (_, read) = router.find(&address).unwrap();
            read().map(|texts| texts.get(0).len())
        };
        assert_eq!(read(MOST_VALUES).unwrap(), MOST_VALUES);
        let error = read(MOST_VALUES + 1).unwrap_err();
        assert!(
            error.message().contains("more than 65536 values"),
            "{error}"
        );
        // What comes behind the first that is wrong is not looked at.
        let long = format!("stations/a?{}", "since=1&".repeat(1_000_000));
        assert_eq!(find(&long).unwrap().unwrap()[1].len(), 2);
        let error = find(&long.replace("since", "a")).unwrap().unwrap_err();
        assert!(error.message().contains("no argument `a`"), "{error}");
    }

    #[test]
    fn other_paths_are_not_found() {
        for text in [
            "",
            "stations",
            "stations/",
            "stations/a/b",
            "/stations/a",
            "other/a",
        ] {
            assert!(find(text).is_none(), "{text}");
        }
    }

    #[test]
    fn no_argument_takes_an_empty_segment() {
        const PAIR: RouteDef = RouteDef {
            text: "{station}/{since}",
            path: &[Segment::Arg("station"), Segment::Arg("since")],
            query: &[],
        };
        const ONE: RouteDef = RouteDef {
            text: "{station}",
            path: &[Segment::Arg("station")],
            query: &[],
        };
        let mut router = Router::new();
        router.insert(PAIR, ARGS).unwrap();
        router.insert(ONE, ARGS).unwrap();
        let found = |a: &str, b: &str| {
            let address = Address::build().arg(&a).arg(&b).finish();
            router.find(&address).map(|(index, _)| index)
        };
        assert_eq!(found("a", "b"), Some(0));
        for (a, b) in [("", "b"), ("a", ""), ("", "")] {
            assert_eq!(found(a, b), None, "{a:?} {b:?}");
        }
    }

    #[test]
    fn an_unknown_query_argument_is_named() {
        let error = find("stations/a?until=3").unwrap().unwrap_err();
        assert_eq!(
            error.message(),
            "`stations/{station}?{since}` has no argument `until`; it takes `since`"
        );
        // A path argument cannot be given behind the `?`.
        assert!(find("stations/a?station=b").unwrap().is_err());
    }

    #[test]
    fn a_clash_names_the_other_route() {
        let mut router = router();
        let other = RouteDef {
            text: "a/b",
            path: &[Segment::Literal("a"), Segment::Literal("b")],
            query: &[],
        };
        router.insert(other, &[]).unwrap();
        let again = RouteDef {
            text: "a/b?{x}",
            ..other
        };
        assert_eq!(router.insert(again, &[]), Err(1));
    }

    #[test]
    fn criteria_are_a_prefix_of_the_route_text() {
        for (prefix, expected) in [
            ("", true),
            ("stat", true),
            ("stations/sea", true),
            ("other", false),
        ] {
            assert_eq!(STATION.may_start_with(prefix), expected, "{prefix}");
        }
    }
}
