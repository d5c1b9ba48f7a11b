//! From the text of a flag to its value, or to what was expected in its place.

use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use tracing_subscriber::EnvFilter;

use crate::Location;

/// A limit that may be off. By another name than `Option`, which clap would take for a flag that may be absent.
pub(super) type Off<T> = Option<T>;

pub(super) fn location(text: &str) -> Result<Location, String> {
    let location = Location::from(text);
    match location.target() {
        Ok(_) => Ok(location),
        Err(error) => Err(error.message().to_owned()),
    }
}

/// Where clients are sent. They may know schemes that no server of ours listens on: Flight's `arrow-flight-reuse-connection://?`, or HTTP.
pub(super) fn advertised(text: &str) -> Result<Location, String> {
    match text.split_once("://") {
        Some((scheme, _)) if !scheme.is_empty() && !scheme.starts_with("grpc") => Ok(text.into()),
        _ => location(text),
    }
}

#[cfg(feature = "prometheus")]
pub(super) fn address(text: &str) -> Result<std::net::SocketAddr, String> {
    let expected = "expected an IP address and a port, such as `127.0.0.1:9090` or `[::]:9090`";
    text.parse().map_err(|_| expected.to_owned())
}

pub(super) fn count<T: FromStr + PartialEq + From<u8>>(text: &str) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| *number != T::from(0));
    number.ok_or_else(|| "expected a whole number, 1 or more".to_owned())
}

/// Bytes.
pub(super) fn size<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    let bytes = text.parse().ok().filter(|ByteSize(bytes)| *bytes != 0);
    bytes
        .and_then(|ByteSize(bytes)| T::try_from(bytes).ok())
        .ok_or_else(|| "expected a size, such as `64MiB`, `1.5GiB` or a number of bytes".to_owned())
}

/// How long something may take; for none of it there is `0s`.
pub(super) fn wait(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| EXPECTED_TIME.to_owned())
}

pub(super) fn time(text: &str) -> Result<Duration, String> {
    let time = wait(text).ok().filter(|time| !time.is_zero());
    time.ok_or_else(|| EXPECTED_TIME.to_owned())
}

const EXPECTED_TIME: &str = "expected a time, such as `500ms`, `30s` or `1h 30m`";

/// The same, or `none`.
pub(super) fn off<T>(
    value: fn(&str) -> Result<T, String>,
) -> impl Fn(&str) -> Result<Off<T>, String> + Clone + Send + Sync + 'static
where
    T: 'static,
{
    move |text| match text {
        "none" => Ok(None),
        _ => value(text)
            .map(Some)
            .map_err(|expected| format!("{expected}; `none` is without a limit")),
    }
}

pub(super) fn filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!(
            "{error}; expected a level, or levels of targets: `info,flight_runtime=debug`"
        )),
    }
}
