//! The attributes of flight-runtime, which re-exports them: use that crate, not this one.
//!
//! [`macro@flight_server`] reads an impl block and prints a table of its handlers. The others mark the methods of
//! such a block; anywhere else they only say where they belong, and here they have their documentation.
//!
//! The way of a block through this crate: its syntax is read without its bodies, each method becomes plain data,
//! rules are checked on that data and mistakes collected, and what is sound is printed as calls into the runtime's
//! hidden module. Nothing here knows Arrow or gRPC.

#![forbid(unsafe_code)]

mod check;
mod errors;
mod expand;
mod literal;
mod model;
mod parse;
mod route;
mod server;
mod shape;
mod suggest;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

#[doc = include_str!("docs/flight_server.md")]
#[proc_macro_attribute]
pub fn flight_server(attribute: TokenStream, item: TokenStream) -> TokenStream {
    server::expand(attribute.into(), item.into()).into()
}

#[doc = include_str!("docs/flight_service.md")]
#[proc_macro_attribute]
pub fn flight_service(attribute: TokenStream, item: TokenStream) -> TokenStream {
    server::expand_service(attribute.into(), item.into()).into()
}

#[doc = include_str!("docs/do_get.md")]
#[proc_macro_attribute]
pub fn do_get(_: TokenStream, item: TokenStream) -> TokenStream {
    server::outside("do_get", item.into()).into()
}

#[doc = include_str!("docs/do_put.md")]
#[proc_macro_attribute]
pub fn do_put(_: TokenStream, item: TokenStream) -> TokenStream {
    server::outside("do_put", item.into()).into()
}

#[doc = include_str!("docs/do_exchange.md")]
#[proc_macro_attribute]
pub fn do_exchange(_: TokenStream, item: TokenStream) -> TokenStream {
    server::outside("do_exchange", item.into()).into()
}

#[doc = include_str!("docs/action.md")]
#[proc_macro_attribute]
pub fn action(_: TokenStream, item: TokenStream) -> TokenStream {
    server::outside("action", item.into()).into()
}

#[doc = include_str!("docs/do_action.md")]
#[proc_macro_attribute]
pub fn do_action(_: TokenStream, item: TokenStream) -> TokenStream {
    server::outside("do_action", item.into()).into()
}

#[doc = include_str!("docs/get_flight_info.md")]
#[proc_macro_attribute]
pub fn get_flight_info(_: TokenStream, item: TokenStream) -> TokenStream {
    server::outside("get_flight_info", item.into()).into()
}

#[doc = include_str!("docs/get_schema.md")]
#[proc_macro_attribute]
pub fn get_schema(_: TokenStream, item: TokenStream) -> TokenStream {
    server::outside("get_schema", item.into()).into()
}

#[doc = include_str!("docs/poll_flight_info.md")]
#[proc_macro_attribute]
pub fn poll_flight_info(_: TokenStream, item: TokenStream) -> TokenStream {
    server::outside("poll_flight_info", item.into()).into()
}

#[doc = include_str!("docs/list_flights.md")]
#[proc_macro_attribute]
pub fn list_flights(_: TokenStream, item: TokenStream) -> TokenStream {
    server::outside("list_flights", item.into()).into()
}

#[doc = include_str!("docs/list_actions.md")]
#[proc_macro_attribute]
pub fn list_actions(_: TokenStream, item: TokenStream) -> TokenStream {
    server::outside("list_actions", item.into()).into()
}
