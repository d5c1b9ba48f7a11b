//! How a call ends on the wire: `grpc-status` and what goes with it.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::metadata::{Binary, MetadataValue};
use tonic::{Code, Status};

use crate::context::CallContext;
use crate::error::{Error, MAX_EXTRA_INFO, MAX_MESSAGE};
use crate::headers::GRPC_STATUS;

/// The trailers of a call that went well.
pub(super) fn ok() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
    trailers
}

/// The trailers of a call that failed; what the client must not see goes to the log.
pub(super) fn failed(error: &Error, context: Option<&CallContext>, expose: bool) -> HeaderMap {
    let _inside = context.map(|context| context.span().enter());
    let message = message(error, context, expose);
    let mut message: Cow<'_, str> = cut(message);
    let mut details = error.extra_info().clone();
    if details.len() > MAX_EXTRA_INFO {
        let note = format!(
            " (extra_info of {} bytes left out: at most {MAX_EXTRA_INFO} reach the client)",
            details.len()
        );
        details.clear();
        message.to_mut().push_str(&note);
    }
    let mut trailers = HeaderMap::new();
    if !details.is_empty() {
        // C++ and Python clients look at the details only where Arrow's own status stands beside them.
        trailers.insert(
            "x-arrow-status",
            HeaderValue::from(arrow_status(error.code())),
        );
        binary(
            &mut trailers,
            "x-arrow-status-message-bin",
            message.as_bytes(),
        );
    }
    let status = Status::with_details(error.code(), message.as_ref(), details);
    if let Err(error) = status.add_header(&mut trailers) {
        tracing::error!(%error, "a status could not be written");
        trailers.insert(GRPC_STATUS, HeaderValue::from(Code::Internal as i32));
    }
    trailers
}

fn message<'a>(error: &'a Error, context: Option<&CallContext>, expose: bool) -> Cow<'a, str> {
    let call = context.map(|context| (context.observed().method(), context.peer()));
    let (method, peer) = call.map_or_else(Default::default, |(method, peer)| {
        (method, peer.to_string())
    });
    let route = context.and_then(CallContext::route).unwrap_or_default();
    if !error.is_hidden() {
        let code = error.code();
        if matches!(code, Code::Unauthenticated | Code::PermissionDenied) {
            let identity = context.map_or("", CallContext::peer_identity);
            tracing::info!(
                method,
                peer,
                identity,
                ?code,
                error = error.chain(),
                "call refused"
            );
        } else {
            tracing::debug!(method, peer, ?code, error = error.chain(), "call failed");
        }
        return Cow::Borrowed(error.message());
    }
    let id = error_id();
    tracing::error!(
        method,
        route,
        peer,
        id,
        error = error.chain(),
        "call failed inside"
    );
    if expose {
        return Cow::Owned(format!("{} (error id {id})", error.chain()));
    }
    Cow::Owned(format!(
        "internal error; its details are in the server's log under error id {id}"
    ))
}

/// What the client is told in place of a text that is not for it.
fn error_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static SEED: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
    format!(
        "{:016x}",
        SEED.hash_one(NEXT.fetch_add(1, Ordering::Relaxed))
    )
}

/// At most [`MAX_MESSAGE`] bytes, cut between characters.
fn cut(message: Cow<'_, str>) -> Cow<'_, str> {
    if message.len() <= MAX_MESSAGE {
        return message;
    }
    let mut end = MAX_MESSAGE - '…'.len_utf8();
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}…", message.get(..end).unwrap_or_default()))
}

fn binary(trailers: &mut HeaderMap, key: &'static str, value: &[u8]) {
    let value = MetadataValue::<Binary>::from_bytes(value);
    if let Ok(value) = HeaderValue::from_bytes(value.as_encoded_bytes()) {
        trailers.insert(HeaderName::from_static(key), value);
    }
}

/// Arrow's own code (`arrow::StatusCode` in C++), from which its clients choose the class of error.
fn arrow_status(code: Code) -> i32 {
    match code {
        Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition => 4, // Invalid
        Code::NotFound => 2,                                                      // KeyError
        Code::AlreadyExists => 45,
        Code::Unimplemented => 10,
        _ => 5, // IOError, the base of Flight's own errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(headers: &HeaderMap) -> usize {
        // As HTTP/2 counts a header list (RFC 9113, 6.5.2).
        headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 32)
            .sum()
    }

    #[test]
    fn a_hidden_error_sends_an_id_and_no_byte_of_its_text() {
        let error = Error::from(std::io::Error::other("password is hunter2"));
        let trailers = failed(&error, None, false);
        assert_eq!(trailers["grpc-status"], "13");
        assert!(
            !trailers["grpc-message"]
                .to_str()
                .unwrap()
                .contains("hunter2")
        );
        let exposed = failed(&error, None, true);
        assert!(
            exposed["grpc-message"]
                .to_str()
                .unwrap()
                .contains("hunter2")
        );
    }

    #[test]
    fn trailers_stay_below_what_clients_take_whatever_the_error() {
        for message in [
            "x".repeat(100_000),
            "ü".repeat(100_000),
            "\n".repeat(100_000),
        ] {
            let error = Error::internal(message).with_extra_info(vec![0xff; MAX_EXTRA_INFO]);
            assert!(size(&failed(&error, None, false)) < 10 * 1024);
        }
        let error = Error::internal("short").with_extra_info(vec![0; MAX_EXTRA_INFO + 1]);
        let trailers = failed(&error, None, false);
        assert!(
            trailers["grpc-message"]
                .to_str()
                .unwrap()
                .contains("left%20out")
        );
        assert!(!trailers.contains_key("grpc-status-details-bin"));
    }

    #[test]
    fn arrow_trailers_come_only_with_details() {
        let plain = failed(&Error::unauthenticated("who?"), None, false);
        assert!(!plain.contains_key("x-arrow-status"));
        let detailed = failed(&Error::not_found("x").with_extra_info("y"), None, false);
        assert_eq!(detailed["x-arrow-status"], "2");
        assert_eq!(detailed["grpc-status-details-bin"], "eQ");
    }
}
