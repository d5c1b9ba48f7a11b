//! Who may call a handler, as its table entry says it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{Extent, Names, local};
use crate::model::{Access, GrantKind};

pub(super) fn tokens(access: &Access, names: &Names) -> TokenStream {
    let rt = &names.rt;
    match access {
        Access::Default => quote!(#rt::Access::Default),
        Access::Public => quote!(#rt::Access::Public),
        Access::Any(grants) => {
            let grants = grants.iter().map(|grant| {
                let name = &grant.name;
                match grant.kind {
                    GrantKind::Role => quote!(#rt::Grant::Role(#name)),
                    GrantKind::Scope => quote!(#rt::Grant::Scope(#name)),
                }
            });
            quote!(#rt::Access::Any(&[#(#grants),*]))
        }
        Access::Guard(expression) => {
            let (principal, context) = (local("__principal"), local("__context"));
            let Extent { first, last } = Extent::of(expression);
            let at = names.rt_at(first);
            // From the first to the last token, so that a value that is no guard is underlined as a whole.
            let guard = {
                let reference = quote_spanned!(first=> &);
                let value = quote_spanned!(last=> (#expression));
                quote!(#reference #value)
            };
            let allows = quote_spanned!(first=> #at::allows);
            quote!(#rt::Access::Guard(|#principal, #context| #allows(#guard, #principal, #context)))
        }
    }
}
