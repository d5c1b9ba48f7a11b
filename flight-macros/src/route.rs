//! The text of a route, taken apart: `trips/{year}/{*rest}?{limit}&{since}`.
//!
//! Every mistake in a text is found in one pass. Where the compiler can point into a string literal a mistake is
//! shown at its own characters, else under the whole literal, which is why every message quotes the part it means.

use std::ops::Range;

use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::{Ident, LitStr};

use crate::errors::{self, Errors};
use crate::literal::within;
use crate::model::{Name, Route, Rpc, Segment};

/// Takes a route apart; where a mistake was reported, what it is in is left out.
pub(crate) fn parse(literal: &LitStr, rpc: Rpc, errors: &mut Errors) -> Route {
    let text = literal.value();
    let mut reader = Reader {
        literal,
        rpc,
        errors,
        names: Vec::new(),
    };
    if let Some((scheme, rest)) = text.split_once("://")
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '+')
    {
        let path = rest.split_once('/').map_or("name", |(_, path)| path);
        reader.wrong(0..text.len(), errors::route_url(path));
        return Route {
            span: literal.span(),
            path: Vec::new(),
            query: Vec::new(),
            text,
        };
    }
    let mark = outside_braces(&text, '?').next();
    let end = mark.unwrap_or(text.len());
    let mut path = Vec::new();
    if text.is_empty() {
        reader.wrong(0..0, errors::route_empty(rpc));
    } else if end == 0 {
        reader.wrong(0..1, errors::route_no_path(&text[1..]));
    } else {
        path = reader.path(&text[..end]);
    }
    let query = match mark {
        Some(mark) => reader.query(&text, mark + 1),
        None => Vec::new(),
    };
    Route {
        span: literal.span(),
        path,
        query,
        text,
    }
}

struct Reader<'a> {
    literal: &'a LitStr,
    rpc: Rpc,
    errors: &'a mut Errors,
    /// Seen so far.
    names: Vec<String>,
}

impl Reader<'_> {
    fn wrong(&mut self, range: Range<usize>, message: String) {
        self.errors.at(within(self.literal, range), message);
    }

    fn path(&mut self, path: &str) -> Vec<Segment> {
        let trimmed = path.trim_matches('/');
        if path.starts_with('/') {
            self.wrong(0..1, errors::route_edge_slash("start", trimmed, self.rpc));
        }
        if path.ends_with('/') && !trimmed.is_empty() {
            self.wrong(
                path.len() - 1..path.len(),
                errors::route_edge_slash("end", trimmed, self.rpc),
            );
        }
        if trimmed.is_empty() {
            return Vec::new();
        }
        let mut at = path.len() - path.trim_start_matches('/').len();
        let mut segments = Vec::new();
        let last = at + trimmed.len();
        for segment in trimmed.split('/') {
            let range = at..at + segment.len();
            at = range.end + 1;
            if segment.is_empty() {
                self.wrong(
                    range.start - 1..range.end + 1,
                    errors::route_empty_segment(),
                );
            } else {
                let is_last = range.end == last;
                segments.extend(self.segment(segment, range, is_last));
            }
        }
        segments
    }

    fn segment(&mut self, segment: &str, range: Range<usize>, last: bool) -> Option<Segment> {
        let opens = segment.matches('{').count();
        let closes = segment.matches('}').count();
        if opens != closes {
            self.wrong(range, errors::route_braces(segment));
            return None;
        }
        if opens == 0 {
            return self.literal_segment(segment, range);
        }
        let Some(name) = braced(segment) else {
            let message = if outside_braces(segment, '}').next().is_some() {
                errors::route_braces(segment)
            } else {
                errors::route_mixed_segment(segment)
            };
            self.wrong(range, message);
            return None;
        };
        match name.strip_prefix('*') {
            Some(name) => {
                if !last {
                    self.wrong(range.clone(), errors::route_rest_not_last(segment));
                }
                self.name(name, range).map(Segment::Rest)
            }
            None => self.name(name, range).map(Segment::Arg),
        }
    }

    fn literal_segment(&mut self, segment: &str, range: Range<usize>) -> Option<Segment> {
        let other_style = segment
            .strip_prefix(':')
            .or_else(|| segment.strip_prefix('<')?.strip_suffix('>'))
            .or_else(|| segment.strip_prefix('[')?.strip_suffix(']'));
        if let Some(name) = other_style.filter(|name| is_name(name)) {
            self.wrong(range, errors::route_other_style(segment, name));
            return None;
        }
        if segment.starts_with('*') {
            self.wrong(range, errors::route_other_rest(segment));
            return None;
        }
        let illegal = segment
            .char_indices()
            .find(|(_, c)| !(c.is_ascii_alphanumeric() || "-._~".contains(*c)));
        if let Some((offset, character)) = illegal {
            let start = range.start + offset;
            self.wrong(
                start..start + character.len_utf8(),
                errors::route_character(character, segment),
            );
            return None;
        }
        Some(Segment::Literal(segment.to_owned()))
    }

    fn query(&mut self, text: &str, start: usize) -> Vec<Name> {
        let query = &text[start..];
        if query.is_empty() {
            self.wrong(start - 1..start, errors::route_query_empty());
        }
        if let Some(second) = outside_braces(query, '?').next() {
            let second = start + second;
            self.wrong(second..second + 1, errors::route_second_question_mark());
            return Vec::new();
        }
        let mut names = Vec::new();
        let mut at = start;
        // `{since&limit}`: one mistake, in one pair of braces.
        if query.matches('{').count() != query.matches('}').count()
            || query
                .split('&')
                .any(|entry| entry.contains('{') && !entry.contains('}'))
        {
            self.wrong(start..text.len(), errors::route_query_entry(query, None));
            return Vec::new();
        }
        for entry in query.split('&').filter(|_| !query.is_empty()) {
            let range = at..at + entry.len();
            at = range.end + 1;
            match braced(entry) {
                Some(name) if name.starts_with('*') => {
                    self.wrong(range, errors::route_query_rest(&name[1..]));
                }
                Some(name) => names.extend(self.name(name, range)),
                None => {
                    // `since={since}` and a bare `since` are what other frameworks have.
                    let word = entry.split('=').next().filter(|word| is_name(word));
                    self.wrong(range, errors::route_query_entry(entry, word));
                }
            }
        }
        names
    }

    fn name(&mut self, name: &str, range: Range<usize>) -> Option<Name> {
        let span = within(self.literal, range.clone());
        if !is_name(name) {
            self.wrong(range, errors::route_name(name));
            return None;
        }
        if self.names.iter().any(|seen| seen == name) {
            self.wrong(range, errors::route_name_twice(name));
            return None;
        }
        self.names.push(name.to_owned());
        Some(Name {
            text: name.to_owned(),
            span,
            index: self.names.len() - 1,
        })
    }
}

/// What is between the braces, if there is nothing else.
fn braced(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    (!inner.contains(['{', '}'])).then_some(inner)
}

/// Whether a word can be the name of an argument, with or without `r#` in front of it there.
fn is_name(word: &str) -> bool {
    !word.starts_with("r#")
        && !word.contains(char::is_whitespace)
        && !matches!(word, "_" | "self" | "Self" | "super" | "crate")
        && Ident::parse_any.parse_str(word).is_ok()
}

/// Where `wanted` is, braces and what they hold aside.
fn outside_braces(text: &str, wanted: char) -> impl Iterator<Item = usize> {
    let mut depth = 0usize;
    text.char_indices().filter_map(move |(at, c)| {
        let outside = depth == 0;
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (c == wanted && outside).then_some(at)
    })
}
