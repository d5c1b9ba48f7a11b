//! Syntax: the arguments of the attributes, and the impl block with its bodies unparsed.
//!
//! Nothing here knows what a route is or which method may have which signature. What cannot be parsed is reported
//! and stepped over, so that one half-typed method hides no other.

mod attribute;
mod block;
mod options;
mod server;

pub(crate) use attribute::{RpcAttribute, is_condition};
pub(crate) use block::{Block, BlockKind, Item, Method};
pub(crate) use server::ServerAttribute;
