//! From the tokens of a block to those that replace it: parse, check, print.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Type;
use syn::ext::IdentExt;

use crate::check;
use crate::errors::{self, Errors};
use crate::expand::{self, text};
use crate::model::{Handler, Role, Server};
use crate::parse::{Block, ServerAttribute};

/// Expands `#[flight_server(attribute)] item`.
///
/// The item is always there, whatever is wrong: completion works on it while its user is typing. Handlers in which
/// no mistake was found are in the table even when others are not, so that a mistake is reported once.
pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let mut attribute = ServerAttribute::parse(attribute, &mut errors);
    let block = match Block::parse(item, &attribute.krate, &mut errors) {
        Ok(block) => block,
        Err(item) => {
            let errors = errors.into_tokens();
            return quote!(#item #errors);
        }
    };
    let mut handlers: Vec<Handler> = block
        .methods()
        .filter_map(|method| check::handler(method, &attribute.declared, &mut errors))
        .collect();
    check::across(&block, &mut handlers, &mut errors);
    if let Some(client) = &attribute.client {
        check::client(client, &block.generics, &mut handlers, &mut errors);
    }
    let joins = !attribute.parts.is_empty();
    let mut role = role(&mut attribute, &block.ty);
    if let Some(path) = &block.trait_ {
        errors.under(
            path,
            errors::trait_impl(
                &text::of(path.to_token_stream()),
                &text::of(block.ty.to_token_stream()),
            ),
        );
        handlers.clear();
        // Without parts and handlers; but beside the user's own there is no room for it.
        if path
            .segments
            .last()
            .is_some_and(|last| last.ident == "FlightService")
        {
            role = Role::Unknown;
        }
    } else if handlers.is_empty() && !joins && !block.misspelt {
        errors.under(&block.ty, errors::no_handler());
    }
    let generated = expand::server(&Server {
        krate: attribute.krate,
        role,
        ty: block.ty.clone(),
        generics: block.generics.clone(),
        cfgs: block.cfgs.clone(),
        doc: block.doc.clone(),
        handlers,
        client: attribute.client,
    });
    let errors = errors.into_tokens();
    quote!(#block #generated #errors)
}

/// Expands an attribute of a method that stands anywhere else.
pub(crate) fn outside(name: &str, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    errors.at(Span::call_site(), errors::outside(name));
    let errors = errors.into_tokens();
    quote!(#errors #item)
}

fn role(attribute: &mut ServerAttribute, ty: &Type) -> Role {
    if !attribute.usable {
        return Role::Unknown;
    }
    match attribute.part.take() {
        Some(part) => Role::Part(part),
        None => Role::Main {
            name: attribute.name.take().unwrap_or_else(|| name_of(ty)),
            parts: std::mem::take(&mut attribute.parts),
        },
    }
}

/// The last word of a type's path.
fn name_of(ty: &Type) -> String {
    match ty {
        Type::Group(group) => name_of(&group.elem),
        Type::Paren(paren) => name_of(&paren.elem),
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|last| last.ident.unraw().to_string())
            .unwrap_or_default(),
        other => text::of(other.to_token_stream()),
    }
}
