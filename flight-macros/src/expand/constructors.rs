//! A function for each route that makes its addresses, so that a ticket that is issued is one that is accepted.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Ident, Visibility};

use super::{Names, conditions, local};
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
    // Nothing is judged here: the type of an argument is in the table, where one that is no value of a route is refused.
    let add = |name: &Name, function: &str, key: Option<&str>| {
        let ident = handler.argument(name)?.ident.as_ref()?;
        let function = Ident::new(function, Span::call_site());
        let key = key.map(|key| quote!(, #key));
        Some(quote!(#rt::filled(&#ident).#function(&mut #address #key);))
    };
    let path = route.path.iter().filter_map(|segment| match segment {
        Segment::Literal(text) => Some(quote!(#address.segment(#text);)),
        Segment::Arg(name) => add(name, "arg", None),
        Segment::Rest(name) => add(name, "rest", None),
    });
    let import = (!route.query.is_empty()).then(|| quote!(use #rt::FilledQuery as _;));
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
            #import
            #(#query)*
            #address.finish()
        }
    }
}
