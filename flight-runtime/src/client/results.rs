//! [`ResultStream`]: messages that a server answers with, one at a time.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::future::poll_fn;
use futures::stream::Stream;

use super::answer::{Answer, fault};
use crate::Error;
use crate::wire::compression::Encoding;
use crate::wire::grpc::MessageReader;

/// Messages that a server answers with, one at a time: results of an action, acknowledgements of an upload, flights.
///
/// It is a [`Stream`] of `Result<T, Error>`. Nothing happens unless it is polled, an upload included; dropping it cancels the call.
pub struct ResultStream<T> {
    reader: MessageReader<Answer>,
    message: PhantomData<fn() -> T>,
}

impl<T: prost::Message + Default> ResultStream<T> {
    pub(super) fn new(answer: Answer, max_message_size: usize) -> Self {
        Self {
            reader: MessageReader::new(answer, Encoding::Identity, max_message_size),
            message: PhantomData,
        }
    }

    pub(super) fn answer(&self) -> &Answer {
        self.reader.body()
    }

    /// The next message; `None` at the end.
    ///
    /// # Errors
    ///
    /// What the call ends with.
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        poll_fn(|cx| self.poll_message(cx)).await.transpose()
    }

    /// All messages.
    ///
    /// # Errors
    ///
    /// What the call ends with.
    pub async fn read_all(mut self) -> Result<Vec<T>, Error> {
        let mut messages = Vec::new();
        while let Some(message) = self.try_next().await? {
            messages.push(message);
        }
        Ok(messages)
    }

    /// The one message of a call that has one.
    pub(super) async fn only(mut self) -> Result<T, Error> {
        let nothing = || Error::internal("the server answered OK and no message");
        let message = self.try_next().await?.ok_or_else(nothing)?;
        match self.try_next().await? {
            None => Ok(message),
            Some(_) => Err(Error::internal(
                "the server answered a second message where one is expected",
            )),
        }
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        let next = ready!(self.reader.poll_next(cx)).map_err(fault);
        Poll::Ready(next.transpose().map(|bytes| {
            T::decode(bytes?).map_err(|error| {
                Error::internal(format!("the server's answer cannot be read: {error}"))
            })
        }))
    }
}

impl<T: prost::Message + Default> Stream for ResultStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_message(cx)
    }
}

impl<T> fmt::Debug for ResultStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultStream").finish_non_exhaustive()
    }
}
