//! The typed client: a method for each handler, with the handler's own types.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, GenericArgument, Type};

use super::{Names, conditions, constructors, local, marker, text};
use crate::model::{Argument, Client, Handler, Rpc, Server, Source, Target};
use crate::shape::{is_string, item, last_word, unwrapped};

pub(super) fn tokens(server: &Server, names: &Names) -> TokenStream {
    let Some(client) = &server.client else {
        return TokenStream::new();
    };
    let krate = &names.krate;
    let Client { name } = client;
    let cfgs = conditions(&server.cfgs);
    let methods: TokenStream = server
        .handlers
        .iter()
        .filter(|handler| handler.sound)
        .map(|handler| method(handler, names))
        .collect();
    let routes: TokenStream = server
        .handlers
        .iter()
        .filter(|handler| handler.sound)
        .filter_map(|handler| {
            let public = syn::parse_quote!(pub);
            Some(constructors::function(
                handler,
                handler.route()?,
                &public,
                None,
                names,
            ))
        })
        .collect();
    let checks: TokenStream = server
        .handlers
        .iter()
        .filter(|handler| handler.sound)
        .map(|handler| checks(handler, &server.cfgs, names))
        .collect();
    let service = text::of(quote::ToTokens::to_token_stream(&server.ty));
    let doc = match server.doc.as_str() {
        "" => format!("A client of `{service}`."),
        doc => format!("{doc}\n\nA client of `{service}`."),
    };
    quote! {
        #cfgs
        #[doc = #doc]
        /// Each method calls the handler of its name. Cheap to clone: clones share connections.
        #[derive(Clone, Debug)]
        pub struct #name(#krate::FlightClient);

        #cfgs
        #[automatically_derived]
        #[allow(private_bounds, private_interfaces, clippy::too_many_arguments)]
        impl #name {
            /// The client on this connection.
            #[must_use]
            pub fn new(client: #krate::FlightClient) -> Self {
                Self(client)
            }

            /// Connects with default settings; for others, [`new`](Self::new) on what `FlightClient::builder` gives.
            ///
            /// # Errors
            ///
            /// UNAVAILABLE when nobody answers, INVALID_ARGUMENT when the location is none.
            pub async fn connect(
                location: impl ::core::convert::Into<#krate::Location>,
            ) -> ::core::result::Result<Self, #krate::Error> {
                #krate::FlightClient::connect(location).await.map(Self)
            }

            /// The same client with these options: a time limit, a token, headers.
            #[must_use]
            pub fn with(&self, options: #krate::CallOptions) -> Self {
                Self(self.0.with(options))
            }

            /// The client for calls of any kind.
            #[must_use]
            pub fn client(&self) -> &#krate::FlightClient {
                &self.0
            }

            #routes
            #methods
        }

        #checks

        #cfgs
        #[automatically_derived]
        impl ::core::convert::From<#krate::FlightClient> for #name {
            fn from(client: #krate::FlightClient) -> Self {
                Self(client)
            }
        }
    }
}

/// What a handler's argument is on the client's side.
enum Side<'a> {
    /// A value of the route.
    Route,
    /// The body of the request.
    Body(Body<'a>),
    /// Batches or rows that are uploaded.
    Upload,
    /// The ticket or descriptor itself, or the action: of one whose name is known its body.
    Raw,
    /// Something of the server's: a context, who calls.
    None,
}

#[derive(Clone, Copy)]
enum Body<'a> {
    Json(&'a Type),
    Proto(&'a Type),
    Bytes,
    Text,
}

fn side<'a>(argument: &'a Argument, handler: &Handler) -> Side<'a> {
    if argument.source != Source::Call {
        return Side::Route;
    }
    let Some((name, arguments)) = last_word(&argument.ty) else {
        return Side::None;
    };
    let bodies = handler.route().is_none();
    match (name.as_str(), arguments.as_slice()) {
        ("Json", [GenericArgument::Type(ty)]) if bodies => Side::Body(Body::Json(ty)),
        ("Proto", [GenericArgument::Type(ty)]) if bodies => Side::Body(Body::Proto(ty)),
        ("Bytes", []) if bodies => Side::Body(Body::Bytes),
        ("String", []) if bodies => Side::Body(Body::Text),
        ("BatchStream" | "Rows", _) => Side::Upload,
        ("Ticket" | "FlightDescriptor" | "Action", []) if bodies => Side::Raw,
        _ => Side::None,
    }
}

/// The argument whose type the client's method has for the message of the request, which is sent once, whoever reads it: the one that says most of it.
fn sent(handler: &Handler) -> Option<usize> {
    let arguments = handler.arguments.iter().enumerate();
    let readers = arguments.filter_map(|(index, argument)| {
        let rank = match side(argument, handler) {
            Side::Body(Body::Json(_) | Body::Proto(_)) => 0,
            Side::Body(Body::Text) => 1,
            Side::Body(Body::Bytes) => 2,
            Side::Raw => 3,
            Side::Route | Side::Upload | Side::None => return None,
        };
        Some((rank, index))
    });
    readers.min().map(|(_, index)| index)
}

/// The parameter for a body, and the bytes that are made of it.
fn body(kind: Body<'_>, ident: &Ident, names: &Names) -> (TokenStream, TokenStream) {
    let Names { krate, rt, .. } = names;
    match kind {
        Body::Json(ty) => (
            quote!(#ident: &#ty,),
            quote_spanned!(ty.span()=> #rt::client::json::<#ty>(#ident)?),
        ),
        Body::Proto(ty) => (
            quote!(#ident: &#ty,),
            quote_spanned!(ty.span()=> #rt::client::proto::<#ty>(#ident)?),
        ),
        Body::Bytes => (
            quote!(#ident: impl ::core::convert::Into<#krate::bytes::Bytes>,),
            quote!(::core::convert::Into::<#krate::bytes::Bytes>::into(#ident)),
        ),
        Body::Text => (
            quote!(#ident: impl ::core::convert::Into<::std::string::String>,),
            quote!(<#krate::bytes::Bytes as ::core::convert::From<::std::string::String>>::from(
                ::core::convert::Into::<::std::string::String>::into(#ident)
            )),
        ),
    }
}

fn method(handler: &Handler, names: &Names) -> TokenStream {
    let krate = &names.krate;
    let rt = &names.rt;
    let span = handler.method.span();
    let cfgs = conditions(&handler.cfgs);
    let mut method = handler.method.clone();
    method.set_span(Span::mixed_site().located_at(span));
    let sent = sent(handler);
    let mut parameters = TokenStream::new();
    let mut bytes = None;
    let mut upload = quote!(::core::option::Option::None);
    let mut raw = None;
    let mut route_values: Vec<(usize, TokenStream)> = Vec::new();
    for (index, argument) in handler.arguments.iter().enumerate() {
        let ident = match &argument.binding {
            Some(ident) => ident.clone(),
            None => format_ident!("argument_{index}", span = argument.ty.span()),
        };
        let ty = &argument.ty;
        match side(argument, handler) {
            Side::None => {}
            Side::Route => {
                let at = match argument.source {
                    Source::Path(index) | Source::Query(index) => index,
                    Source::Call => continue,
                };
                if is_string(ty) {
                    parameters.extend(quote!(#ident: impl ::core::convert::Into<#ty>,));
                    route_values.push((at, quote!(::core::convert::Into::<#ty>::into(#ident))));
                } else {
                    parameters.extend(quote!(#ident: #ty,));
                    route_values.push((at, quote!(#ident)));
                }
            }
            // Another argument sends it.
            Side::Body(_) | Side::Raw if sent != Some(index) => {}
            Side::Body(kind) => {
                let (parameter, value) = body(kind, &ident, names);
                parameters.extend(parameter);
                bytes = Some(value);
            }
            Side::Raw if handler.rpc == Rpc::Action => {
                let (parameter, value) = body(Body::Bytes, &local("body"), names);
                parameters.extend(parameter);
                bytes = Some(value);
            }
            Side::Upload => {
                parameters.extend(quote!(#ident: impl ::core::convert::Into<#ty>,));
                upload = quote_spanned! {ty.span()=>
                    ::core::option::Option::Some(::core::convert::Into::<#krate::BatchStream>::into(
                        ::core::convert::Into::<#ty>::into(#ident)
                    ))
                };
            }
            Side::Raw => {
                parameters.extend(quote!(#ident: #ty,));
                raw = Some(quote!(#ident));
            }
        }
    }
    route_values.sort_by_key(|(at, _)| *at);
    let values = route_values.iter().map(|(_, value)| value);
    // What the call is addressed to.
    let address = match &handler.target {
        Target::Route(_) => {
            let function = constructors::name(handler);
            quote!(Self::#function(#(#values),*))
        }
        _ => match (raw, bytes.clone()) {
            (Some(raw), _) => raw,
            (None, Some(bytes)) => match handler.rpc {
                Rpc::DoGet => quote!(#krate::Ticket { ticket: #bytes }),
                Rpc::DoAction => {
                    let name = local("name");
                    parameters = quote! {
                        #name: impl ::core::convert::Into<::std::string::String>, #parameters
                    };
                    quote!(#krate::Action {
                        r#type: ::core::convert::Into::<::std::string::String>::into(#name),
                        body: #bytes,
                    })
                }
                _ => quote!(#krate::FlightDescriptor::new_cmd(#bytes)),
            },
            (None, None) => {
                let (name, ty) = match handler.rpc {
                    Rpc::DoGet => ("ticket", quote!(#krate::Ticket)),
                    Rpc::DoAction => ("action", quote!(#krate::Action)),
                    _ => ("descriptor", quote!(#krate::FlightDescriptor)),
                };
                let name = format_ident!("{name}");
                if !matches!(handler.rpc, Rpc::Action) {
                    parameters.extend(quote!(#name: impl ::core::convert::Into<#ty>,));
                }
                quote!(::core::convert::Into::<#ty>::into(#name))
            }
        },
    };
    let reply = Reply::of(handler);
    let (returns, call) = match handler.rpc {
        Rpc::DoGet => {
            let call = quote!(self.0.do_get(#address).await);
            downloaded(handler, call, names)
        }
        Rpc::DoExchange => {
            let call = quote!(#rt::client::exchange(&self.0, #address, #upload).await);
            downloaded(handler, call, names)
        }
        Rpc::DoPut => {
            let reply = if handler.arguments.iter().any(writes_acks) {
                reply.with_acks()
            } else {
                reply
            };
            let (reply, at) = reply.placed(names);
            let call = quote_spanned! {reply.span()=>
                #at::client::put::<#reply>(&self.0, #address, #upload).await
            };
            (value(&reply, names), call)
        }
        Rpc::Action => {
            let Target::Action { name, .. } = &handler.target else {
                return TokenStream::new();
            };
            let bytes = bytes.unwrap_or_else(|| quote!(#krate::bytes::Bytes::new()));
            let (reply, at) = reply.placed(names);
            let call = quote_spanned! {reply.span()=>
                #at::client::action::<#reply>(&self.0, #name, #bytes).await
            };
            (value(&reply, names), call)
        }
        Rpc::DoAction => {
            let (reply, at) = reply.placed(names);
            let call = quote_spanned! {reply.span()=>
                #at::client::any_action::<#reply>(&self.0, #address).await
            };
            (value(&reply, names), call)
        }
        Rpc::GetFlightInfo => (
            quote!(#krate::FlightInfo),
            quote!(self.0.get_flight_info(#address).await),
        ),
        Rpc::PollFlightInfo => (
            quote!(#krate::PollInfo),
            quote!(self.0.poll_flight_info(#address).await),
        ),
        Rpc::GetSchema => (
            quote!(#krate::arrow::datatypes::Schema),
            quote!(#rt::client::schema(&self.0, #address).await),
        ),
        // They add to what all handlers offer: `FlightClient::list_flights` and `list_actions`.
        Rpc::ListFlights | Rpc::ListActions => return TokenStream::new(),
    };
    let result = {
        let span = returns.span();
        let krate = in_one_place(krate.clone(), span);
        quote_spanned!(span=> ::core::result::Result<#returns, #krate::Error>)
    };
    let doc = match handler.doc.as_str() {
        "" => format!("Calls `{}`.", handler.method.unraw()),
        doc => doc.to_owned(),
    };
    quote! {
        #cfgs
        #[doc = #doc]
        ///
        /// # Errors
        ///
        /// What the server answers; UNAVAILABLE when it cannot be reached.
        pub async fn #method(&self, #parameters) -> #result {
            #call
        }
    }
}

/// Has the compiler see that nothing of the request was misread, whose type the client does not know by its name.
fn checks(handler: &Handler, cfgs: &[Attribute], names: &Names) -> TokenStream {
    let cfgs = conditions(cfgs.iter().chain(&handler.cfgs));
    // What reads the message under another name reads what is sent all the same; but an action's method sends a body only where it has a parameter for it.
    let is_sent = handler.rpc != Rpc::Action || sent(handler).is_some();
    let unknown = handler
        .arguments
        .iter()
        .filter(|argument| matches!(side(argument, handler), Side::None));
    unknown
        .map(|argument| {
            let ty = &argument.ty;
            let span = ty.span();
            let rt = names.rt_at(span);
            let marker = marker(handler, names, span);
            quote_spanned! {span=>
                #cfgs
                const _: () = #rt::client::sends_nothing(<#ty as #rt::FromCall<#marker>>::INPUT, #is_sent);
            }
        })
        .collect()
}

/// What a client has of a reply of this type.
fn value(reply: &TokenStream, names: &Names) -> TokenStream {
    let krate = in_one_place(names.krate.clone(), reply.span());
    quote_spanned!(reply.span()=> <#reply as #krate::ClientReply>::Value)
}

/// All tokens at one place: the compiler says a thing once for each place.
fn in_one_place(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            if let TokenTree::Group(group) = &token {
                let inside = in_one_place(group.stream(), span);
                token = TokenTree::Group(Group::new(group.delimiter(), inside));
            }
            token.set_span(span);
            token
        })
        .collect()
}

/// Batches, or rows where the handler says so by their name.
fn downloaded(handler: &Handler, call: TokenStream, names: &Names) -> (TokenStream, TokenStream) {
    let krate = &names.krate;
    match handler.output.as_ref().map(unwrapped) {
        Some(ty) if last_word(ty).is_some_and(|(name, _)| name == "Rows") => {
            let convert = quote_spanned!(ty.span()=> ::core::convert::Into::<#ty>::into);
            (quote!(#ty), quote!(#call.map(#convert)))
        }
        _ => (quote!(#krate::BatchStream), call),
    }
}

/// What a handler of results returns.
enum Reply<'a> {
    Nothing,
    Type(&'a Type),
    /// A stream or an iterator of this.
    Each(&'a Type),
    /// Acknowledgements alone.
    Acks,
}

impl<'a> Reply<'a> {
    fn of(handler: &'a Handler) -> Self {
        let Some(ty) = handler.output.as_ref().map(unwrapped) else {
            return Reply::Nothing;
        };
        match ty {
            Type::Tuple(tuple) if tuple.elems.is_empty() => Reply::Nothing,
            ty => item(ty).map_or(Reply::Type(ty), |item| Reply::Each(unwrapped(item))),
        }
    }

    fn tokens(&self, names: &Names) -> TokenStream {
        match self {
            Reply::Nothing => quote!(()),
            Reply::Type(ty) => quote!(#ty),
            Reply::Each(item) => {
                let span = item.span();
                let krate = in_one_place(names.krate.clone(), span);
                quote_spanned!(span=> #krate::Replies<#item>)
            }
            Reply::Acks => {
                let krate = &names.krate;
                quote!(#krate::Replies<#krate::bytes::Bytes>)
            }
        }
    }

    /// Its tokens and the hidden module, all at one place.
    fn placed(&self, names: &Names) -> (TokenStream, TokenStream) {
        let tokens = self.tokens(names);
        let span = tokens.span();
        (
            in_one_place(tokens, span),
            in_one_place(names.rt.clone(), span),
        )
    }

    /// The same with acknowledgements before it.
    fn with_acks(self) -> Self {
        let Reply::Type(ty) = self else {
            return match self {
                Reply::Nothing => Reply::Acks,
                other => other,
            };
        };
        let (name, arguments) = last_word(ty).unwrap_or_default();
        match (name.as_str(), arguments.as_slice()) {
            ("Option" | "Vec", [GenericArgument::Type(item)]) => Reply::Each(item),
            _ => Reply::Each(ty),
        }
    }
}

fn writes_acks(argument: &Argument) -> bool {
    last_word(&argument.ty).is_some_and(|(name, _)| name == "MetadataWriter")
}
