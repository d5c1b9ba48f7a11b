//! What stands between the parentheses of an attribute: strings and options, separated by commas.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, LitStr, Token, token};

use crate::errors::{self, Errors};

/// One of the things between the commas.
pub(super) enum Given {
    /// `"text"`
    Text(LitStr),
    /// `name`, `name = value` or `name(value, ..)`
    Option(Ident, Value),
    /// Anything else.
    Other(TokenStream),
}

/// What follows the name of an option.
pub(super) enum Value {
    None,
    /// `= value`
    Expr(Box<Expr>),
    /// `(..)`
    List(TokenStream),
}

/// Reads all of `tokens`; what is wrong is reported and stepped over up to the next comma.
pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Vec<Given> {
    let read = |input: ParseStream| {
        let mut given = Vec::new();
        while !input.is_empty() {
            match one(input) {
                Ok(one) => given.push(one),
                Err(error) => {
                    errors.syntax(error);
                    rest(input);
                }
            }
            let behind = rest(input);
            if !behind.is_empty() {
                errors.under(behind, errors::expected_comma());
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(given)
    };
    match read.parse2(tokens) {
        Ok(given) => given,
        Err(error) => {
            errors.syntax(error);
            Vec::new()
        }
    }
}

fn one(input: ParseStream) -> syn::Result<Given> {
    if input.peek(LitStr) && ends(input, 1) {
        return input.parse().map(Given::Text);
    }
    if input.peek(Ident::peek_any) {
        if ends(input, 1) {
            return Ok(Given::Option(input.call(Ident::parse_any)?, Value::None));
        }
        if input.peek2(Token![=]) && !input.peek2(Token![==]) {
            let name = input.call(Ident::parse_any)?;
            input.parse::<Token![=]>()?;
            return Ok(Given::Option(name, Value::Expr(input.parse()?)));
        }
        if input.peek2(token::Paren) && ends(input, 2) {
            let name = input.call(Ident::parse_any)?;
            let content;
            syn::parenthesized!(content in input);
            return Ok(Given::Option(name, Value::List(content.parse()?)));
        }
    }
    Ok(Given::Other(rest(input)))
}

/// Whether a comma or the end follows the next `trees` token trees.
fn ends(input: ParseStream, trees: usize) -> bool {
    let ahead = input.fork();
    for _ in 0..trees {
        if ahead.parse::<TokenTree>().is_err() {
            return false;
        }
    }
    // A text without a comma behind it is still a text: the missing comma is reported by itself.
    ahead.is_empty() || ahead.peek(Token![,]) || input.peek(LitStr)
}

/// Takes what is left before the next comma.
fn rest(input: ParseStream) -> TokenStream {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        match input.parse::<TokenTree>() {
            Ok(token) => tokens.extend([token]),
            Err(_) => break,
        }
    }
    tokens
}
