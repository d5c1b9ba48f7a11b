//! Arguments as the generated code takes them: those of the route by their place, the others by their type.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;

use super::FromCall;
use crate::Error;
use crate::call::Call;
use crate::route::{QueryValue, RouteValue, read_path};
use crate::rpc::Rpc;

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

/// An argument of the type `T` of a call `R`, of which method resolution finds out whether there is one.
///
/// A type that is no argument is refused where the table asks what it takes of the request. Here it would be refused once more, and for each
/// bound of an implementation that it almost has.
#[doc(hidden)]
#[derive(Debug)]
pub struct Extractor<T, R>(NoExtractor<T>, PhantomData<fn(R)>);

/// A type that is no argument.
#[doc(hidden)]
#[derive(Debug)]
pub struct NoExtractor<T>(PhantomData<fn() -> T>);

/// The extractor of this type.
#[doc(hidden)]
pub fn extractor<T, R>() -> Extractor<T, R> {
    Extractor(NoExtractor(PhantomData), PhantomData)
}

impl<T: FromCall<R>, R: Rpc> Extractor<T, R> {
    /// Takes the argument from the call.
    pub fn extract(self, call: &mut Call) -> impl Future<Output = Result<T, Error>> + Send {
        T::from_call(call)
    }
}

impl<T, R> Deref for Extractor<T, R> {
    type Target = NoExtractor<T>;

    fn deref(&self) -> &NoExtractor<T> {
        &self.0
    }
}

impl<T> NoExtractor<T> {
    /// Never called: what has this type does not compile.
    pub fn extract(&self, _: &mut Call) -> Ready<Result<T, Error>> {
        ready(Err(Error::internal("the argument cannot be extracted")))
    }
}
