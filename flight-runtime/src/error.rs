//! [`Error`]: a gRPC code, a message, optional bytes for the client, and a source for the log.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use arrow::error::ArrowError;
use arrow_flight::error::FlightError;
use bytes::Bytes;
pub use tonic::Code;
use tonic::Status;

use crate::wire::error::WireError;

/// A boxed error of any kind, the source of an [`Error`].
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// What a call failed with.
///
/// Constructed on purpose (`Error::not_found("no station `x`")`), it reaches the client as it is: its
/// gRPC code, its message, its [`extra_info`](Error::with_extra_info). Swept up by `?` from any other error it is
/// INTERNAL, its text stays in the server's log under an id, and the client sees that id alone, unless the
/// server says [`expose_internal_errors(true)`](crate::FlightServerBuilder::expose_internal_errors).
///
/// Exceptions, because they were made for the wire: a [`tonic::Status`] keeps its code and message, whether
/// it comes alone or inside a [`FlightError`].
///
/// ```
/// use flight_runtime::{Code, Error};
///
/// fn parse(text: &str) -> Result<i32, Error> {
///     Ok(text.parse()?) // INTERNAL, text hidden from the client
/// }
/// fn find(name: &str) -> Result<(), Error> {
///     Err(Error::not_found(format!("no dataset `{name}`")))
/// }
/// assert_eq!(parse("x").unwrap_err().code(), Code::Internal);
/// assert_eq!(find("x").unwrap_err().code(), Code::NotFound);
/// ```
///
/// Like `anyhow::Error` it does not implement [`std::error::Error`], which is what lets `?` accept every type
/// that does. A type of your own that should choose its code implements [`IntoError`] and is the `E` of the
/// handler's `Result<T, E>`.
pub struct Error(Box<Inner>);

struct Inner {
    code: Code,
    message: Cow<'static, str>,
    extra_info: Bytes,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    /// Swept up by `?`: the client sees an id instead of the text.
    hidden: bool,
}

macro_rules! constructors {
    ($($(#[doc = $doc:literal])* $name:ident => $code:ident),* $(,)?) => {
        $(
            $(#[doc = $doc])*
            pub fn $name(message: impl Into<Cow<'static, str>>) -> Self {
                Self::new(Code::$code, message)
            }
        )*
    };
}

impl Error {
    /// An error with this code, whose message the client sees. OK is none: it becomes UNKNOWN, or a stream that broke off would look whole.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            code: match code {
                Code::Ok => Code::Unknown,
                code => code,
            },
            message: message.into(),
            extra_info: Bytes::new(),
            source: None,
            hidden: false,
        }))
    }

    constructors! {
        /// The request itself is wrong, whatever the state of the server: `ArrowInvalid` in Python.
        invalid_argument => InvalidArgument,
        /// What was asked for does not exist: `ArrowKeyError` in Python.
        not_found => NotFound,
        /// What was to be made exists.
        already_exists => AlreadyExists,
        /// No valid credentials: `FlightUnauthenticatedError` in Python.
        unauthenticated => Unauthenticated,
        /// Valid credentials that do not allow this: `FlightUnauthorizedError` in Python.
        permission_denied => PermissionDenied,
        /// A quota, a limit or a resource is used up.
        resource_exhausted => ResourceExhausted,
        /// Right request, wrong state of the server: do something else first.
        failed_precondition => FailedPrecondition,
        /// Ended by the server's own choice, such as a conflict: the whole may be tried again.
        aborted => Aborted,
        /// Past the end of what exists.
        out_of_range => OutOfRange,
        /// Not offered by this server: `ArrowNotImplementedError` in Python.
        unimplemented => Unimplemented,
        /// Broken inside, with a message the client may see: `FlightInternalError` in Python.
        internal => Internal,
        /// Not now: the same call may succeed later. `FlightUnavailableError` in Python.
        unavailable => Unavailable,
        /// Data is lost or corrupt beyond repair.
        data_loss => DataLoss,
        /// The call was given up: `FlightCancelledError` in Python.
        cancelled => Cancelled,
        /// The call's deadline passed: `FlightTimedOutError` in Python.
        deadline_exceeded => DeadlineExceeded,
        /// None of the other codes fits.
        unknown => Unknown,
    }

    /// An INTERNAL error whose text is for the log alone, as `?` makes them.
    pub fn hidden(source: impl Into<BoxError>) -> Self {
        let source = source.into();
        Self(Box::new(Inner {
            code: Code::Internal,
            message: source.to_string().into(),
            extra_info: Bytes::new(),
            source: Some(source.into()),
            hidden: true,
        }))
    }

    /// Bytes for the client's program, beside the message for its reader: `error.extra_info` in Python.
    ///
    /// At most [`MAX_EXTRA_INFO`] bytes reach the client, because trailers over
    /// 8 KiB lose the whole status in C++ clients; more is left out, and the message says so.
    #[must_use]
    pub fn with_extra_info(mut self, extra_info: impl Into<Bytes>) -> Self {
        self.0.extra_info = extra_info.into();
        self
    }

    /// What caused it, for the log; the client never sees it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    /// The gRPC code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The message, whole, also where the client will see an id in its place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The bytes for the client's program; empty when there are none.
    pub fn extra_info(&self) -> &Bytes {
        &self.0.extra_info
    }

    /// What caused it.
    pub fn source(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }

    /// Whether the client sees an id in place of the message.
    pub fn is_hidden(&self) -> bool {
        self.0.hidden
    }

    /// The message with every source behind it, for a log.
    pub fn chain(&self) -> String {
        let mut text = self.0.message.to_string();
        let mut next: Option<&dyn StdError> = self.0.source.as_deref().map(|source| source as _);
        while let Some(source) = next {
            let words = source.to_string();
            if !text.ends_with(&words) {
                text.push_str(": ");
                text.push_str(&words);
            }
            next = source.source();
        }
        text
    }

    /// What a panic of a handler becomes: INTERNAL, its text for the log.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
            (Some(text), _) => text,
            (None, Some(text)) => text.as_str(),
            (None, None) => "a value that is no text",
        };
        Self::hidden(format!("the handler panicked: {text}"))
    }

    /// What `?` makes of an error, of one that is boxed: an [`Error`] or a [`Status`] that came through code of others is found again, and anything else
    /// is [hidden](Self::hidden).
    ///
    /// For a `Box<dyn Error + Send + Sync>`, and for an `anyhow::Error`, which are no [`std::error::Error`] themselves, so that `?` does not take them. What is
    /// inside of one of anyhow's its own `downcast` alone finds: here it is hidden.
    ///
    /// ```
    /// use flight_runtime::{Code, Error};
    ///
    /// fn load(name: &str) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    ///     Err(Error::not_found(format!("no table `{name}`")).into())
    /// }
    ///
    /// let error = load("stations").map_err(Error::from_boxed).unwrap_err();
    /// assert_eq!(error.code(), Code::NotFound);
    /// ```
    pub fn from_boxed(error: impl Into<BoxError>) -> Self {
        from_box(error.into())
    }

    /// The same error for another call.
    pub(crate) fn again(&self) -> Self {
        Self(Box::new(Inner {
            code: self.0.code,
            message: self.0.message.clone(),
            extra_info: self.0.extra_info.clone(),
            source: self.0.source.clone(),
            hidden: self.0.hidden,
        }))
    }

    /// The same error with a prefix on its message: where it happened.
    #[must_use]
    pub(crate) fn context(mut self, place: impl fmt::Display) -> Self {
        self.0.message = format!("{place}: {}", self.0.message).into();
        self
    }
}

/// The longest [`extra_info`](Error::with_extra_info) that reaches a client, in bytes.
///
/// It travels base64-encoded in one trailer, beside up to two copies of the message. gRPC's C++ clients reject
/// metadata at random between 8 KiB and 16 KiB, and always beyond.
pub const MAX_EXTRA_INFO: usize = 3 * 1024;

/// The longest error message that reaches a client, in bytes of UTF-8; a longer one is cut and ends in `…`.
///
/// In a trailer it is percent-encoded and grows up to three times.
pub const MAX_MESSAGE: usize = 1024;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    /// As `main` prints it when it returns an `Error`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.chain(), self.0.code)
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        from_box(Box::new(error))
    }
}

/// What `?` makes of an error: what was made for the wire stays as it is, also inside Arrow's own errors.
fn from_box(error: BoxError) -> Error {
    let error = match error.downcast::<Carried>() {
        Ok(carried) => return carried.0,
        Err(error) => error,
    };
    let error = match error.downcast::<Status>() {
        Ok(status) => return from_status(*status),
        Err(error) => error,
    };
    let error = match error.downcast::<WireError>() {
        Ok(wire) => return from_wire(*wire),
        Err(error) => error,
    };
    let error = match error.downcast::<FlightError>() {
        Ok(flight) => match *flight {
            FlightError::Tonic(status) => return from_status(*status),
            FlightError::ExternalError(inner) => return from_box(inner),
            other => Box::new(other),
        },
        Err(error) => error,
    };
    match error.downcast::<ArrowError>() {
        Ok(arrow) => match *arrow {
            ArrowError::ExternalError(inner) => from_box(inner),
            other => Error::hidden(other),
        },
        Err(error) => Error::hidden(error),
    }
}

/// An [`Error`] on its way through code that asks for a [`std::error::Error`]; `?` brings it back whole.
struct Carried(Error);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.chain())
    }
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl StdError for Carried {}

fn from_status(status: Status) -> Error {
    Error::new(status.code(), status.message().to_owned())
        .with_extra_info(Bytes::copy_from_slice(status.details()))
}

fn from_wire(error: WireError) -> Error {
    if let WireError::Limit {
        what,
        option,
        limit,
        slow,
    } = &error
    {
        let error = crate::limits::reached(what, option, limit);
        return match slow {
            true => Error::new(Code::DeadlineExceeded, error.message().to_owned()),
            false => error,
        };
    }
    if let Some((option, limit)) = error.option() {
        return crate::limits::reached(&error.to_string(), option, limit).with_source(error);
    }
    let code = match &error {
        WireError::TooLarge { .. } | WireError::Limit { .. } => Code::ResourceExhausted,
        WireError::Truncated | WireError::Invalid(_) => Code::InvalidArgument,
        WireError::Cut | WireError::Io(_) => Code::Aborted,
        WireError::Deadline => Code::DeadlineExceeded,
        WireError::Encoding(_) => Code::Unimplemented,
        // gRPC's specification of compression has it so for a flag without an encoding.
        WireError::Compressed | WireError::Encode(_) => Code::Internal,
    };
    Error::new(code, error.to_string()).with_source(error)
}

impl From<Error> for Status {
    /// For code that mixes this framework with a tonic service of its own; hidden text stays hidden.
    fn from(error: Error) -> Self {
        let message = if error.0.hidden {
            "internal error".to_owned()
        } else {
            error.0.message.to_string()
        };
        Status::with_details(error.0.code, message, error.0.extra_info)
    }
}

impl From<Error> for BoxError {
    /// For interfaces that carry any error; [`Error::from_boxed`] gives the same [`Error`] again, and so does `?` on an Arrow error around it.
    fn from(error: Error) -> Self {
        Box::new(Carried(error))
    }
}

impl From<Error> for Box<dyn StdError> {
    /// For a `main` that returns any error.
    fn from(error: Error) -> Self {
        Box::new(Carried(error))
    }
}

/// What the `E` of a handler's `Result<T, E>` must be.
///
/// Implemented for [`Error`], [`tonic::Status`], [`FlightError`], [`ArrowError`], [`std::io::Error`] and boxed errors.
/// Implement it for your own type to choose the code:
///
/// ```
/// use flight_runtime::{Error, IntoError};
///
/// enum StoreError { Missing(String), Broken(std::io::Error) }
///
/// impl IntoError for StoreError {
///     fn into_error(self) -> Error {
///         match self {
///             StoreError::Missing(name) => Error::not_found(format!("no table `{name}`")),
///             StoreError::Broken(error) => Error::from(error),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a handler",
    label = "not an error that a call can end with",
    note = "return `Result<_, flight_runtime::Error>`: `?` turns every `std::error::Error` into it",
    note = "an error with a text of your own is `Error::not_found(\"…\")`, `Error::invalid_argument(\"…\")` and the like",
    note = "or implement `flight_runtime::IntoError` for `{Self}` to choose its gRPC code"
)]
pub trait IntoError {
    /// The error as the call ends with it.
    fn into_error(self) -> Error;
}

impl IntoError for Error {
    fn into_error(self) -> Error {
        self
    }
}

macro_rules! into_error_by_from {
    ($($type:ty),*) => { $(impl IntoError for $type { fn into_error(self) -> Error { Error::from(self) } })* };
}
into_error_by_from!(Status, FlightError, ArrowError, std::io::Error);

impl IntoError for BoxError {
    fn into_error(self) -> Error {
        from_box(self)
    }
}

impl IntoError for std::convert::Infallible {
    fn into_error(self) -> Error {
        match self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_keeps_its_code_through_the_question_mark() {
        let error = Error::from(Status::with_details(
            Code::NotFound,
            "gone",
            Bytes::from_static(b"x"),
        ));
        assert_eq!(
            (error.code(), error.message(), error.is_hidden()),
            (Code::NotFound, "gone", false)
        );
        assert_eq!(error.extra_info(), "x");
        let error = Error::from(FlightError::from(Status::already_exists("there")));
        assert_eq!(error.code(), Code::AlreadyExists);
    }

    #[test]
    fn any_other_error_is_internal_and_hidden() {
        let error = Error::from(std::io::Error::other("disk on fire"));
        assert_eq!(error.code(), Code::Internal);
        assert!(error.is_hidden());
        assert_eq!(Status::from(error).message(), "internal error");
    }

    #[test]
    fn an_error_comes_back_whole_from_code_that_carries_any_error() {
        let error = Error::aborted("cut").with_extra_info("x");
        let carried = ArrowError::ExternalError(error.into());
        let back = Error::from(carried);
        assert_eq!((back.code(), back.message()), (Code::Aborted, "cut"));
        assert_eq!(back.extra_info(), "x");
    }

    #[test]
    fn no_error_is_ok() {
        assert_eq!(Error::new(Code::Ok, "fine").code(), Code::Unknown);
        let swept = |status: Status| -> Result<(), Error> { Err(status)? };
        let error = swept(Status::new(Code::Ok, "fine")).unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unknown, "fine"));
    }

    #[test]
    fn the_chain_names_every_source_once() {
        let error =
            Error::unavailable("store is down").with_source(std::io::Error::other("refused"));
        assert_eq!(error.chain(), "store is down: refused");
        assert_eq!(
            Error::from(std::io::Error::other("refused")).chain(),
            "refused"
        );
    }
}
