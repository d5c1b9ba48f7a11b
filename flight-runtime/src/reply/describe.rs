//! What a handler replies, by the type of its reply alone: for the service's definition.
//!
//! The type is that of a call which is written down and never made, so that `impl Trait` and aliases are seen through. Method resolution finds
//! out of it what [`probe`](super::probe) does of a reply: is it a `Result`, and is it a reply at all? One that is none
//! is reported where replies are converted, and not here once more.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;

use arrow_flight::{PutResult, Result as ActionResult};

use super::into::IntoReply;
use super::{Async, Blocking};
use crate::definition::{Count, Encoding};

/// What a message of a reply is made from.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct BodyDef {
    pub(crate) encoding: Encoding,
    pub(crate) type_name: fn() -> &'static str,
}

impl BodyDef {
    pub(super) const fn of<T: ?Sized>(encoding: Encoding) -> Self {
        Self {
            encoding,
            type_name: std::any::type_name::<T>,
        }
    }
}

/// What a reply is; `None` when it never has a message.
pub type ReplyDef = Option<(BodyDef, Count)>;

/// The type of a reply of messages `T`.
#[derive(Debug)]
pub struct Reply<T, Mode, R>(Value<T, Mode, R>);

/// The type of a reply that is no `Result`.
#[derive(Debug)]
pub struct Value<T, Mode, R>(Unknown, PhantomData<fn(T, Mode, R)>);

/// The type of a reply that cannot be one.
#[derive(Debug)]
pub struct Unknown;

impl<T, Mode, R> Value<T, Mode, R> {
    const NEW: Self = Value(Unknown, PhantomData);

    /// The reply itself.
    pub fn value(&self) -> Self {
        Self::NEW
    }
}

impl<T, Mode, R, E> Reply<T, Mode, Result<R, E>> {
    /// The reply when all goes well.
    pub fn value(&self) -> Value<T, Mode, R> {
        Value::NEW
    }
}

impl<T, Mode, R> Deref for Reply<T, Mode, R> {
    type Target = Value<T, Mode, R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T, Mode, R> Deref for Value<T, Mode, R> {
    type Target = Unknown;

    fn deref(&self) -> &Unknown {
        &self.0
    }
}

impl Unknown {
    /// Nothing is known.
    pub fn def(&self) -> ReplyDef {
        None
    }
}

/// Replies that can be converted.
pub trait KnownReply<M> {
    /// What it is.
    fn def(&self) -> ReplyDef;
}

impl<'a, T, Mode, M, R: IntoReply<'a, T, Mode, M>> KnownReply<(&'a (), M)> for Value<T, Mode, R> {
    fn def(&self) -> ReplyDef {
        R::REPLY
    }
}

/// Stands for an argument of the call that is not made.
pub fn argument<T>() -> T {
    unreachable!("a handler's type was asked for, not the handler called")
}

macro_rules! replies {
    ($($async:ident, $blocking:ident: $item:ty;)*) => { $(
        /// The type of what an `async fn` of the service `S` replies.
        pub fn $async<'a, S: 'a, F: Future>(
            _: impl FnOnce(&'a S) -> F,
        ) -> Reply<$item, Async, F::Output> {
            Reply(Value::NEW)
        }
        /// The same for a plain `fn`.
        pub fn $blocking<'a, S: 'a, R>(_: impl FnOnce(&'a S) -> R) -> Reply<$item, Blocking, R> {
            Reply(Value::NEW)
        }
    )* };
}
replies! {
    put_reply, put_reply_blocking: PutResult;
    action_reply, action_reply_blocking: ActionResult;
}
