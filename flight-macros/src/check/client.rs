//! Rules on what a typed client is generated from.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Generics;
use syn::ext::IdentExt;

use crate::errors::{self, Errors};
use crate::model::{Client, Handler, Rpc};

/// Checks that every handler can be a method of the client, which knows the block's generics and `Self` not.
pub(crate) fn client(
    client: &Client,
    generics: &Generics,
    handlers: &mut [Handler],
    errors: &mut Errors,
) {
    let mut unknown: Vec<Ident> = generics.params.iter().filter_map(name_of).collect();
    unknown.push(Ident::new("Self", client.name.span()));
    for handler in handlers {
        if matches!(handler.rpc, Rpc::ListFlights | Rpc::ListActions) {
            continue;
        }
        let before = errors.count();
        let name = handler.method.unraw().to_string();
        if errors::CLIENT_FUNCTIONS.contains(&name.as_str()) {
            errors.at(
                handler.method.span(),
                errors::client_function_taken(&name, &client.name.to_string()),
            );
        }
        let types = handler.arguments.iter().map(|argument| &argument.ty);
        for ty in types.chain(&handler.output) {
            if let Some(found) = find(ty.to_token_stream(), &unknown) {
                errors.at(
                    found.span(),
                    errors::client_of_generic(&name, &found.to_string()),
                );
            }
        }
        handler.sound &= errors.count() == before;
    }
}

fn name_of(param: &syn::GenericParam) -> Option<Ident> {
    match param {
        syn::GenericParam::Type(param) => Some(param.ident.clone()),
        syn::GenericParam::Const(param) => Some(param.ident.clone()),
        syn::GenericParam::Lifetime(_) => None,
    }
}

/// The first of these names in the tokens of a type.
fn find(tokens: TokenStream, names: &[Ident]) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => names.contains(&ident).then_some(ident),
        TokenTree::Group(group) => find(group.stream(), names),
        _ => None,
    })
}
