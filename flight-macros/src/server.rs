//! From the tokens of a block to those that replace it: parse, check, print.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Type;
use syn::ext::IdentExt;

use crate::check;
use crate::errors::{self, Errors};
use crate::expand::{self, text};
use crate::model::{Handler, Role, Server};
use crate::parse::{Block, BlockKind, Item, ServerAttribute};

/// Expands `#[flight_server(attribute)] item`.
///
/// The item is always there, whatever is wrong: completion works on it while its user is typing. Handlers in which
/// no mistake was found are in the table even when others are not, so that a mistake is reported once.
pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let mut attribute = ServerAttribute::parse("flight_server", attribute, &mut errors);
    let block = match Block::parse(BlockKind::Impl, item, &attribute.krate, &mut errors) {
        Ok(block) => block,
        Err(item) => {
            let errors = errors.into_tokens();
            return quote!(#item #errors);
        }
    };
    let mut handlers = handlers(&block, &attribute, &mut errors);
    let joins = !attribute.parts.is_empty();
    let mut role = role(&mut attribute, &block.ty);
    if borrows(&block.generics, &block.ty, &mut errors) {
        for handler in &mut handlers {
            handler.sound = false;
        }
        role = Role::Unknown;
    }
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
    let beside = generated.beside;
    quote!(#block #beside #errors)
}

/// Expands `#[flight_service(attribute)] item`: a trait, or a block that implements one.
pub(crate) fn expand_service(attribute: TokenStream, item: TokenStream) -> TokenStream {
    if let Ok(implementation) = syn::parse2::<Implementation>(item.clone()) {
        return implement(attribute, &implementation, item);
    }
    let mut errors = Errors::new();
    let mut attribute = ServerAttribute::parse("flight_service", attribute, &mut errors);
    for (option, span) in &attribute.given {
        if option == "part" || option == "parts" {
            errors.at(*span, errors::contract_option(option));
        }
    }
    let mut block = match Block::parse(BlockKind::Trait, item, &attribute.krate, &mut errors) {
        Ok(block) => block,
        Err(item) => {
            let errors = errors.into_tokens();
            return quote!(#item #errors);
        }
    };
    let name = text::of(block.ty.to_token_stream());
    let generic = !block.generics.params.is_empty();
    if generic {
        errors.under(&block.generics, errors::contract_generics(&name));
    }
    let handlers = handlers(&block, &attribute, &mut errors);
    if handlers.is_empty() && !block.misspelt {
        errors.under(&block.ty, errors::no_handler());
    }
    // The methods that list addresses are called from the table too.
    let listers: Vec<_> = handlers.iter().flat_map(|handler| &handler.lists).collect();
    for item in &mut block.items {
        if let Item::Method(method) = item {
            let name = &method.signature.ident;
            method.sends |= listers.iter().any(|lister| lister.method == *name);
        }
    }
    let generated = expand::server(&Server {
        krate: attribute.krate,
        role: match attribute.usable && !generic {
            true => Role::Contract {
                name: attribute.name.take().unwrap_or(name),
            },
            false => Role::Unknown,
        },
        ty: block.ty.clone(),
        generics: block.generics.clone(),
        cfgs: block.cfgs.clone(),
        doc: block.doc.clone(),
        handlers,
        client: attribute.client,
    });
    block.generated = generated.inside;
    let (beside, errors) = (generated.beside, errors.into_tokens());
    quote!(#block #beside #errors)
}

/// The head of a block that implements a trait; what is in its braces is not read.
struct Implementation {
    cfgs: Vec<syn::Attribute>,
    generics: syn::Generics,
    contract: syn::Path,
    ty: Type,
}

impl syn::parse::Parse for Implementation {
    fn parse(input: syn::parse::ParseStream) -> syn::Result<Self> {
        let attributes = input.call(syn::Attribute::parse_outer)?;
        input.parse::<syn::Token![impl]>()?;
        let mut generics: syn::Generics = input.parse()?;
        let contract = input.parse()?;
        input.parse::<syn::Token![for]>()?;
        let ty = input.parse()?;
        generics.where_clause = input.parse()?;
        input.parse::<proc_macro2::Group>()?;
        Ok(Self {
            cfgs: attributes
                .into_iter()
                .filter(|attribute| attribute.path().is_ident("cfg"))
                .collect(),
            generics,
            contract,
            ty,
        })
    }
}

/// Makes the type a service with the handlers of the trait.
fn implement(
    attribute: TokenStream,
    implementation: &Implementation,
    item: TokenStream,
) -> TokenStream {
    let mut errors = Errors::new();
    let given = attribute.clone();
    let attribute = ServerAttribute::parse("flight_service", attribute, &mut errors);
    if errors.count() == 0 && attribute.given.iter().any(|(option, _)| option != "crate") {
        errors.under(given, errors::implementation_option());
    }
    if borrows(&implementation.generics, &implementation.ty, &mut errors) {
        let errors = errors.into_tokens();
        return quote!(#item #errors);
    }
    let generated = expand::implementation(
        &attribute.krate,
        &implementation.cfgs,
        &implementation.generics,
        &implementation.contract,
        &implementation.ty,
    );
    let errors = errors.into_tokens();
    quote!(#item #generated #errors)
}

/// Reports a service that borrows, which cannot be one.
fn borrows(generics: &syn::Generics, ty: &Type, errors: &mut Errors) -> bool {
    let name = text::of(ty.to_token_stream());
    let borrowed = generics
        .lifetimes()
        .find(|param| !param.bounds.iter().any(|bound| bound.ident == "static"))
        .map(|param| param.lifetime.to_string());
    let elided = || name.contains("'_").then(|| "'_".to_owned());
    let Some(found) = borrowed.or_else(elided) else {
        return false;
    };
    errors.under(ty, errors::borrowing_service(&found, &name));
    true
}

/// The handlers of a block, each looked at alone, then beside the others, then as a method of the client.
fn handlers(block: &Block, attribute: &ServerAttribute, errors: &mut Errors) -> Vec<Handler> {
    let mut handlers: Vec<Handler> = block
        .methods()
        .filter_map(|method| check::handler(method, &attribute.declared, errors))
        .collect();
    check::across(block, &mut handlers, errors);
    if let Some(client) = &attribute.client {
        check::client(client, &block.generics, &mut handlers, errors);
    }
    handlers
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
