//! [`TraceContext`]: which trace a call belongs to (W3C Trace Context).

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderValue};

/// Which trace a call belongs to, as the client's `traceparent` and `tracestate` have it ([W3C Trace Context](https://www.w3.org/TR/trace-context/)).
///
/// Only a header that is right to the letter counts; a wrong `tracestate` is left out alone. A handler that calls another server hands it
/// on with [`CallOptions::trace_context`](crate::CallOptions::trace_context).
///
/// ```
/// use flight_runtime::prelude::*;
///
/// # struct Tables;
/// # #[flight_server]
/// # impl Tables {
/// #[action("trace")]
/// async fn trace(&self, ctx: CallContext) -> String {
///     ctx.trace_context().map(|trace| trace.trace_id()).unwrap_or_default()
/// }
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    parent_id: u64,
    /// This call's own.
    span_id: u64,
    sampled: bool,
    state: Option<String>,
}

impl TraceContext {
    /// The trace, in 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// What the client was at when it made this call, in 16 hexadecimal digits.
    pub fn parent_id(&self) -> String {
        format!("{:016x}", self.parent_id)
    }

    /// This call, in 16 hexadecimal digits: the parent of what it calls.
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span_id)
    }

    /// Whether the client records its part of the trace.
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// What tracing systems say to each other, as one list; `None` when the client sent none, or a wrong one.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The `traceparent` of calls that this one makes.
    pub fn traceparent(&self) -> String {
        format!(
            "00-{:032x}-{:016x}-{:02x}",
            self.trace_id,
            self.span_id,
            u8::from(self.sampled)
        )
    }

    /// What the headers say; `None` when there is no `traceparent`, several, or a wrong one.
    pub(crate) fn of_headers(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all("traceparent").iter();
        let parent = parents.next()?;
        if parents.next().is_some() {
            return None;
        }
        let (trace_id, parent_id, sampled) = parse_parent(parent.to_str().ok()?)?;
        Some(Self {
            trace_id,
            parent_id,
            span_id: new_id(),
            sampled,
            state: parse_state(headers.get_all("tracestate").iter()),
        })
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceContext")
            .field("trace_id", &format_args!("{:032x}", self.trace_id))
            .field("parent_id", &format_args!("{:016x}", self.parent_id))
            .field("span_id", &format_args!("{:016x}", self.span_id))
            .field("sampled", &self.sampled)
            .field("state", &self.state)
            .finish()
    }
}

/// Not zero, which means none.
fn new_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    SEED.hash_one(NEXT.fetch_add(1, Ordering::Relaxed)).max(1)
}

/// `version-trace_id-parent_id-flags` ("traceparent Header Field Values"). Of a later version the first four parts count.
fn parse_parent(text: &str) -> Option<(u128, u64, bool)> {
    let mut parts = text.split('-');
    let version = hex(parts.next()?, 2)?;
    let trace_id = hex(parts.next()?, 32)?;
    let parent_id = hex(parts.next()?, 16)?;
    let flags = hex(parts.next()?, 2)?;
    let is_known = version == 0 && parts.next().is_none();
    let is_later = (1..0xff).contains(&version);
    if !(is_known || is_later) || trace_id == 0 || parent_id == 0 {
        return None;
    }
    Some((trace_id, u64::try_from(parent_id).ok()?, flags & 1 == 1))
}

/// So many digits, lower case alone.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != digits || !text.bytes().all(is_digit) {
        return None;
    }
    u128::from_str_radix(text, 16).ok()
}

/// Lists in several headers are one ("tracestate Header Field Values"). One wrong member, and all are left out.
fn parse_state<'a>(headers: impl Iterator<Item = &'a HeaderValue>) -> Option<String> {
    let mut members: Vec<&str> = Vec::new();
    for header in headers {
        for member in header.to_str().ok()?.split(',') {
            let member = member.trim_matches([' ', '\t']);
            if member.is_empty() {
                continue;
            }
            let (key, value) = member.split_once('=')?;
            let is_twice = members.iter().any(|member| {
                member
                    .split_once('=')
                    .is_some_and(|(other, _)| other == key)
            });
            if !is_key(key) || !is_value(value) || is_twice || members.len() == 32 {
                return None;
            }
            members.push(member);
        }
    }
    (!members.is_empty()).then(|| members.join(","))
}

fn is_key(key: &str) -> bool {
    let part = |part: &str, longest: usize, digit_first: bool| {
        let begins = |byte: &u8| byte.is_ascii_lowercase() || digit_first && byte.is_ascii_digit();
        let goes_on =
            |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/');
        part.len() <= longest
            && part.as_bytes().first().is_some_and(begins)
            && part.bytes().all(goes_on)
    };
    match key.split_once('@') {
        None => part(key, 256, false),
        Some((tenant, system)) => part(tenant, 241, true) && part(system, 14, false),
    }
}

fn is_value(value: &str) -> bool {
    (1..=256).contains(&value.len())
        && value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~' if byte != b',' && byte != b'='))
        && !value.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "b7ad6b7169203331";

    fn of(headers: &[(&'static str, &str)]) -> Option<TraceContext> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        TraceContext::of_headers(&map)
    }

    #[test]
    fn a_parent_that_is_right_is_read_and_handed_on_with_an_id_of_its_own() {
        let trace = of(&[("traceparent", &format!("00-{TRACE}-{PARENT}-01"))]).unwrap();
        assert_eq!(trace.trace_id(), TRACE);
        assert_eq!(trace.parent_id(), PARENT);
        assert!(trace.is_sampled());
        assert_ne!(trace.span_id(), PARENT);
        let next = of(&[("traceparent", &trace.traceparent())]).unwrap();
        assert_eq!(next.trace_id(), TRACE);
        assert_eq!(next.parent_id(), trace.span_id());
        assert!(next.is_sampled());
    }

    #[test]
    fn flags_that_nobody_knows_are_not_handed_on() {
        let trace = of(&[("traceparent", &format!("00-{TRACE}-{PARENT}-fe"))]).unwrap();
        assert!(!trace.is_sampled());
        assert!(trace.traceparent().ends_with("-00"));
    }

    #[test]
    fn a_later_version_may_say_more_and_the_first_may_not() {
        let later = format!("cc-{TRACE}-{PARENT}-01-what-comes");
        assert!(of(&[("traceparent", &later)]).is_some());
        let known = format!("00-{TRACE}-{PARENT}-01-what-comes");
        assert!(of(&[("traceparent", &known)]).is_none());
    }

    #[test]
    fn a_parent_that_is_wrong_is_none() {
        let zeros = "0".repeat(32);
        for wrong in [
            String::new(),
            "00".to_owned(),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("00-{zeros}-{PARENT}-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{PARENT}-1"),
            format!("00-{TRACE}-{PARENT}-01-"),
            format!("00-{TRACE}-{PARENT}"),
            format!("0-{TRACE}-{PARENT}-01"),
            format!("00-+{}-{PARENT}-01", &TRACE[1..]),
            format!("00-{TRACE}-{PARENT}x-01"),
            format!("00-{TRACE}-{PARENT}-01, 00-{TRACE}-{PARENT}-01"),
        ] {
            assert_eq!(of(&[("traceparent", &wrong)]), None, "{wrong}");
        }
        let right = format!("00-{TRACE}-{PARENT}-01");
        assert!(of(&[("traceparent", &right), ("traceparent", &right)]).is_none());
        assert!(of(&[("tracestate", "a=1")]).is_none());
    }

    #[test]
    fn a_state_that_is_wrong_is_left_out_alone() {
        let right = format!("00-{TRACE}-{PARENT}-01");
        let state = |states: &[&str]| {
            let mut headers = vec![("traceparent", right.as_str())];
            headers.extend(states.iter().map(|state| ("tracestate", *state)));
            of(&headers).unwrap().state
        };
        let joined = state(&["rojo=00f067aa0ba902b7, congo=t61 x", "", " 1t@sys=a "]);
        assert_eq!(
            joined.as_deref(),
            Some("rojo=00f067aa0ba902b7,congo=t61 x,1t@sys=a")
        );
        let many: Vec<_> = (0..33).map(|number| format!("k{number}=v")).collect();
        assert!(state(&[&many[..32].join(",")]).is_some());
        for wrong in [
            "a",
            "a=",
            "=1",
            "A=1",
            "1a=1",
            "a=1=2",
            "a=1,a=2",
            "a@=1",
            "@a=1",
            "a@b@c=1",
            &many.join(","),
            &format!("{}=1", "k".repeat(257)),
            &format!("k={}", "v".repeat(257)),
        ] {
            assert_eq!(state(&[wrong]), None, "{wrong}");
        }
    }
}
