//! Tower layers around the whole service: tower's own, tower-http's, tonic's interceptors, and one by hand.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use flight_runtime::FlightServerBuilder;
use flight_runtime::http::{HeaderValue, Request, Response};
use flight_runtime::tonic::service::InterceptorLayer;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;
use tower::{Layer, Service};
use tower_http::trace::TraceLayer;

use crate::watched::intercept;

/// Adds layers of every kind; `first` is the outermost.
pub(crate) fn add(builder: FlightServerBuilder) -> FlightServerBuilder {
    builder
        .layer(Pass("first"))
        .layer(Pass("second"))
        .layer(InterceptorLayer::new(intercept))
        // It wraps the bodies of answers in one of its own.
        .layer(TraceLayer::new_for_grpc())
        .layer(GlobalConcurrencyLimitLayer::new(64))
        .layer(TimeoutLayer::new(Duration::from_secs(2)))
}

/// The layers that a request has passed.
#[derive(Clone, Default)]
pub(crate) struct Passed(pub(crate) Vec<&'static str>);

/// Leaves its name in the request and in the headers of the answer.
struct Pass(&'static str);

#[derive(Clone)]
pub(crate) struct Passing<S>(&'static str, S);

impl<S> Layer<S> for Pass {
    type Service = Passing<S>;

    fn layer(&self, service: S) -> Passing<S> {
        Passing(self.0, service)
    }
}

impl<S, B, R> Service<Request<B>> for Passing<S>
where
    S: Service<Request<B>, Response = Response<R>, Future: Send + 'static>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.1.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let name = self.0;
        let mut passed: Passed = request.extensions().get().cloned().unwrap_or_default();
        passed.0.push(name);
        request.extensions_mut().insert(passed);
        let answer = self.1.call(request);
        Box::pin(async move {
            let mut answer = answer.await?;
            let name = HeaderValue::from_static(name);
            answer.headers_mut().append("x-layer", name);
            Ok(answer)
        })
    }
}
