//! The rules: [`method`] on one method, [`block`] across the methods of a block.
//!
//! Only syntax is judged here. What a type can do is judged by the traits of the runtime, which see through aliases
//! and generics where a macro cannot.

mod access;
mod block;
mod client;
mod method;

pub(crate) use block::across;
pub(crate) use client::client;
pub(crate) use method::handler;
