//! Route arguments, read from the call by their place.

use crate::Error;
use crate::call::Call;
use crate::route::{QueryValue, RouteValue, read_path};

/// Reads the path argument at this place.
#[doc(hidden)]
pub fn path_arg<T: RouteValue>(call: &Call, index: usize) -> Result<T, Error> {
    read_path(call.arg_def(index)?, call.arg_texts(index))
}

/// Reads the query argument at this place.
#[doc(hidden)]
pub fn query_arg<T: QueryValue<M>, M>(call: &Call, index: usize) -> Result<T, Error> {
    T::read(call.arg_def(index)?, call.arg_texts(index))
}
