//! What happens around a call: hooks at its start, when its headers are sent, and at its end.
//!
//! `stack` holds the factories of a server, and the middleware that one call has started.

mod stack;

use std::any::Any;
use std::future::{Future, ready};

use http::HeaderMap;

use crate::Error;
use crate::context::{CallContext, metadata};
use crate::extract::Metadata;

pub(crate) use stack::{Stack, Started};

/// Starts a [`ServerMiddleware`] for each call of a server: [`FlightServerBuilder::middleware`](crate::FlightServerBuilder::middleware).
///
/// It sees every call, the Handshake and those that authentication refuses too, before anything of it but its headers is read. What it
/// returns lives as long as the call.
///
/// | returns | means |
/// |---|---|
/// | `Ok(Some(middleware))` | the call has this middleware: its hooks are called, and handlers find it |
/// | `Ok(None)` | nothing to do for this call |
/// | `Err(error)` | the call is refused with this error, and its handler does not run |
///
/// Factories are asked in the order in which they were added, hooks at the end run in reverse. Every middleware that was started is told
/// of the end, also when a later factory refuses the call, authentication does, its client vanishes or its handler panics.
///
/// A closure is one too, when it needs not wait:
///
/// ```
/// use flight_runtime::prelude::*;
/// use flight_runtime::{Metadata, Method, ServerMiddleware};
///
/// /// Says in the log how a call ended.
/// struct Logged(CallContext);
///
/// impl ServerMiddleware for Logged {
///     fn call_completed(&self, result: Result<(), &Error>) {
///         let call = &self.0;
///         tracing::info!(method = %call.method(), peer = %call.peer(), identity = call.peer_identity(), ?result);
///     }
/// }
///
/// # struct Tables;
/// # #[flight_server]
/// # impl Tables {
/// #     #[action("a")]
/// #     fn a(&self) {}
/// # }
/// # fn build() -> flight_runtime::FlightServerBuilder {
/// FlightServer::builder(Tables)
///     .middleware("log", |call: &CallContext, _: &Metadata| Ok(Some(Logged(call.clone()))))
///     .middleware("read only", |call: &CallContext, _: &Metadata| match call.method() {
///         Method::DoPut => Err(Error::permission_denied("this replica takes no uploads")),
///         _ => Ok(None::<Logged>),
///     })
/// # }
/// ```
pub trait ServerMiddlewareFactory: Send + Sync + 'static {
    /// What it starts.
    type Middleware: ServerMiddleware;

    /// A call begins. `headers` are those that came with it, text and (`-bin`) binary, a key as often as it was sent.
    ///
    /// `info` says method, peer and deadline; kept (it is cheap to clone), it also knows
    /// [`peer_identity`](CallContext::peer_identity) once authentication is through.
    ///
    /// # Errors
    ///
    /// The error that the call is refused with.
    fn start_call(
        &self,
        info: &CallContext,
        headers: &Metadata,
    ) -> impl Future<Output = Result<Option<Self::Middleware>, Error>> + Send;
}

#[diagnostic::do_not_recommend]
impl<F, M> ServerMiddlewareFactory for F
where
    F: Fn(&CallContext, &Metadata) -> Result<Option<M>, Error> + Send + Sync + 'static,
    M: ServerMiddleware,
{
    type Middleware = M;

    fn start_call(
        &self,
        info: &CallContext,
        headers: &Metadata,
    ) -> impl Future<Output = Result<Option<M>, Error>> + Send {
        ready(self(info, headers))
    }
}

/// The hooks of one call. All have defaults that do nothing.
///
/// A handler finds it by its type, as an argument [`Middleware<T>`](crate::Middleware) or through
/// [`CallContext::middleware`], or by its key with [`CallContext::get_middleware`].
pub trait ServerMiddleware: Any + Send + Sync {
    /// The answer's headers are about to be sent, once: with the first message, or with the status of a call that has none.
    ///
    /// # Errors
    ///
    /// An error here ends the call with it, unless the call has failed already.
    fn sending_headers(&self, headers: &mut ResponseHeaders) -> Result<(), Error> {
        let _ = headers;
        Ok(())
    }

    /// The call has ended, after its last message: `Ok` or the error that it ended with, as the handler gave it.
    ///
    /// Called once. A client that went away is CANCELLED, a deadline that passed DEADLINE_EXCEEDED, a panic INTERNAL, a server that was stopped
    /// before its calls had ended UNAVAILABLE. Trailers can still be
    /// added through a [`CallContext`] that was kept. A panic in here is logged and hurts nobody.
    fn call_completed(&self, result: Result<(), &Error>) {
        let _ = result;
    }
}

/// The headers of an answer on their way out.
#[derive(Debug)]
pub struct ResponseHeaders<'a>(&'a mut HeaderMap);

impl ResponseHeaders<'_> {
    /// Adds a header: a key may be added several times; one that ends in `-bin` may have any bytes, any other visible ASCII and spaces.
    ///
    /// # Errors
    ///
    /// INTERNAL for a key or value that is none.
    pub fn add(&mut self, key: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        let (key, value) = metadata(key, value.as_ref())?;
        self.0.append(key, value);
        Ok(())
    }
}
