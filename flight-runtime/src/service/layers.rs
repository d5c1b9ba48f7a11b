//! [`CallService`]: the service as tower layers see it, and with them around it.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use http::{Request, Response};
use http_body::Body;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service as _, ServiceExt};

use super::answering::Answering;
use super::response::{self, CallBody, CallData};
use super::{Service, caller_of};
use crate::Error;
use crate::caller::Caller;
use crate::error::BoxError;

/// The service that the layers of [`FlightServerBuilder::layer`](crate::FlightServerBuilder::layer) wrap: from a request of any of Flight's
/// ten calls to its response.
///
/// A request's extensions have the [`Peer`](crate::Peer); what a layer adds to them, a handler reads in
/// [`CallContext::extensions`](crate::CallContext::extensions).
#[derive(Clone)]
pub struct CallService(Kind);

#[derive(Clone)]
enum Kind {
    Plain(Arc<Service>),
    Layered {
        service: BoxCloneSyncService<Request<tonic::body::Body>, Response<CallBody>, BoxError>,
        expose: bool,
    },
}

impl CallService {
    pub(crate) fn new(service: Service) -> Self {
        Self(Kind::Plain(Arc::new(service)))
    }

    fn expose(&self) -> bool {
        match &self.0 {
            Kind::Plain(service) => service.settings.expose_internal_errors,
            Kind::Layered { expose, .. } => *expose,
        }
    }

    /// The same inside of a layer.
    pub(crate) fn inside<L, B>(self, layer: &L) -> Self
    where
        L: Layer<Self>,
        L::Service: tower::Service<
                Request<tonic::body::Body>,
                Response = Response<B>,
                Error: Into<BoxError>,
                Future: Send + 'static,
            > + Clone
            + Send
            + Sync
            + 'static,
        B: Body<Data: Into<CallData>, Error: Into<BoxError>> + Send + 'static,
    {
        let expose = self.expose();
        let service = layer
            .layer(self)
            .map_response(move |response: Response<B>| {
                response.map(|body| CallBody::foreign(body, expose))
            })
            .map_err(Into::into);
        Self(Kind::Layered {
            service: BoxCloneSyncService::new(service),
            expose,
        })
    }

    /// Answers a request, through the layers.
    pub(crate) fn answer<B>(self, caller: Caller, mut request: Request<B>) -> CallFuture<B>
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let (mut service, expose) = match self.0 {
            Kind::Plain(service) => {
                return CallFuture(Way::Plain(Answering::new(service, caller, request)));
            }
            Kind::Layered { service, expose } => (service, expose),
        };
        let answered = async move {
            request.extensions_mut().insert(caller.peer);
            request.extensions_mut().insert(caller);
            match service.ready().await {
                Ok(service) => service.call(request.map(tonic::body::Body::new)).await,
                Err(error) => Err(error),
            }
        };
        // The other calls of the connection are not to end with a layer that panics.
        let answered = AssertUnwindSafe(answered).catch_unwind();
        CallFuture(Way::Layered(Box::pin(answered.map(move |answered| {
            let error = match answered {
                Ok(Ok(response)) => return response,
                Ok(Err(error)) => Error::from_boxed(error),
                Err(panic) => Error::panicked(&*panic),
            };
            response::refused(&error, None, expose)
        }))))
    }
}

impl tower::Service<Request<tonic::body::Body>> for CallService {
    type Response = Response<CallBody>;
    type Error = Infallible;
    type Future = CallFuture<tonic::body::Body>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let caller = caller_of(request.extensions());
        self.clone().answer(caller, request)
    }
}

/// The answer of a [`CallService`].
#[must_use = "a call does not begin before it is polled"]
pub struct CallFuture<B>(Way<B>);

#[expect(
    clippy::large_enum_variant,
    reason = "a call without layers, which is most of them, is not to take memory for it"
)]
enum Way<B> {
    Plain(Answering<B>),
    Layered(BoxFuture<'static, Response<CallBody>>),
}

impl<B> fmt::Debug for CallFuture<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").finish_non_exhaustive()
    }
}

impl<B> Future for CallFuture<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<CallBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Way::Plain(answer) => Pin::new(answer).poll(cx).map(Ok),
            Way::Layered(answer) => answer.as_mut().poll(cx).map(Ok),
        }
    }
}

impl fmt::Debug for CallService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallService").finish_non_exhaustive()
    }
}
