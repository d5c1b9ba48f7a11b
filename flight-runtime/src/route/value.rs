//! Values of route arguments: text on the wire, any `FromStr + Display` in the handler.

use std::fmt::Display;
use std::str::FromStr;

use super::{ArgDef, shorten};
use crate::Error;

/// Whether an argument must be there, may be absent, or may repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// `T`: exactly once.
    Required,
    /// `Option<T>`: at most once.
    Optional,
    /// `Vec<T>`: any number of times.
    Repeated,
}

/// A value that a route's `{name}` can stand for: anything `FromStr + Display`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a route argument",
    label = "not read from text",
    note = "a route argument implements `FromStr` (whose `Err` implements `Display`) and `Display`: `String`, integers, floats, `bool`, `chrono::NaiveDate`, `uuid::Uuid`, an enum of your own …",
    note = "behind the `?` also `Option<T>` (may be absent) and `Vec<T>` (may repeat)"
)]
pub trait RouteValue: Display + Send + Sized {
    #[doc(hidden)]
    fn read(text: &str) -> Result<Self, String>;
}

#[diagnostic::do_not_recommend]
impl<T> RouteValue for T
where
    T: FromStr<Err: Display> + Display + Send,
{
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: T::Err| error.to_string())
    }
}

/// Marks a query argument that must be there.
#[doc(hidden)]
#[derive(Debug)]
pub struct Required;
/// Marks a query argument that may be absent.
#[doc(hidden)]
#[derive(Debug)]
pub struct Optional;
/// Marks a query argument that may repeat.
#[doc(hidden)]
#[derive(Debug)]
pub struct Repeated;

/// An argument behind the `?` of a route: a [`RouteValue`], an `Option` or a `Vec` of one.
///
/// `M` is inferred: it keeps the three implementations apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a query argument of a route",
    label = "not read from text",
    note = "a query argument is `T`, `Option<T>` (may be absent) or `Vec<T>` (may repeat), where `T` implements `FromStr` and `Display`"
)]
pub trait QueryValue<M>: Send + Sized {
    #[doc(hidden)]
    const KIND: ArgKind;
    #[doc(hidden)]
    fn read(arg: &ArgDef, texts: &[String]) -> Result<Self, Error>;
    #[doc(hidden)]
    fn texts(&self, each: &mut dyn FnMut(&dyn Display));
}

#[diagnostic::do_not_recommend]
impl<T: RouteValue> QueryValue<Required> for T {
    const KIND: ArgKind = ArgKind::Required;

    fn read(arg: &ArgDef, texts: &[String]) -> Result<Self, Error> {
        match once(arg, texts)? {
            Some(text) => read(arg, text),
            None => Err(Error::invalid_argument(format!(
                "argument `{}` is missing: expected {}",
                arg.name,
                expected(arg.ty)
            ))),
        }
    }

    fn texts(&self, each: &mut dyn FnMut(&dyn Display)) {
        each(self);
    }
}

#[diagnostic::do_not_recommend]
impl<T: RouteValue> QueryValue<Optional> for Option<T> {
    const KIND: ArgKind = ArgKind::Optional;

    fn read(arg: &ArgDef, texts: &[String]) -> Result<Self, Error> {
        once(arg, texts)?.map(|text| read(arg, text)).transpose()
    }

    fn texts(&self, each: &mut dyn FnMut(&dyn Display)) {
        if let Some(value) = self {
            each(value);
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: RouteValue> QueryValue<Repeated> for Vec<T> {
    const KIND: ArgKind = ArgKind::Repeated;

    fn read(arg: &ArgDef, texts: &[String]) -> Result<Self, Error> {
        texts.iter().map(|text| read(arg, text)).collect()
    }

    fn texts(&self, each: &mut dyn FnMut(&dyn Display)) {
        for value in self {
            each(value);
        }
    }
}

/// A query argument that ListFlights can leave out of the flights it lists: an `Option` or a `Vec`.
#[diagnostic::on_unimplemented(
    message = "a route with a required query argument cannot be listed",
    label = "ListFlights has no value for this",
    note = "make it `Option<T>`, or move it before the `?` so that `list` gives its values"
)]
pub trait Absent<M> {
    #[doc(hidden)]
    fn absent() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T> Absent<Optional> for Option<T> {
    fn absent() -> Self {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<T> Absent<Repeated> for Vec<T> {
    fn absent() -> Self {
        Vec::new()
    }
}

fn read<T: RouteValue>(arg: &ArgDef, text: &str) -> Result<T, Error> {
    T::read(text).map_err(|error| {
        let (name, text) = (arg.name, shorten(text));
        Error::invalid_argument(match well_known(element(arg.ty)) {
            Some(expected) => {
                format!("argument `{name}`: cannot read `{text}` ({error}): expected {expected}")
            }
            // A type of the user's own says itself what it expects.
            None => format!("argument `{name}`: cannot read `{text}`: {error}"),
        })
    })
}

/// What is expected of a type, in words or else by its name.
fn expected(ty: &str) -> String {
    well_known(ty).map_or_else(|| format!("`{ty}`"), str::to_owned)
}

/// What a reader who does not know Rust should write.
fn well_known(ty: &str) -> Option<&'static str> {
    let name = ty.rsplit("::").next().unwrap_or(ty).trim();
    Some(match name {
        "String" => "text",
        "bool" => "`true` or `false`",
        "char" => "one character",
        "f32" | "f64" => "a number",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "u128" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "NaiveDate" => "a date such as `2015-01-31`",
        "NaiveTime" => "a time such as `23:59:00`",
        "NaiveDateTime" => "a date and time such as `2015-01-31T23:59:00`",
        "DateTime<Utc>" => "a date and time such as `2015-01-31T23:59:00Z`",
        "Uuid" => "a UUID",
        _ => return None,
    })
}

/// The element of `Option<T>` or `Vec<T>` as the user wrote it, for the message alone.
fn element(ty: &str) -> &str {
    let wrapped = ty.strip_suffix('>').and_then(|ty| ty.split_once('<'));
    match wrapped.map(|(outer, inner)| (outer.trim().rsplit("::").next(), inner)) {
        Some((Some("Option" | "Vec"), inner)) => inner.trim(),
        _ => ty,
    }
}

fn once<'a>(arg: &ArgDef, texts: &'a [String]) -> Result<Option<&'a String>, Error> {
    match texts {
        [] => Ok(None),
        [text] => Ok(Some(text)),
        more => Err(Error::invalid_argument(format!(
            "argument `{}` is given {} times: expected once",
            arg.name,
            more.len()
        ))),
    }
}

/// Reads an argument of the path, which is there exactly once.
pub(crate) fn read_path<T: RouteValue>(arg: &ArgDef, texts: &[String]) -> Result<T, Error> {
    <T as QueryValue<Required>>::read(arg, texts)
}

#[doc(hidden)]
pub fn path_kind<T: RouteValue>() -> ArgKind {
    ArgKind::Required
}

#[doc(hidden)]
pub fn query_kind<T: QueryValue<M>, M>() -> ArgKind {
    T::KIND
}

#[doc(hidden)]
pub fn absent<T: Absent<M>, M>() -> T {
    T::absent()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arg(ty: &'static str) -> ArgDef {
        ArgDef {
            name: "limit",
            ty,
            kind: || ArgKind::Required,
        }
    }

    #[derive(Debug)]
    struct Color;

    impl FromStr for Color {
        type Err = &'static str;

        fn from_str(_: &str) -> Result<Self, Self::Err> {
            Err("no such color")
        }
    }

    impl Display for Color {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("red")
        }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn what_cannot_be_read_is_named_with_what_was_expected() {
        let error =
            <Option<u8> as QueryValue<_>>::read(&arg("Option<u8>"), &texts(&["300"])).unwrap_err();
        let expected = "argument `limit`: cannot read `300` (number too large to fit in target type): \
                        expected a whole number from 0 to 255";
        assert_eq!(error.message(), expected);
        let own =
            <Color as QueryValue<_>>::read(&arg("paint::Color"), &texts(&["mauve"])).unwrap_err();
        assert_eq!(
            own.message(),
            "argument `limit`: cannot read `mauve`: no such color"
        );
    }

    #[test]
    fn absent_repeated_and_missing() {
        assert_eq!(
            <Option<u8> as QueryValue<_>>::read(&arg("Option<u8>"), &[]).unwrap(),
            None
        );
        assert_eq!(
            <Vec<u8> as QueryValue<_>>::read(&arg("Vec<u8>"), &texts(&["1", "2"])).unwrap(),
            [1, 2]
        );
        let error = <u8 as QueryValue<_>>::read(&arg("u8"), &[]).unwrap_err();
        assert_eq!(
            error.message(),
            "argument `limit` is missing: expected a whole number from 0 to 255"
        );
        let error = <u8 as QueryValue<_>>::read(&arg("u8"), &texts(&["1", "2"])).unwrap_err();
        assert_eq!(
            error.message(),
            "argument `limit` is given 2 times: expected once"
        );
    }
}
