//! The answer of a call as HTTP/2 sees it: head, frames, trailers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use futures::future::poll_fn;
use http::{HeaderMap, HeaderValue, Response};
use http_body::{Body, Frame};

use super::dispatch::Frames;
use super::driver::Driver;
use super::status;
use crate::Error;
use crate::context::CallContext;
use crate::wire::segments::Segments;

/// The body of an answer.
pub(crate) struct CallBody {
    driver: Option<Driver>,
    first: Option<Segments>,
    expose: bool,
}

/// Runs a call until there is something to send, so that headers and an early error go in the head.
pub(super) async fn respond(
    frames: Frames,
    context: CallContext,
    expose: bool,
) -> Response<CallBody> {
    let mut driver = Driver::new(frames, context.clone());
    let first = poll_fn(|cx| driver.poll(cx)).await;
    let headers = context.take_headers();
    match first {
        Some(Err(error)) => {
            let mut response = refused(&error, Some(&context), expose);
            append(response.headers_mut(), headers);
            append(response.headers_mut(), context.take_trailers());
            response
        }
        first => {
            let first = first.transpose().ok().flatten();
            driver.watch();
            let mut response = head(CallBody {
                driver: Some(driver),
                first,
                expose,
            });
            append(response.headers_mut(), headers);
            response
        }
    }
}

/// An answer that is a status alone ("Trailers-Only" in gRPC over HTTP/2).
pub(super) fn refused(
    error: &Error,
    context: Option<&CallContext>,
    expose: bool,
) -> Response<CallBody> {
    let mut response = head(CallBody {
        driver: None,
        first: None,
        expose,
    });
    append(
        response.headers_mut(),
        status::failed(error, context, expose),
    );
    response
}

fn head(body: CallBody) -> Response<CallBody> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    headers.insert("grpc-accept-encoding", HeaderValue::from_static("identity"));
    response
}

fn append(to: &mut HeaderMap, from: HeaderMap) {
    let mut last = None;
    for (name, value) in from {
        last = name.or(last);
        if let Some(name) = &last {
            to.append(name, value);
        }
    }
}

impl Body for CallBody {
    type Data = Segments;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Segments>, Infallible>>> {
        let this = &mut *self;
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let Some(driver) = &mut this.driver else {
            return Poll::Ready(None);
        };
        let mut trailers = match driver.poll(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => return Poll::Ready(Some(Ok(Frame::data(frame)))),
            Poll::Ready(Some(Err(error))) => {
                status::failed(&error, Some(driver.context()), this.expose)
            }
            Poll::Ready(None) => status::ok(),
        };
        append(&mut trailers, driver.context().take_trailers());
        this.driver = None;
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.driver.is_none() && self.first.is_none()
    }
}

/// The same body for a server whose data is `Bytes`: tonic's.
///
/// Large buffers go as they are, small ones are merged, because each `Bytes` becomes a frame and a system call of its own.
pub(super) struct BytesBody {
    body: CallBody,
    rest: Segments,
}

impl BytesBody {
    pub(super) fn new(body: CallBody) -> Self {
        Self {
            body,
            rest: Segments::new(),
        }
    }
}

/// Buffers below this are merged.
const MERGE_BELOW: usize = 16 * 1024;

fn next_bytes(rest: &mut Segments) -> Option<Bytes> {
    if rest.is_empty() {
        return None;
    }
    let length = rest.chunk().len();
    if length >= MERGE_BELOW {
        // The whole first segment: no copy.
        return Some(rest.copy_to_bytes(length));
    }
    let mut merged = BytesMut::new();
    while !rest.is_empty() && rest.chunk().len() < MERGE_BELOW && merged.len() < 4 * MERGE_BELOW {
        let length = rest.chunk().len();
        merged.extend_from_slice(rest.chunk());
        rest.advance(length);
    }
    Some(merged.freeze())
}

impl Body for BytesBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if let Some(bytes) = next_bytes(&mut self.rest) {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            let frame = match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(never))) => match never {},
                Poll::Pending => return Poll::Pending,
            };
            match frame.into_data() {
                Ok(data) => self.rest = data,
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }
}
