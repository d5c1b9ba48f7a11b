//! The block as a service, or as a part of one: the function that fills the table.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Attribute, Generics, Path, Type};

use super::{Extent, Names, conditions, handlers, list};
use crate::model::{Part, Role, Server};

pub(super) fn tokens(server: &Server, names: &Names) -> TokenStream {
    let Names {
        krate, rt, table, ..
    } = names;
    let ty = &server.ty;
    let (generics, _, condition) = server.generics.split_for_impl();
    let cfgs = conditions(&server.cfgs);
    let entries: TokenStream = server
        .handlers
        .iter()
        .filter(|handler| handler.sound)
        .map(|handler| {
            let entry = handlers::tokens(handler, names);
            let list = list::tokens(handler, names);
            quote!(#entry #list)
        })
        .collect();
    match &server.role {
        Role::Main { name, parts } => {
            let doc = &server.doc;
            let parts = parts.iter().map(|part| {
                let function = function(part);
                quote_spanned!(part.span=> Self::#function(#table);)
            });
            quote! {
                #cfgs
                #[automatically_derived]
                impl #generics #krate::FlightService for #ty #condition {
                    fn service() -> #rt::ServiceDef {
                        #rt::ServiceDef {
                            name: #name,
                            doc: #doc,
                            module: ::core::module_path!(),
                        }
                    }

                    fn handlers(#table: &mut #rt::Table<Self>) {
                        #entries
                        #(#parts)*
                    }
                }
            }
        }
        Role::Contract { name } => {
            let doc = &server.doc;
            let function = contract_function(Span::call_site());
            quote! {
                #[doc(hidden)]
                fn #function(
                    #table: ::core::option::Option<&mut #rt::Table<Self>>,
                ) -> #rt::ServiceDef
                where
                    Self: ::core::marker::Sized,
                {
                    if let ::core::option::Option::Some(#table) = #table {
                        #entries
                    }
                    #rt::ServiceDef {
                        name: #name,
                        doc: #doc,
                        module: ::core::module_path!(),
                    }
                }
            }
        }
        Role::Part(part) => {
            let function = function(part);
            quote! {
                #cfgs
                impl #generics #ty #condition {
                    #[doc(hidden)]
                    #[allow(non_snake_case)]
                    pub(crate) fn #function(#table: &mut #rt::Table<Self>) {
                        #entries
                    }
                }
            }
        }
        Role::Unknown => TokenStream::new(),
    }
}

/// What makes a type that implements a contract a service: the contract has the table.
pub(super) fn implementation(
    names: &Names,
    cfgs: &[Attribute],
    generics: &Generics,
    contract: &Path,
    ty: &Type,
) -> TokenStream {
    let Names {
        krate, rt, table, ..
    } = names;
    let (generics, _, condition) = generics.split_for_impl();
    let cfgs = conditions(cfgs);
    // Called in one place, so that a trait without it is one error.
    let function = contract_function(Extent::of(contract).last);
    // By the trait's name, so that a second contract of a type is one clash and not two.
    let word = contract.segments.last().map(|last| last.ident.unraw());
    let own = format_ident!(
        "__flight_contract_{}",
        word.map_or_else(String::new, |word| word.to_string())
    );
    quote! {
        #cfgs
        #[automatically_derived]
        impl #generics #krate::FlightService for #ty #condition {
            fn service() -> #rt::ServiceDef {
                Self::#own(::core::option::Option::None)
            }

            fn handlers(#table: &mut #rt::Table<Self>) {
                Self::#own(::core::option::Option::Some(#table));
            }
        }

        #cfgs
        impl #generics #ty #condition {
            #[doc(hidden)]
            #[allow(non_snake_case)]
            fn #own(
                #table: ::core::option::Option<&mut #rt::Table<Self>>,
            ) -> #rt::ServiceDef {
                <Self as #contract>::#function(#table)
            }
        }
    }
}

/// The function by which an implementation finds what its trait says. Its name is what the compiler says of a trait that has none.
fn contract_function(span: Span) -> Ident {
    Ident::new("__annotate_the_trait_with_flight_service", span)
}

/// The function by which the main block finds a part, so that a part that is missing is reported at its name.
fn function(part: &Part) -> Ident {
    format_ident!("__flight_part_{}", part.name, span = part.span)
}
