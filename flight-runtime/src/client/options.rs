//! [`CallOptions`]: what a client says with each call.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::time::Instant;
use tonic::metadata::{Binary, MetadataValue};

use crate::Error;
use crate::auth::AUTH_TOKEN_HEADER;
use crate::context::CallContext;
use crate::headers::GRPC_TIMEOUT;

/// What a client says with each call: headers, tokens and a time limit. The default says nothing.
///
/// ```
/// use std::time::Duration;
///
/// use flight_runtime::CallOptions;
///
/// let options = CallOptions::new()
///     .timeout(Duration::from_secs(30))
///     .bearer_token("eyJhbGciOi…".trim_end_matches('…'))?
///     .header("x-tenant", "acme")?;
/// # Ok::<(), flight_runtime::Error>(())
/// ```
///
/// Its `Debug` shows the names of headers, never a value: tokens are among them.
#[derive(Clone, Default)]
pub struct CallOptions {
    pub(super) timeout: Option<Duration>,
    pub(super) headers: HeaderMap,
}

impl CallOptions {
    /// Says nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends every call after this long with DEADLINE_EXCEEDED: from its start, connecting included, to the end of its stream. The server is told
    /// (`grpc-timeout`). Default: no limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Adds a header. One whose name ends in `-bin` takes any bytes, which travel in base64.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT when the name is not one that HTTP/2 allows or belongs to gRPC, or the value is not visible ASCII.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, Error> {
        let (name, value) = header(name, value.as_ref())?;
        self.headers.append(name, value);
        Ok(self)
    }

    /// Sends `authorization: Bearer …`, in place of what was sent before.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT when the token is not visible ASCII.
    pub fn bearer_token(self, token: &str) -> Result<Self, Error> {
        self.secret(header::AUTHORIZATION.as_str(), format!("Bearer {token}"))
    }

    /// Sends the token of a handshake in `auth-token-bin`, in place of what was sent before.
    #[must_use]
    pub fn handshake_token(mut self, token: impl AsRef<[u8]>) -> Self {
        if let Ok((name, value)) = secret(AUTH_TOKEN_HEADER, token.as_ref()) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Sends a header that HTTP/2 is not to keep in its tables, in place of what was sent before.
    pub(super) fn secret(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, Error> {
        let (name, value) = secret(name, value.as_ref())?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Says which trace the call belongs to, as that of `context`, which makes it: `traceparent` with the trace and that call as the parent, and
    /// `tracestate` unchanged. Does nothing where that call belongs to none.
    ///
    /// ```
    /// use flight_runtime::prelude::*;
    /// use flight_runtime::{CallOptions, FlightClient};
    ///
    /// struct Gateway(FlightClient);
    ///
    /// #[flight_server]
    /// impl Gateway {
    ///     #[do_get("rows")]
    ///     async fn rows(&self, ctx: CallContext) -> Result<BatchStream, Error> {
    ///         let behind = self.0.with(CallOptions::new().trace_context(&ctx));
    ///         behind.do_get(Ticket::new("rows")).await
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn trace_context(mut self, context: &CallContext) -> Self {
        let Some(trace) = context.trace_context() else {
            return self;
        };
        if let Ok(value) = HeaderValue::try_from(trace.traceparent()) {
            self.headers.insert("traceparent", value);
        }
        match trace.state().map(HeaderValue::try_from) {
            Some(Ok(state)) => self.headers.insert("tracestate", state),
            _ => self.headers.remove("tracestate"),
        };
        self
    }

    /// When a call that begins now has to be over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.timeout?)
    }

    /// These options, and where they are silent those.
    pub(super) fn over(mut self, other: &Self) -> Self {
        self.timeout = self.timeout.or(other.timeout);
        for name in other.headers.keys() {
            if !self.headers.contains_key(name) {
                for value in other.headers.get_all(name) {
                    self.headers.append(name.clone(), value.clone());
                }
            }
        }
        self
    }
}

impl std::fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("headers", &names)
            .finish()
    }
}

/// Writes the head of a call: gRPC's own headers, then what the options say.
pub(super) fn write(options: &CallOptions, headers: &mut HeaderMap) {
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    if let Some(timeout) = options.timeout {
        headers.insert(GRPC_TIMEOUT, grpc_timeout(timeout));
    }
    for (name, value) in &options.headers {
        // A user-agent of the user's own takes the place of ours; others may repeat.
        match *name == header::USER_AGENT {
            true => headers.insert(name, value.clone()).is_some(),
            false => headers.append(name, value.clone()),
        };
    }
}

const USER_AGENT: &str = concat!("flight-runtime/", env!("CARGO_PKG_VERSION"));

fn header(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue), Error> {
    let wrong = |what: &str| Error::invalid_argument(format!("header `{name}`: {what}"));
    let key: HeaderName = name
        .parse()
        .map_err(|_| wrong("not a name that HTTP/2 allows"))?;
    let reserved = [header::CONTENT_TYPE, header::TE, header::CONNECTION];
    if key.as_str().starts_with("grpc-") || reserved.contains(&key) {
        return Err(wrong("belongs to gRPC"));
    }
    let value = if key.as_str().ends_with("-bin") {
        let encoded = MetadataValue::<Binary>::from_bytes(value);
        HeaderValue::from_bytes(encoded.as_encoded_bytes())
    } else {
        // gRPC's rule is narrower than HTTP's: printable ASCII.
        match value.iter().all(|byte| (0x20..=0x7e).contains(byte)) {
            true => HeaderValue::from_bytes(value),
            false => {
                return Err(wrong(
                    "its value is not printable ASCII: end the name in `-bin` to send any bytes",
                ));
            }
        }
    };
    let value = value.map_err(|_| wrong("its value is not one that HTTP/2 allows"))?;
    Ok((key, value))
}

fn secret(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue), Error> {
    let (name, mut value) = header(name, value)?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// `grpc-timeout`: at most eight digits and a unit, rounded up so that the server does not end first.
fn grpc_timeout(timeout: Duration) -> HeaderValue {
    const MOST: u128 = 99_999_999;
    let micros = timeout.as_nanos().div_ceil(1000);
    let text = [("u", 1), ("m", 1000), ("S", 1_000_000), ("M", 60_000_000)]
        .into_iter()
        .map(|(unit, length)| (unit, micros.div_ceil(length)))
        .find(|(_, count)| *count <= MOST)
        .map_or_else(
            || format!("{MOST}H"),
            |(unit, count)| format!("{count}{unit}"),
        );
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("99999999H"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_fit_into_eight_digits_and_are_never_shorter() {
        for (timeout, text) in [
            (Duration::from_nanos(1), "1u"),
            (Duration::from_millis(20), "20000u"),
            (Duration::from_secs(99), "99000000u"),
            (Duration::from_secs(100), "100000m"),
            (Duration::from_secs(200_000), "200000S"),
            (Duration::MAX, "99999999H"),
        ] {
            assert_eq!(grpc_timeout(timeout), text, "{timeout:?}");
        }
    }

    #[test]
    fn what_a_call_says_comes_before_what_its_client_says() {
        let client = CallOptions::new()
            .bearer_token("old")
            .unwrap()
            .header("x-a", "1")
            .unwrap();
        let call = CallOptions::new().bearer_token("new").unwrap();
        let both = call.timeout(Duration::from_secs(1)).over(&client);
        assert_eq!(both.headers["authorization"], "Bearer new");
        assert_eq!(both.headers["x-a"], "1");
        assert!(!format!("{both:?}").contains("new"));
    }

    #[test]
    fn headers_that_would_break_a_call_are_refused() {
        for (name, value) in [
            ("grpc-timeout", "1S"),
            ("te", "x"),
            ("a b", "x"),
            ("x", "line\nbreak"),
            ("x", "ü"),
        ] {
            let error = CallOptions::new().header(name, value).unwrap_err();
            assert!(error.message().contains(name), "{error}");
        }
        let options = CallOptions::new().header("x-bin", [0, 255]).unwrap();
        assert_eq!(options.headers["x-bin"], "AP8");
    }
}
