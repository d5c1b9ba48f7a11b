//! [`Input`]: what an extractor takes of the request, known without a call.

/// What an extractor takes of the request beside the route's arguments: [`FromCall::INPUT`](crate::FromCall::INPUT).
///
/// A service's [definition](crate::definition) goes by it, so that a client knows what to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Input {
    /// Nothing that a client would have to know of: headers, the caller, the context.
    Nothing,
    /// The batches of an upload.
    Batches,
    /// The body, as JSON.
    Json,
    /// The body, as a protobuf message.
    Proto,
    /// The body, as bytes of the handler's own.
    Bytes,
    /// The body, as text in UTF-8.
    Text,
    /// The ticket, descriptor, action or criteria as it came.
    Message,
}

/// [`Input`] and what else is known of an extractor.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Takes {
    pub(crate) input: Input,
    /// Of the body.
    pub(crate) type_name: &'static str,
    /// Whether it writes acknowledgements.
    pub(crate) acknowledges: bool,
}

impl Takes {
    pub(super) fn of<T>(input: Input) -> Self {
        Self {
            input,
            type_name: std::any::type_name::<T>(),
            acknowledges: false,
        }
    }
}
