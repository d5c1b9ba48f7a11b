//! [`Sending`]: the body of an answer, whatever layers have made of it, as its connection sends it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame};

use crate::pace::Pace;
use crate::service::{CallBody, CallData};

/// What it gives out is under way until the client has taken it. Behind the last frame hyper lets go of a call, and what its client does not take would
/// stay with the connection: so that frame waits until most is taken.
pub(super) struct Sending {
    body: CallBody,
    pace: Pace,
    last: Option<Frame<CallData>>,
}

impl Sending {
    pub(super) fn new(body: CallBody, pace: Pace) -> Self {
        Self {
            body,
            pace,
            last: None,
        }
    }
}

impl Body for Sending {
    type Data = CallData;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<CallData>, Infallible>>> {
        let this = &mut *self;
        let progress = this.pace.progress();
        if this.last.is_none() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)?) {
                None => return Poll::Ready(None),
                Some(frame) => match frame.into_data() {
                    Ok(data) => return Poll::Ready(Some(Ok(Frame::data(data.told(progress))))),
                    Err(trailers) => this.last = Some(trailers),
                },
            }
        }
        ready!(progress.poll_taken(cx));
        Poll::Ready(this.last.take().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.last.is_none() && self.body.is_end_stream()
    }
}
