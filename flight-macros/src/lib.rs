//! The attributes of flight-runtime.

#![forbid(unsafe_code)]

mod check;
mod errors;
mod expand;
mod model;
mod parse;
mod route;
mod server;
mod suggest;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// TODO
#[proc_macro_attribute]
pub fn flight_server(attribute: TokenStream, item: TokenStream) -> TokenStream {
    server::expand(attribute.into(), item.into()).into()
}

macro_rules! method_attributes { ($($name:ident)*) => { $(
/// TODO
#[proc_macro_attribute]
pub fn $name(_attribute: TokenStream, item: TokenStream) -> TokenStream {
    server::outside(stringify!($name), item.into()).into()
}
)* } }
method_attributes!(do_get do_put do_exchange action do_action get_flight_info get_schema poll_flight_info list_flights list_actions);
