//! Looking at a reply's type before judging it: is it a `Result`, is it a stream that knows its schema?
//!
//! Method resolution does it: a method of `Probe<Result<T, E>>` is found before the one that `Probe<T>` dereferences to, so
//! `T` and `E` are bounded apart and the error names the one that is wrong. A blanket implementation for
//! `Result` would hide which; matching the type's last name would break on an alias.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;

use arrow::array::RecordBatchReader;
use arrow::datatypes::SchemaRef;

use super::batches::{self, Flow};
use super::into::IntoBatches;
use super::{Async, Blocking, Items};
use crate::batches::BatchStream;
#[cfg(feature = "rows")]
use crate::rows::{Row, Rows};
use crate::{Error, IntoError};

/// The type of a reply.
#[derive(Debug)]
pub struct Probe<T>(Plain<T>);

/// The type of a reply that is nothing special.
#[derive(Debug)]
pub struct Plain<T>(PhantomData<fn(T)>);

/// What a schema is asked with.
pub(crate) type SchemaFn = fn() -> SchemaRef;

/// A type that a handler takes or gives.
pub fn type_of<T>() -> Probe<T> {
    Probe(Plain(PhantomData))
}

/// The type of this reply.
pub fn probe<T>(_: &T) -> Probe<T> {
    Probe(Plain(PhantomData))
}

impl<T> Deref for Probe<T> {
    type Target = Plain<T>;

    fn deref(&self) -> &Plain<T> {
        &self.0
    }
}

impl<T, E> Probe<Result<T, E>> {
    /// The reply, or the error that the call ends with.
    pub fn split(&self, reply: Result<T, E>) -> Result<T, Error>
    where
        E: IntoError,
    {
        reply.map_err(IntoError::into_error)
    }
}

impl<T> Plain<T> {
    /// The reply as it is.
    pub fn split(&self, reply: T) -> Result<T, Error> {
        Ok(reply)
    }

    /// The schema that follows from the type of a reply: none.
    pub fn reply_schema(&self) -> Option<SchemaFn> {
        None
    }

    /// The schema that follows from the type of an argument: none.
    pub fn upload_schema(&self) -> Option<SchemaFn> {
        None
    }

    /// The reply of an `async fn` that sends batches.
    pub fn batches<'a, M>(&self, reply: T) -> Result<Items<'a, Flow>, Error>
    where
        T: IntoBatches<'a, Async, M>,
    {
        batches::flow_of_items(reply.into_reply())
    }

    /// The reply of a plain `fn` that sends batches.
    pub fn batches_blocking<'a, M>(&self, reply: T) -> Result<Items<'a, Flow>, Error>
    where
        T: IntoBatches<'a, Blocking, M>,
    {
        batches::flow_of_items(reply.into_reply())
    }
}

impl Probe<BatchStream> {
    /// A stream that says more than its items.
    pub fn batches(&self, reply: BatchStream) -> Result<Items<'static, Flow>, Error> {
        Ok(batches::flow_of_stream(reply))
    }

    /// The same from a plain `fn`: its thread is free as soon as it returns.
    pub fn batches_blocking(&self, reply: BatchStream) -> Result<Items<'static, Flow>, Error> {
        Ok(batches::flow_of_stream(reply))
    }
}

#[cfg(feature = "rows")]
impl<T: Row> Probe<Rows<T>> {
    /// The row type's.
    pub fn reply_schema(&self) -> Option<SchemaFn> {
        Some(T::schema)
    }

    /// The row type's.
    pub fn upload_schema(&self) -> Option<SchemaFn> {
        Some(T::schema)
    }
}

/// Bounded behind the look at the type, so that what is said of another `T` is that it is no row type.
#[cfg(feature = "rows")]
impl<T> Probe<Rows<T>> {
    /// Rows, in batches.
    pub fn batches(&self, reply: Rows<T>) -> Result<Items<'static, Flow>, Error>
    where
        T: Row,
    {
        Ok(batches::flow_of_stream(reply.into_batches()))
    }

    /// The same from a plain `fn`: its thread is free as soon as it returns.
    pub fn batches_blocking(&self, reply: Rows<T>) -> Result<Items<'static, Flow>, Error>
    where
        T: Row,
    {
        Ok(batches::flow_of_stream(reply.into_batches()))
    }
}

#[cfg(feature = "rows")]
impl<T: Row, E> Probe<Result<Rows<T>, E>> {
    /// The row type's.
    pub fn reply_schema(&self) -> Option<SchemaFn> {
        Some(T::schema)
    }
}

/// Traits whose methods the generated code calls.
pub mod probes {
    use super::*;

    pub use crate::reply::describe::KnownReply;

    /// Readers, which are iterators that know their schema.
    pub trait ReaderProbe<R> {
        /// The reader of an `async fn`.
        fn batches(&self, reply: R) -> Result<Items<'static, Flow>, Error>;
        /// The reader of a plain `fn`.
        fn batches_blocking(&self, reply: R) -> Result<Items<'static, Flow>, Error>;
    }

    impl<R: RecordBatchReader + Send + 'static> ReaderProbe<R> for Probe<R> {
        fn batches(&self, reply: R) -> Result<Items<'static, Flow>, Error> {
            Ok(batches::flow_of_stream(BatchStream::from_reader(reply)))
        }

        fn batches_blocking(&self, reply: R) -> Result<Items<'static, Flow>, Error> {
            Ok(batches::flow_of_stream(BatchStream::from_reader(reply)))
        }
    }
}

/// Says at the handler's own name that its future is not `Send`.
pub fn must_be_send<F: Future + Send>(future: F) -> F {
    future
}
