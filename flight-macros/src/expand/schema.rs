//! The schemas that are known without a call: what an attribute says, and what types say.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Ident, Type};

use super::{Extent, Names, local};
use crate::model::{Handler, Rpc, Source};

/// `schema = ..` on the attribute.
pub(super) fn declared(handler: &Handler, names: &Names) -> TokenStream {
    let Some(expression) = &handler.schema else {
        return quote!(::core::option::Option::None);
    };
    let span = expression.span();
    let rt = names.rt_at(span);
    let Some(name) = single_name(expression) else {
        let declared = quote_spanned!(span=> #rt::declared_schema(#expression));
        return quote!(::core::option::Option::Some(|| #declared));
    };
    // A row type or a value: the import stands before those of the runtime in the namespaces that the name is in.
    let named = local("Named");
    let declared = quote_spanned!(span=> #rt::named_schema::<#named, _, _>(#named));
    let import = quote_spanned!(span=> use #name as #named;);
    let rt = &names.rt;
    quote! {
        ::core::option::Option::Some(|| {
            #[allow(unused_imports)]
            use #rt::named::*;
            #import
            #declared
        })
    }
}

/// A name that an import can stand for.
fn single_name(expression: &Expr) -> Option<&Ident> {
    match expression {
        Expr::Group(group) => single_name(&group.expr),
        Expr::Path(path) if path.qself.is_none() && path.attrs.is_empty() => {
            path.path.get_ident().filter(|name| *name != "Self")
        }
        _ => None,
    }
}

/// What follows from the type that the method returns.
pub(super) fn of_reply(handler: &Handler, names: &Names) -> TokenStream {
    match &handler.output {
        // A type that has no name, and so is not one that says its schema.
        Some(ty) if has_impl(ty.to_token_stream()) => quote!(::core::option::Option::None),
        Some(ty) if matches!(handler.rpc, Rpc::DoGet | Rpc::DoExchange) => {
            of_type(ty, "reply_schema", names)
        }
        _ => quote!(::core::option::Option::None),
    }
}

/// What follows from the types that the method takes.
pub(super) fn of_upload(handler: &Handler, names: &Names) -> TokenStream {
    let none = quote!(::core::option::Option::None);
    if !matches!(handler.rpc, Rpc::DoPut | Rpc::DoExchange) {
        return none;
    }
    let taken = handler.arguments.iter();
    taken
        .filter(|argument| argument.source == Source::Call)
        .map(|argument| of_type(&argument.ty, "upload_schema", names))
        .reduce(|one, other| quote!(#one.or(#other)))
        .unwrap_or(none)
}

fn of_type(ty: &Type, function: &str, names: &Names) -> TokenStream {
    let Extent { first, last } = Extent::of(ty);
    let rt = names.rt_at(first);
    let function = Ident::new(function, last);
    let open = quote_spanned!(first=> #rt::type_of::<);
    let close = quote_spanned!(last=> >().#function());
    quote!(#open #ty #close)
}

fn has_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => has_impl(group.stream()),
        _ => false,
    })
}
