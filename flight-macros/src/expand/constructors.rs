//! A function for each route that makes its addresses, so that a ticket that is issued is one that is accepted.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, Visibility};

use super::{Extent, Names, conditions, local};
use crate::model::{Handler, Name, Role, Route, Segment, Server};

pub(super) fn tokens(server: &Server, names: &Names) -> TokenStream {
    let functions: Vec<TokenStream> = server
        .handlers
        .iter()
        .filter(|handler| handler.sound && handler.rpc.has_constructor())
        .filter_map(|handler| {
            let route = handler.route()?;
            let sized = matches!(server.role, Role::Contract { .. })
                .then(|| quote!(where Self: ::core::marker::Sized));
            let visibility = &handler.visibility;
            Some(function(handler, route, visibility, sized, names))
        })
        .collect();
    if functions.is_empty() || matches!(server.role, Role::Unknown) {
        return TokenStream::new();
    }
    if matches!(server.role, Role::Contract { .. }) {
        return functions.into_iter().collect();
    }
    let ty = &server.ty;
    let (generics, _, condition) = server.generics.split_for_impl();
    let cfgs = conditions(&server.cfgs);
    quote! {
        #cfgs
        impl #generics #ty #condition {
            #(#functions)*
        }
    }
}

/// Its name: the method's, followed by `_route`.
pub(super) fn name(handler: &Handler) -> Ident {
    // Generated code is not reported as dead, and `format_ident` drops an `r#`.
    let span = Span::mixed_site().located_at(handler.method.span());
    format_ident!("{}_route", handler.method, span = span)
}

pub(super) fn function(
    handler: &Handler,
    route: &Route,
    visibility: &Visibility,
    condition: Option<TokenStream>,
    names: &Names,
) -> TokenStream {
    let Names { krate, rt, .. } = names;
    let name = name(handler);
    let cfgs = conditions(&handler.cfgs);
    let doc = format!(
        " The address of [`Self::{}`]: `{}`, filled in.",
        handler.method, route.text
    );
    let parameters = route.names().filter_map(|name| {
        let argument = handler.argument(name)?;
        let (ident, ty) = (argument.ident.as_ref()?, &argument.ty);
        Some(quote!(#ident: #ty))
    });
    let address = local("__address");
    // Judged at the argument's type: that is what must be printable.
    let add = |name: &Name, function: &str, key: Option<&str>| {
        let argument = handler.argument(name)?;
        let ident = argument.ident.as_ref()?;
        let Extent { first, last } = Extent::of(&argument.ty);
        let function = Ident::new(function, first);
        let key = key.map(|key| quote!(#key,));
        let mut value = ident.clone();
        value.set_span(ident.span().located_at(last));
        let value = {
            let reference = quote_spanned!(first=> &);
            quote!(#reference #value)
        };
        Some(quote!(#address.#function(#key #value);))
    };
    let path = route.path.iter().filter_map(|segment| match segment {
        Segment::Literal(text) => Some(quote!(#address.segment(#text);)),
        Segment::Arg(name) => add(name, "arg", None),
        Segment::Rest(name) => add(name, "rest", None),
    });
    let query = route
        .query
        .iter()
        .filter_map(|name| add(name, "query", Some(&name.text)));
    quote! {
        #cfgs
        #[doc = #doc]
        #visibility fn #name(#(#parameters),*) -> #krate::Address #condition {
            let mut #address = #rt::Address::build();
            #(#path)*
            #(#query)*
            #address.finish()
        }
    }
}
