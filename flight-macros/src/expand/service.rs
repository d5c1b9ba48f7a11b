//! The block as a service, or as a part of one: the function that fills the table.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::{Names, conditions, handlers, list};
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
        Role::Part(part) => {
            let function = function(part);
            quote! {
                #cfgs
                impl #generics #ty #condition {
                    #[doc(hidden)]
                    pub(crate) fn #function(#table: &mut #rt::Table<Self>) {
                        #entries
                    }
                }
            }
        }
        Role::Unknown => TokenStream::new(),
    }
}

/// The function by which the main block finds a part, so that a part that is missing is reported at its name.
fn function(part: &Part) -> Ident {
    format_ident!("__flight_part_{}", part.name, span = part.span)
}
