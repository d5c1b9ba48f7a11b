//! Calls that outlive their deadlines: how soon behind it their clients are told, and whether their handlers go.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::frames::{
    DATA, END_HEADERS, END_STREAM, HEADERS, How, INITIAL_WINDOW_SIZE, Raw, block, frame, proto,
};
use crate::process::{Before, Service};
use crate::{batch, small, variable};

/// Calls side by side. Of downloads as fast as they go there is one: the client would have to read what the others were sent before it is told.
const AT_ONCE: u64 = 4;

/// `grpc-status: 4`: a field that goes into the table, its name in 8 bytes and its value in one, both by Huffman's code (RFC 7541, 6.2.1 and B).
const DEADLINE_EXCEEDED: &[u8] = b"\x40\x88\x9a\xca\xc8\xb2\x12\x34\xda\x8f\x81\x6b";

/// A call with a deadline, and whether it says all that it has to say.
struct Late {
    what: &'static str,
    method: &'static str,
    messages: Vec<Vec<u8>>,
    ends: bool,
}

async fn all() -> [Late; 4] {
    let never = |what, method, messages, ends| Late {
        what,
        method,
        messages,
        ends,
    };
    let slow = proto::action("counted-slow", "60000");
    let upload = |to| proto::upload(to, vec![batch(1000)]);
    [
        never("an action", "DoAction", vec![slow], true),
        never(
            "a download",
            "DoGet",
            vec![proto::named("counted-endless")],
            true,
        ),
        never("an upload", "DoPut", upload("counted-commit").await, false),
        never(
            "an exchange",
            "DoExchange",
            upload("counted-exchange").await,
            false,
        ),
    ]
}

impl Late {
    fn frames(&self, stream: u32, millis: u64) -> Vec<u8> {
        let allowed = format!("{millis}m");
        let head = block(self.method, &[("grpc-timeout", &allowed)]);
        let mut frames = frame(HEADERS, END_HEADERS, stream, &head);
        for (number, message) in self.messages.iter().enumerate() {
            let last = self.ends && number + 1 == self.messages.len();
            let flags = if last { END_STREAM } else { 0 };
            frames.extend(frame(DATA, flags, stream, &proto::framed(message)));
        }
        frames
    }

    /// How long behind its deadline each of so many calls ends.
    async fn overtimes(&self, port: u16, times: u64, first: u64) -> Vec<Duration> {
        let mut overtimes = Vec::new();
        for number in 0..times {
            // A connection of its own: on the next, the table knows the field.
            let window = [(INITIAL_WINDOW_SIZE, 1 << 30)];
            let raw = Raw::with(port, &How::default(), &window).await.unwrap();
            let mut raw = raw.settled().await.unwrap();
            let allowed = 20 + (first + number) * 7 % 80;
            raw.write(&self.frames(1, allowed)).await.unwrap();
            let began = Instant::now();
            let end = timeout(Duration::from_secs(10), raw.end_of(1));
            let end = end.await.expect(self.what).unwrap();
            let passed = began.elapsed();
            let exceeded = |bytes: &[u8]| bytes == DEADLINE_EXCEEDED;
            let mut trailers = end.payload.windows(DEADLINE_EXCEEDED.len());
            assert!(trailers.any(exceeded), "{}: {end:?}", self.what);
            overtimes.push(passed.saturating_sub(Duration::from_millis(allowed)));
        }
        overtimes
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_end_at_their_deadlines() {
    let times = variable("FLIGHT_HARDENING_DEADLINES", 5);
    let service = Service::start(&["--counted"]).await;
    let client = service.client().await;
    small(&client).await.unwrap();
    let before = Before::of(&service, &client).await;
    let most = Duration::from_millis(if cfg!(debug_assertions) { 1000 } else { 20 });
    for late in all().await {
        let at_once = if late.method == "DoGet" { 1 } else { AT_ONCE };
        let times = times * AT_ONCE / at_once;
        let courses = (0..at_once).map(|first| late.overtimes(service.port, times, first));
        let courses = futures::future::join_all(courses).await;
        let mut overtimes: Vec<_> = courses.into_iter().flatten().collect();
        overtimes.sort();
        let longest = *overtimes.last().unwrap();
        let p99 = overtimes[overtimes.len() * 99 / 100];
        println!(
            "deadlines: {} of {}, p50 {:?}, p99 {p99:?}, longest {longest:?} behind them",
            overtimes.len(),
            late.what,
            overtimes[overtimes.len() / 2],
        );
        assert!(p99 <= most, "{}: {p99:?}", late.what);
        // One of a thousand may find the machine busy elsewhere.
        assert!(
            longest <= Duration::from_secs(1),
            "{}: {longest:?}",
            late.what
        );
    }
    service.is_as_before(&client, before).await;
    assert_eq!(service.counted(&client).await.committed, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_call_of_a_connection_ends_at_its_own_deadline() {
    let service = Service::start(&["--counted"]).await;
    let raw = Raw::with(service.port, &How::default(), &[]).await.unwrap();
    let mut raw = raw.settled().await.unwrap();
    let began = Instant::now();
    // The one that ends first is neither the first nor the last to begin; the last begins when no other is left.
    let [late, ..] = all().await;
    for (stream, millis) in [(1, 900), (3, 300), (5, 600)] {
        raw.write(&late.frames(stream, millis)).await.unwrap();
    }
    let mut ends = Vec::new();
    for stream in [3, 5, 1, 7] {
        let end = timeout(Duration::from_secs(10), raw.end_of(stream)).await;
        end.expect("it ends").unwrap();
        ends.push(began.elapsed().as_millis());
        if stream == 1 {
            raw.write(&late.frames(7, 300)).await.unwrap();
        }
    }
    for (end, expected) in ends.iter().zip([300, 600, 900, 1200]) {
        assert!((expected..expected + 1000).contains(end), "{ends:?}");
    }
}
