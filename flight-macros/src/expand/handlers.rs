//! The table entry of a handler: what it is called and takes, and how one call of it runs.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;

use super::{Extent, Extracted, Judge, Names, access, conditions, extract, marker, schema, text};
use crate::model::{Handler, Route, Rpc, Segment, Source, Target};

pub(super) fn tokens(handler: &Handler, names: &Names) -> TokenStream {
    let table = &names.table;
    let cfgs = conditions(&handler.cfgs);
    let function = Ident::new(handler.rpc.attribute(), Span::call_site());
    let action = match &handler.target {
        Target::Action { name, .. } => Some(quote!(#name,)),
        _ => None,
    };
    let definition = definition(handler, names);
    let run = run(handler, names);
    let deprecated = handler.deprecated.then(|| quote!(#[allow(deprecated)]));
    quote! {
        #cfgs
        #deprecated
        #table.#function(#action #definition, #run);
    }
}

/// What the runtime says about the handler.
fn definition(handler: &Handler, names: &Names) -> TokenStream {
    let rt = &names.rt;
    let method = handler.method.unraw().to_string();
    let doc = &handler.doc;
    let ordered = handler.ordered;
    let (route, args) = match handler.route() {
        Some(route) => (
            route_definition(route, names),
            arguments(handler, route, names),
        ),
        None => (quote!(::core::option::Option::None), TokenStream::new()),
    };
    // With the span of the user's own token: the macros tell where their outermost caller is.
    let place = quote_spanned! {handler.method.span()=>
        #rt::Place { file: ::core::file!(), line: ::core::line!(), column: ::core::column!() }
    };
    let schema = schema::declared(handler, names);
    let reply_schema = schema::of_reply(handler, names);
    let upload_schema = schema::of_upload(handler, names);
    let access = access::tokens(&handler.access, names);
    let takes = takes(handler, names);
    let reply = reply(handler, names);
    quote! {
        #rt::HandlerDef {
            method: #method,
            doc: #doc,
            route: #route,
            args: &[#args],
            place: #place,
            takes: #takes,
            reply: #reply,
            schema: #schema,
            reply_schema: #reply_schema,
            upload_schema: #upload_schema,
            ordered: #ordered,
            access: #access,
        }
    }
}

fn route_definition(route: &Route, names: &Names) -> TokenStream {
    let rt = &names.rt;
    let text = &route.text;
    let path = route.path.iter().map(|segment| match segment {
        Segment::Literal(text) => quote!(#rt::Segment::Literal(#text)),
        Segment::Arg(name) => {
            let name = &name.text;
            quote!(#rt::Segment::Arg(#name))
        }
        Segment::Rest(name) => {
            let name = &name.text;
            quote!(#rt::Segment::Rest(#name))
        }
    });
    let query = route.query.iter().map(|name| &name.text);
    quote! {
        ::core::option::Option::Some(#rt::RouteDef {
            text: #text,
            path: &[#(#path),*],
            query: &[#(#query),*],
        })
    }
}

/// The route's arguments, in its order.
fn arguments(handler: &Handler, route: &Route, names: &Names) -> TokenStream {
    let arguments = route.names().filter_map(|name| {
        let argument = handler.argument(name)?;
        let ty = &argument.ty;
        let Extent { first, last } = Extent::of(ty);
        let rt = names.rt_at(first);
        let (function, close) = match argument.source {
            Source::Query(_) => ("query_kind", quote_spanned!(last=> , _>)),
            _ => ("path_kind", quote_spanned!(last=> >)),
        };
        let function = Ident::new(function, first);
        let open = quote_spanned!(first=> #rt::#function::<);
        let kind = quote!(#open #ty #close);
        let name = &name.text;
        let written = text::of(ty.to_token_stream());
        let rt = &names.rt;
        Some(quote!(#rt::ArgDef { name: #name, ty: #written, kind: #kind }))
    });
    quote!(#(#arguments),*)
}

/// What the extractors take of the request.
fn takes(handler: &Handler, names: &Names) -> TokenStream {
    let extractors = handler
        .arguments
        .iter()
        .filter(|argument| argument.source == Source::Call);
    let takes = extractors.map(|argument| {
        let ty = &argument.ty;
        let Extent { first, last } = Extent::of(ty);
        let (rt, marker) = (names.rt_at(last), marker(handler, names, last));
        let open = quote_spanned!(first=> <);
        let close = quote_spanned!(last=> as #rt::FromCall<#marker>>::takes);
        quote!(#open #ty #close)
    });
    quote!(&[#(#takes),*])
}

/// What the method returns, where the call does not say so: the type of a call that is not made.
fn reply(handler: &Handler, names: &Names) -> TokenStream {
    let function = match (handler.rpc, handler.is_async) {
        (Rpc::DoPut, true) => "put_reply",
        (Rpc::DoPut, false) => "put_reply_blocking",
        (Rpc::Action | Rpc::DoAction, true) => "action_reply",
        (Rpc::Action | Rpc::DoAction, false) => "action_reply_blocking",
        _ => return quote!(::core::option::Option::None),
    };
    let Names { rt, this, .. } = names;
    let function = Ident::new(function, Span::call_site());
    let method = &handler.method;
    let arguments = handler.arguments.iter().map(|_| quote!(#rt::argument()));
    let own = names.of_self(method, method.span());
    let invoke = quote_spanned!(method.span()=> #own(#this, #(#arguments),*));
    quote! {
        ::core::option::Option::Some(|| {
            use #rt::probes::*;
            #rt::#function::<Self, _>(|#this| #invoke).value().def()
        })
    }
}

/// One call: arguments, the method, its reply.
fn run(handler: &Handler, names: &Names) -> TokenStream {
    let Names {
        rt,
        this,
        call,
        out,
        ..
    } = names;
    let extent = Extent::of_output(handler.output.as_ref(), &handler.method);
    let reply = extent.variable("__reply");
    let method = &handler.method;
    let Extracted {
        lets,
        variables,
        mutability,
    } = extract(&handler.arguments, names, Judge::Elsewhere, |span| {
        marker(handler, names, span)
    });
    let own = names.of_self(method, method.span());
    let invoke = quote_spanned! {method.span()=> #own(&*#this, #(#variables),*) };
    let convert = convert(handler, &reply, extent, names);
    let body = if handler.is_async {
        let rt = names.rt_at(method.span());
        let sent = quote_spanned!(method.span()=> #rt::must_be_send(#invoke).await);
        quote! {
            #lets
            let #reply = (#sent,);
            let #reply = #convert;
            #out.send_all(#reply).await
        }
    } else {
        quote! {
            #lets
            #rt::blocking(#call, move || {
                let #reply = (#invoke,);
                let #reply = #convert;
                #out.send_all_blocking(#reply)
            })
            .await
        }
    };
    quote! {
        |#this: ::std::sync::Arc<Self>, #mutability #call: #rt::Call, #out: #rt::Sink<_>| {
            #rt::boxed(async move { #body })
        }
    }
}

/// Makes items of what the method returned.
///
/// In a block of its own, because the traits that it imports must not stand before the user's types.
fn convert(handler: &Handler, reply: &Ident, extent: Extent, names: &Names) -> TokenStream {
    let value = extent.value(reply);
    let span = extent.first;
    let rt = names.rt_at(span);
    let batches = |function: &str| {
        let function = Ident::new(function, span);
        quote_spanned!(span=> #rt::probe(&#value).#function(#value)?)
    };
    let call = |function: &str| {
        let function = Ident::new(function, span);
        quote_spanned!(span=> #rt::#function(#value))
    };
    let items = match (handler.rpc, handler.is_async) {
        (Rpc::DoGet | Rpc::DoExchange, true) => batches("batches"),
        (Rpc::DoGet | Rpc::DoExchange, false) => batches("batches_blocking"),
        (Rpc::DoPut, true) => call("put_results"),
        (Rpc::DoPut, false) => call("put_results_blocking"),
        (Rpc::Action | Rpc::DoAction, true) => call("action_results"),
        (Rpc::Action | Rpc::DoAction, false) => call("action_results_blocking"),
        (Rpc::GetFlightInfo, _) => call("flight_info"),
        (Rpc::GetSchema, _) => {
            let result = call("schema_result");
            quote!(#result?)
        }
        (Rpc::PollFlightInfo, _) => call("poll_info"),
        (Rpc::ListFlights, true) => call("flight_infos"),
        (Rpc::ListFlights, false) => call("flight_infos_blocking"),
        (Rpc::ListActions, true) => call("action_types"),
        (Rpc::ListActions, false) => call("action_types_blocking"),
    };
    let split = split(reply, extent, names);
    quote! {{
        #split
        #items
    }}
}

/// Takes the value out of a `Result`, of any error that converts; other values stay as they are.
///
/// The variable is a tuple of one before and after, for [`Extent::value`]. The traits that the probe's methods come
/// from are imported for the rest of the block that it is in.
pub(super) fn split(variable: &Ident, extent: Extent, names: &Names) -> TokenStream {
    let rt = &names.rt;
    let value = extent.value(variable);
    let span = extent.first;
    let at = names.rt_at(span);
    let split = quote_spanned!(span=> #at::probe(&#value).split(#value)?);
    quote! {
        use #rt::probes::*;
        let #variable = (#split,);
    }
}
