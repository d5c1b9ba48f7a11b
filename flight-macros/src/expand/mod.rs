//! Prints what the model says; nothing is decided here.
//!
//! What is generated is thin: a table entry for each handler, in which every conversion is one call of a function
//! of the runtime's hidden module. Spans decide where the compiler reports what a trait refuses, so each call has
//! the span of the tokens that it judges: an argument's type, the return type, the method's name.

mod access;
mod client;
mod constructors;
mod handlers;
mod list;
mod schema;
mod service;
pub(crate) mod text;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Generics, Path, Type};

use crate::model::{Argument, Handler, Role, Rpc, Server, Source};

/// What is generated.
#[derive(Default)]
pub(crate) struct Generated {
    /// Beside the user's own block.
    pub(crate) beside: TokenStream,
    /// In it, behind what the user wrote: a trait's.
    pub(crate) inside: TokenStream,
}

/// Everything that is generated from a block.
pub(crate) fn server(server: &Server) -> Generated {
    let mut names = Names::new(&server.krate);
    if let Role::Contract { .. } = server.role {
        names.contract = Some(server.ty.to_token_stream());
    }
    let mut generated = Generated::default();
    let own = match server.role {
        Role::Contract { .. } => &mut generated.inside,
        _ => &mut generated.beside,
    };
    own.extend(service::tokens(server, &names));
    own.extend(constructors::tokens(server, &names));
    generated.beside.extend(client::tokens(server, &names));
    generated
}

/// What makes a type that implements a contract a service.
pub(crate) fn implementation(
    krate: &Path,
    cfgs: &[Attribute],
    generics: &Generics,
    contract: &Path,
    ty: &Type,
) -> TokenStream {
    service::implementation(&Names::new(krate), cfgs, generics, contract, ty)
}

/// Names that generated code refers to.
struct Names {
    /// The runtime crate.
    krate: TokenStream,
    /// Its hidden module.
    rt: TokenStream,
    /// The trait whose methods are called, where the block is one.
    contract: Option<TokenStream>,
    table: Ident,
    this: Ident,
    call: Ident,
    out: Ident,
}

impl Names {
    fn new(krate: &Path) -> Self {
        // A runtime of another version has another module, which the compiler then misses by its name.
        let version = concat!(
            "__v",
            env!("CARGO_PKG_VERSION_MAJOR"),
            "_",
            env!("CARGO_PKG_VERSION_MINOR")
        );
        let version = Ident::new(version, Span::call_site());
        let krate = krate.to_token_stream();
        Names {
            rt: quote!(#krate::#version),
            krate,
            contract: None,
            table: local("__table"),
            this: local("__this"),
            call: local("__call"),
            out: local("__out"),
        }
    }

    /// A function of the service's, reported at `span`.
    ///
    /// That of a contract by its name, because a trait above it may have one that is called the same.
    fn of_self(&self, function: &Ident, span: Span) -> TokenStream {
        match &self.contract {
            Some(contract) => {
                let contract = respan(contract.clone(), span);
                quote_spanned!(span=> <Self as #contract>::#function)
            }
            None => quote_spanned!(span=> Self::#function),
        }
    }

    /// The runtime's hidden module, for paths that are reported at `span`.
    fn rt_at(&self, span: Span) -> TokenStream {
        respan(self.rt.clone(), span)
    }
}

/// A local variable that no code of the user's can see or be seen by.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Tokens that resolve as before and are reported at `span`.
fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(token.span().located_at(span));
            token
        })
        .collect()
}

/// From the first to the last token of something of the user's.
///
/// On stable Rust a span cannot be joined with another, but the compiler joins those of an expression's first and
/// last token. So what is generated around a type begins at the one and ends at the other, and an error underlines
/// the whole type.
#[derive(Clone, Copy)]
struct Extent {
    first: Span,
    last: Span,
}

impl Extent {
    fn of(tokens: impl ToTokens) -> Self {
        let mut spans = tokens.into_token_stream().into_iter().map(|t| t.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        Extent {
            first,
            last: spans.last().unwrap_or(first),
        }
    }

    /// What a reply is reported at: the return type, or else the name of the method.
    fn of_output(output: Option<&Type>, method: &Ident) -> Self {
        output.map_or_else(|| Extent::of(method), Extent::of)
    }

    /// A variable that is reported here.
    ///
    /// It is visible to the user's own tokens, of which none stands where it does.
    fn variable(self, name: &str) -> Ident {
        Ident::new(name, self.first)
    }

    /// The value of a variable that is a tuple of one, as an expression of this extent.
    fn value(self, variable: &Ident) -> TokenStream {
        quote_spanned!(self.last=> #variable.0)
    }
}

/// The type that an extractor is asked for: the RPC, marked when a route chose the handler.
fn marker(handler: &Handler, names: &Names, span: Span) -> TokenStream {
    let rt = names.rt_at(span);
    let rpc = match handler.rpc {
        Rpc::DoGet => "DoGet",
        Rpc::DoPut => "DoPut",
        Rpc::DoExchange => "DoExchange",
        Rpc::Action | Rpc::DoAction => "DoAction",
        Rpc::GetFlightInfo => "GetFlightInfo",
        Rpc::GetSchema => "GetSchema",
        Rpc::PollFlightInfo => "PollFlightInfo",
        Rpc::ListFlights => "ListFlights",
        Rpc::ListActions => "ListActions",
    };
    let rpc = Ident::new(rpc, span);
    if handler.route().is_some() {
        quote!(#rt::Routed<#rt::#rpc>)
    } else {
        quote!(#rt::#rpc)
    }
}

/// A method's arguments, taken out of the call.
struct Extracted {
    /// One `let` for each: the route's first, because they cost nothing and may end the call.
    lets: TokenStream,
    /// The variables, in the method's order.
    variables: Vec<Ident>,
    /// `mut`, if an extractor needs it.
    mutability: Option<TokenStream>,
}

/// Where the compiler says that an argument is none.
#[derive(Clone, Copy)]
enum Judge {
    /// Where it is extracted.
    Here,
    /// In what else is generated for the same arguments, so that it is said once.
    Elsewhere,
}

/// Prints how each argument is made; `marker` names what an extractor is asked for.
fn extract(
    arguments: &[Argument],
    names: &Names,
    judge: Judge,
    marker: impl Fn(Span) -> TokenStream,
) -> Extracted {
    let call = &names.call;
    let variables: Vec<Ident> = (0..arguments.len())
        .map(|index| local(&format!("__a{index}")))
        .collect();
    let mut from_route = TokenStream::new();
    let mut from_call = TokenStream::new();
    for (argument, variable) in arguments.iter().zip(&variables) {
        let ty = &argument.ty;
        let Extent { first, last } = Extent::of(ty);
        let rt = names.rt_at(first);
        let value = match argument.source {
            Source::Path(index) => {
                let index = Literal::usize_unsuffixed(index);
                let open = quote_spanned!(first=> #rt::path_arg::<);
                let close = quote_spanned!(last=> >(&#call, #index)?);
                quote!(#open #ty #close)
            }
            Source::Query(index) => {
                let index = Literal::usize_unsuffixed(index);
                let open = quote_spanned!(first=> #rt::query_arg::<);
                let close = quote_spanned!(last=> , _>(&#call, #index)?);
                quote!(#open #ty #close)
            }
            Source::Call => {
                let marker = marker(last);
                match judge {
                    Judge::Here => {
                        let rt = names.rt_at(last);
                        let open = quote_spanned!(first=> <);
                        let close = quote_spanned! {last=>
                            as #rt::FromCall<#marker>>::from_call(&mut #call).await?
                        };
                        quote!(#open #ty #close)
                    }
                    Judge::Elsewhere => quote! {
                        #rt::extractor::<#ty, #marker>().extract(&mut #call).await?
                    },
                }
            }
        };
        let lets = match argument.source {
            Source::Call => &mut from_call,
            _ => &mut from_route,
        };
        lets.extend(quote!(let #variable = #value;));
    }
    Extracted {
        mutability: (!from_call.is_empty()).then(|| quote!(mut)),
        lets: quote!(#from_route #from_call),
        variables,
    }
}

/// All conditions under which something exists.
fn conditions<'a>(cfgs: impl IntoIterator<Item = &'a Attribute>) -> TokenStream {
    cfgs.into_iter().map(ToTokens::to_token_stream).collect()
}
