//! `list = stations`: the addresses of a route, one for each item that the named method yields.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::{Extent, Extracted, Judge, Names, conditions, constructors, extract, handlers, local};
use crate::model::{Handler, Lister, Name, Route};

pub(super) fn tokens(handler: &Handler, names: &Names) -> TokenStream {
    let Some(route) = handler.route() else {
        return TokenStream::new();
    };
    handler
        .lists
        .iter()
        .map(|lister| entry(handler, route, lister, names))
        .collect()
}

fn entry(handler: &Handler, route: &Route, lister: &Lister, names: &Names) -> TokenStream {
    let Names {
        rt,
        table,
        this,
        call,
        out,
        ..
    } = names;
    let cfgs = conditions(handler.cfgs.iter().chain(&lister.cfgs));
    let method = handler.method.unraw().to_string();
    let Extracted {
        lets,
        variables,
        mutability,
    } = extract(&lister.arguments, names, Judge::Here, |span| {
        let rt = names.rt_at(span);
        quote!(#rt::ListFlights)
    });
    let named = &lister.method;
    let extent = Extent::of_output(lister.output.as_ref(), named);
    let list = extent.variable("__list");
    let item = Extent::of(named).variable("__item");
    let addresses = local("__addresses");
    let own = names.of_self(named, named.span());
    let invoke = quote_spanned!(named.span()=> #own(&*#this, #(#variables),*));
    let split = handlers::split(&list, extent, names);
    let items = extent.value(&list);
    let address = address(handler, route, &item, names);
    let body = if lister.is_async {
        let at = names.rt_at(named.span());
        let sent = quote_spanned!(named.span()=> #at::must_be_send(#invoke).await);
        quote! {
            #lets
            let #list = (#sent,);
            let #list = { #split #list };
            for #item in #items {
                #out.send(#address).await?;
            }
            ::core::result::Result::Ok(#rt::Rest::none())
        }
    } else {
        // What the method yields may borrow from the service, so it is used up where the method runs.
        quote! {
            #lets
            #rt::blocking(#call, move || {
                let #list = (#invoke,);
                let #list = { #split #list };
                let mut #addresses = ::std::vec::Vec::new();
                for #item in #items {
                    #addresses.push(::core::result::Result::Ok(#address));
                }
                ::core::result::Result::Ok(#rt::Rest::many(#addresses))
            })
            .await
        }
    };
    quote! {
        #cfgs
        #table.list_route(
            #method,
            |#this: ::std::sync::Arc<Self>, #mutability #call: #rt::Call, #out: #rt::Sink<#rt::Address>| {
                #rt::boxed(async move { #body })
            },
        );
    }
}

/// The address of one item: its values in the path, and nothing in the query.
fn address(handler: &Handler, route: &Route, item: &syn::Ident, names: &Names) -> TokenStream {
    let argument = |name: &Name| handler.argument(name).map(|argument| &argument.ty);
    let types: Vec<_> = route.path_names().filter_map(argument).collect();
    let variables: Vec<_> = (0..types.len())
        .map(|index| local(&format!("__a{index}")))
        .collect();
    let bind = match (&types[..], &variables[..]) {
        ([ty], [variable]) => quote_spanned!(ty.span()=> let #variable: #ty = #item;),
        _ => quote!(let (#(#variables),*): (#(#types),*) = #item;),
    };
    let absent = route.query.iter().filter_map(argument).map(|ty| {
        let rt = names.rt_at(ty.span());
        quote_spanned!(ty.span()=> #rt::absent::<#ty, _>())
    });
    let constructor = names.of_self(&constructors::name(handler), Span::call_site());
    quote! {{
        #bind
        #constructor(#(#variables,)* #(#absent),*)
    }}
}
