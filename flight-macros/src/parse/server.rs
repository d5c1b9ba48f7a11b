//! The arguments of `#[flight_server(..)]`.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Path};

use super::options::{self, Given, Value};
use crate::errors::{self, Errors};
use crate::model::Part;

/// `#[flight_server(name = "..", part = "..", parts("..", ".."), crate = path)]`
pub(crate) struct ServerAttribute {
    pub(crate) name: Option<String>,
    pub(crate) part: Option<Part>,
    pub(crate) parts: Vec<Part>,
    pub(crate) krate: Path,
    /// Whether enough was understood to generate something: which crate it is for, and whether it is a part.
    pub(crate) usable: bool,
}

impl ServerAttribute {
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut attribute = ServerAttribute {
            name: None,
            part: None,
            parts: Vec::new(),
            krate: syn::parse_quote!(::flight_runtime),
            usable: true,
        };
        let mut seen: Vec<(String, Span)> = Vec::new();
        for given in options::parse(tokens, errors) {
            match given {
                Given::Text(text) => {
                    errors.at(text.span(), errors::server_takes_no_text(&text.value()));
                }
                Given::Other(tokens) => errors.under(tokens, errors::unexpected_token()),
                Given::Option(name, value) => {
                    let text = name.to_string();
                    if seen.iter().any(|(seen, _)| *seen == text) {
                        errors.at(name.span(), errors::option_twice(&text));
                        continue;
                    }
                    attribute.set(&name, &text, value, errors);
                    seen.push((text, name.span()));
                }
            }
        }
        if attribute.part.is_some() {
            for (option, span) in seen {
                if option == "name" || option == "parts" {
                    errors.at(span, errors::part_and(&option));
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
            ("crate", Value::Expr(value)) => match *value {
                Expr::Path(path) if path.qself.is_none() => self.krate = path.path,
                other => {
                    errors.under(other, errors::server_option_form(text));
                    self.usable = false;
                }
            },
            ("name" | "part" | "parts" | "crate", value) => {
                match value {
                    Value::Expr(value) => errors.under(value, errors::server_option_form(text)),
                    _ => errors.at(option.span(), errors::server_option_form(text)),
                }
                self.usable &= matches!(text, "name" | "parts");
            }
            _ => {
                errors.at(option.span(), errors::unknown_server_option(text));
                // Most likely a misspelt `part` or `crate`: a second `FlightService` would be one more error.
                self.usable &= matches!(
                    crate::suggest::closest(text, errors::SERVER_OPTIONS),
                    Some("name" | "parts") | None
                );
            }
        }
    }

    fn set_parts(&mut self, list: TokenStream, errors: &mut Errors) {
        for given in options::parse(list, errors) {
            let text = match given {
                Given::Text(text) => text,
                Given::Option(other, _) => {
                    errors.at(other.span(), errors::server_option_form("parts"));
                    continue;
                }
                Given::Other(tokens) => {
                    errors.under(tokens, errors::server_option_form("parts"));
                    continue;
                }
            };
            if self.parts.iter().any(|part| part.name == text.value()) {
                errors.at(text.span(), errors::part_twice(&text.value()));
            } else {
                self.parts.extend(part(&text, errors));
            }
        }
    }
}

/// The string literal that an option must have.
fn string(value: &Expr, option: &str, errors: &mut Errors) -> Option<LitStr> {
    let mut value = value;
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    if let Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    }) = value
    {
        return Some(text.clone());
    }
    errors.under(value.to_token_stream(), errors::server_option_form(option));
    None
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
