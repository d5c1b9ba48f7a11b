//! What can go wrong between a socket and a record batch.
//!
//! The texts are meant for the client: what is wrong and what was expected. They
//! name lengths, field numbers and column names that the client itself sent, and
//! nothing of the server's.

use std::error::Error;
use std::fmt;

use arrow::error::ArrowError;

use super::compression::Encoding;

/// An error of any origin, as HTTP bodies carry it.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// [`WireError::TooLarge`] of what has an option of its own.
pub(super) const DECODED_BODY: &str = "the decoded body of the message";
pub(super) const DICTIONARIES: &str = "what the stream keeps of its dictionaries";
/// And of what has none.
pub(crate) const COPIES: &str =
    "copying the stream's dictionaries for their deltas, of which fewer and larger ones would do,";

/// Why a message could not be read or written.
///
/// Suggested gRPC codes, because the mapping belongs to the caller: `TooLarge` is
/// RESOURCE_EXHAUSTED, `Truncated` and `Invalid` are INVALID_ARGUMENT, `Cut` is
/// ABORTED, `Deadline` is DEADLINE_EXCEEDED, `Compressed` and `Encode` are INTERNAL, `Encoding` is UNIMPLEMENTED, `Io` is
/// UNAVAILABLE.
#[derive(Debug)]
pub(crate) enum WireError {
    /// Something that was announced is over a limit. Nothing was allocated for it.
    TooLarge {
        /// What is too large, as the subject of a sentence: "the message".
        what: &'static str,
        /// Its size in bytes, as announced.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A limit that has an option of its own was reached.
    Limit {
        /// What is wrong.
        what: String,
        /// The option of the server.
        option: &'static str,
        /// Its value.
        limit: String,
        /// Whether the other side was too slow, and did not ask for too much.
        slow: bool,
    },
    /// The request ended properly, but inside a message.
    Truncated,
    /// The request was broken off: a reset stream or a lost connection.
    ///
    /// It carries no source on purpose: tonic searches the sources of an error for an
    /// `h2::Error`, and one with the reason CANCEL becomes a clean end of stream.
    Cut,
    /// The call has ended before its request did.
    Deadline,
    /// The message is marked as compressed, and its call has no encoding.
    Compressed,
    /// The call's `grpc-encoding`, ready to be shown, is not one of those accepted.
    Encoding(String),
    /// The bytes are not what the protocol asks for.
    Invalid(String),
    /// The request body failed for a reason of its own.
    Io(BoxError),
    /// A batch of ours could not be written.
    Encode(ArrowError),
}

impl WireError {
    /// The option of the server that a [`WireError::TooLarge`] is about, and its value.
    pub(crate) fn option(&self) -> Option<(&'static str, u64)> {
        match self {
            Self::TooLarge { what, limit, .. } if *what == DECODED_BODY => {
                Some(("max_decompressed_size", *limit))
            }
            Self::TooLarge { what, limit, .. } if *what == DICTIONARIES => {
                Some(("max_dictionaries_size", *limit))
            }
            _ => None,
        }
    }

    /// An [`WireError::Invalid`] from anything that reads as text.
    ///
    /// Long texts are cut: Arrow's contain whole data types, and a gRPC status travels
    /// in a header, for which clients accept 8 KiB in all.
    pub(crate) fn invalid(text: impl AsRef<str>) -> Self {
        Self::Invalid(excerpt(text.as_ref(), 1000))
    }
}

/// The start of `text`, if it is longer than `most` characters.
pub(crate) fn excerpt(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// The name of a field as an error shows it: on one line, and not too long.
pub(crate) fn shown(name: &str) -> String {
    excerpt(&name.escape_debug().to_string(), 64)
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { what, size, limit } => {
                write!(f, "{what} takes {size} bytes, the limit is {limit} bytes")
            }
            Self::Limit { what, limit, .. } => write!(f, "{what}: the limit is {limit}"),
            Self::Truncated => f.write_str("the request ends inside a message"),
            Self::Cut => f.write_str(
                "the request was broken off before its end: \
                 the stream was reset or the connection was lost",
            ),
            Self::Deadline => f.write_str("the call's deadline passed before its end"),
            Self::Compressed => f.write_str(
                "the message is marked as compressed (its first byte is 1), \
                 and the call has no grpc-encoding other than identity",
            ),
            Self::Encoding(shown) => write!(
                f,
                "grpc-encoding `{shown}` is not accepted, only {} \
                 (Arrow's own compression of bodies does not depend on it)",
                Encoding::ACCEPTED
            ),
            Self::Invalid(text) => f.write_str(text),
            Self::Io(error) => write!(f, "the request could not be read: {error}"),
            Self::Encode(error) => write!(f, "the batch could not be written: {error}"),
        }
    }
}

impl Error for WireError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(&**error),
            Self::Encode(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ArrowError> for WireError {
    /// Errors of Arrow that reach `?` come from writing. Those from reading are the
    /// client's and become [`WireError::Invalid`] where they arise.
    fn from(error: ArrowError) -> Self {
        Self::Encode(error)
    }
}

impl From<BoxError> for WireError {
    /// A boxed `WireError` comes out of its box, everything else is [`WireError::Io`].
    fn from(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => *error,
            Err(error) => Self::Io(error),
        }
    }
}

impl From<std::convert::Infallible> for WireError {
    fn from(error: std::convert::Infallible) -> Self {
        match error {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boxed_wire_error_comes_out_of_its_box() {
        let boxed: BoxError = Box::new(WireError::Cut);
        assert!(matches!(WireError::from(boxed), WireError::Cut));
        let other: BoxError = "socket".into();
        assert!(matches!(WireError::from(other), WireError::Io(_)));
    }

    #[test]
    fn long_texts_are_cut_at_characters() {
        assert_eq!(excerpt("äöü", 3), "äöü");
        assert_eq!(excerpt("äöü", 2), "äö…");
        assert_eq!(shown("a\nb"), "a\\nb");
    }

    #[test]
    fn texts_say_what_was_expected() {
        let error = WireError::TooLarge {
            what: "the message",
            size: 9,
            limit: 4,
        };
        assert_eq!(
            error.to_string(),
            "the message takes 9 bytes, the limit is 4 bytes"
        );
        assert!(WireError::Cut.source().is_none());
    }
}
