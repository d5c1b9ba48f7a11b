//! The arguments of `#[flight_server(..)]`.

use proc_macro2::{Span, TokenStream};
use syn::{Expr, Ident, LitStr, Path};

use super::options::{self, Given, Value};
use crate::errors::{self, Errors};
use crate::literal;
use crate::model::{Client, Declared, GrantKind, Part};
use crate::suggest::closest;

/// `#[flight_server(name = "..", part = "..", parts(".."), roles(".."), scopes(".."), client = Name, crate = path)]`
pub(crate) struct ServerAttribute {
    pub(crate) name: Option<String>,
    pub(crate) part: Option<Part>,
    pub(crate) parts: Vec<Part>,
    pub(crate) declared: Declared,
    pub(crate) client: Option<Client>,
    pub(crate) krate: Path,
    /// The options that were given.
    pub(crate) given: Vec<(String, Span)>,
    /// Whether enough was understood to generate something: which crate it is for, and whether it is a part.
    pub(crate) usable: bool,
}

impl ServerAttribute {
    /// Reads what stands in the parentheses of `#[flight_server(..)]` or `#[flight_service(..)]`.
    pub(crate) fn parse(name: &'static str, tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut attribute = ServerAttribute {
            name: None,
            part: None,
            parts: Vec::new(),
            declared: Declared::new(name),
            client: None,
            krate: syn::parse_quote!(::flight_runtime),
            given: Vec::new(),
            usable: true,
        };
        let before = errors.count();
        let all = options::parse(tokens, errors);
        if errors.count() != before {
            // What was stepped over may have declared anything.
            attribute.misread(&GrantKind::ALL);
        }
        for given in all {
            match given {
                Given::Text(text) => {
                    errors.at(
                        text.span(),
                        errors::server_takes_no_text(name, &text.value()),
                    );
                }
                Given::Other(tokens) => {
                    errors.under(tokens, errors::unexpected_token());
                    attribute.misread(&GrantKind::ALL);
                }
                Given::Option(option, value) => {
                    let text = option.to_string();
                    if attribute.given.iter().any(|(seen, _)| *seen == text) {
                        errors.at(option.span(), errors::option_twice(&text));
                        attribute.misread(GrantKind::from_option(&text).as_slice());
                        continue;
                    }
                    attribute.set(&option, &text, value, errors);
                    attribute.given.push((text, option.span()));
                }
            }
        }
        if attribute.part.is_some() {
            for (option, span) in &attribute.given {
                if option == "name" || option == "parts" {
                    errors.at(*span, errors::part_and(option));
                }
            }
        }
        attribute
    }

    fn set(&mut self, option: &Ident, text: &str, value: Value, errors: &mut Errors) {
        match (text, value) {
            ("name", Value::Expr(value)) => {
                if let Some(text) = string(&value, text, errors) {
                    if text.value().is_empty() {
                        errors.at(text.span(), errors::empty_name("name"));
                    }
                    self.name = Some(text.value());
                }
            }
            ("part", Value::Expr(value)) => {
                self.part = string(&value, text, errors).and_then(|text| part(&text, errors));
                self.usable &= self.part.is_some();
            }
            ("parts", Value::List(list)) => self.set_parts(list, errors),
            ("roles" | "scopes", Value::List(list)) => {
                if let Some(kind) = GrantKind::from_option(text) {
                    self.declare(kind, list, errors);
                }
            }
            ("crate", Value::Expr(value)) => match *value {
                Expr::Path(path) if path.qself.is_none() => self.krate = path.path,
                other => {
                    errors.under(other, errors::server_option_form(text));
                    self.usable = false;
                }
            },
            ("client", Value::Expr(value)) => match client(&value) {
                Some(client) => self.client = Some(client),
                None => errors.under(value, errors::server_option_form(text)),
            },
            ("name" | "part" | "parts" | "roles" | "scopes" | "client" | "crate", value) => {
                match value {
                    Value::Expr(value) => errors.under(value, errors::server_option_form(text)),
                    _ => errors.at(option.span(), errors::server_option_form(text)),
                }
                self.usable &= !matches!(text, "part" | "crate");
                self.misread(GrantKind::from_option(text).as_slice());
            }
            _ => {
                errors.at(
                    option.span(),
                    errors::unknown_server_option(self.declared.attribute, text),
                );
                let likely = closest(text, errors::SERVER_OPTIONS);
                // A misspelt `part` or `crate`: a second `FlightService` would be one more error.
                self.usable &= !matches!(likely, Some("part" | "crate"));
                self.misread(likely.and_then(GrantKind::from_option).as_slice());
            }
        }
    }

    fn set_parts(&mut self, list: TokenStream, errors: &mut Errors) {
        for text in strings(list, "parts", errors) {
            if self.parts.iter().any(|part| part.name == text.value()) {
                errors.at(text.span(), errors::part_twice(&text.value()));
            } else {
                self.parts.extend(part(&text, errors));
            }
        }
    }

    fn declare(&mut self, kind: GrantKind, list: TokenStream, errors: &mut Errors) {
        let before = errors.count();
        let declaration = self.declared.of_mut(kind);
        for text in strings(list, kind.option(), errors) {
            let name = text.value();
            if name.is_empty() {
                errors.at(text.span(), errors::grant_name_empty(kind));
            } else if name.contains(|c: char| c == '|' || c.is_whitespace()) {
                errors.at(text.span(), errors::grant_name(kind, &name));
            } else if declaration.has(&name) {
                errors.at(text.span(), errors::grant_declared_twice(kind, &name));
            } else {
                declaration.names.push(name);
            }
        }
        declaration.misread |= errors.count() != before;
    }

    /// Names of these kinds may have been declared in what was not understood.
    fn misread(&mut self, kinds: &[GrantKind]) {
        for kind in kinds {
            self.declared.of_mut(*kind).misread = true;
        }
    }
}

/// The string literals in the parentheses of an option.
fn strings(list: TokenStream, option: &str, errors: &mut Errors) -> Vec<LitStr> {
    let mut strings = Vec::new();
    for given in options::parse(list, errors) {
        match given {
            Given::Text(text) => strings.push(text),
            Given::Option(other, _) => {
                errors.at(other.span(), errors::server_option_form(option));
            }
            Given::Other(tokens) => errors.under(tokens, errors::server_option_form(option)),
        }
    }
    strings
}

/// The string literal that an option must have.
fn string(value: &Expr, option: &str, errors: &mut Errors) -> Option<LitStr> {
    let text = literal::string(value);
    if text.is_none() {
        errors.under(value, errors::server_option_form(option));
    }
    text.cloned()
}

/// The name of a struct.
fn client(value: &Expr) -> Option<Client> {
    match value {
        Expr::Path(path) if path.qself.is_none() => {
            let name = path.path.get_ident()?.clone();
            Some(Client { name })
        }
        _ => None,
    }
}

/// A part's name, which becomes part of an identifier.
fn part(text: &LitStr, errors: &mut Errors) -> Option<Part> {
    let name = text.value();
    if name.is_empty() {
        errors.at(text.span(), errors::empty_name("part's name"));
        return None;
    }
    if syn::parse_str::<Ident>(&format!("_{name}")).is_err() {
        errors.at(text.span(), errors::part_name(&name));
        return None;
    }
    Some(Part {
        name,
        span: text.span(),
    })
}
