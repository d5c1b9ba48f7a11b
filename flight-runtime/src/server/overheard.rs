//! [`Overheard`]: what the client of a connection says, read along frame by frame.
//!
//! Whether it has spoken HTTP/2 at all, how many streams it resets, how often it changes its settings, and how much it says that asks for nothing: hyper
//! tells of none of these.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::wakes::ROUNDS;
use crate::context::now;
use crate::limits::Limits;
use crate::wire::frames::{
    CONTINUATION, DATA, FRAME_HEADER, HEADERS, PREFACE, RST_STREAM, SETTINGS, length,
};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
/// Frames of SETTINGS in a second. Each may move the windows of all streams, which costs the server a thousand times what it costs the client; those that
/// adapt their windows send ten in a second at most, and stop when these are large.
const MAX_SETTINGS: u32 = 50;
/// Frames in a second that ask for nothing: PING, PRIORITY, WINDOW_UPDATE, and those that nobody knows. Each costs the server little, and a million of
/// them a processor.
const MAX_IDLE: u32 = 10_000;
/// For so many bytes that a client is sent it may say one more. Clients open their windows for what they have read, and some (Go's) also measure the round
/// trip then: two or three frames for each of 16 KiB.
const EARNS: u64 = 4 << 10;
/// And so many for each frame of a call: answers may be short, and some (C++'s) say in each packet how far their windows are open.
const EARNED: u64 = 4;
/// How many frames are read in a round of the connection, so that after [`ROUNDS`] other tasks have their turn. h2 goes on for as long as there are frames,
/// and small ones come by the ten thousand in what tokio takes for one turn: a flood of SETTINGS held up others for seconds.
const TURN: u32 = 256 / ROUNDS;

/// A stream that notes what is read from it. What the frames say, h2 judges.
pub(super) struct Overheard<S> {
    inner: S,
    frames: Frames,
    /// Whether the first frame has been read.
    spoken: bool,
    /// How many frames there were since others had their turn.
    turn: u32,
    settings: Rate,
    idle: Idle,
    resets: Resets,
    /// How many streams may be reset behind GOAWAY.
    last_resets: u32,
    heard: Heard,
}

/// What a connection knows of its client.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Inner>);

#[derive(Default)]
struct Inner {
    spoken: AtomicBool,
    too_many_resets: Notify,
}

impl Heard {
    /// Whether preface and first frame are there.
    pub(super) fn spoken(&self) -> bool {
        self.0.spoken.load(Ordering::Relaxed)
    }

    /// Completes when the client has reset too many streams; and once more, when it goes on as if nothing had been said.
    pub(super) fn too_many_resets(&self) -> impl Future<Output = ()> + Send + use<> {
        let inner = Arc::clone(&self.0);
        async move { inner.too_many_resets.notified().await }
    }
}

/// Where in its frames a client is.
struct Frames {
    /// How much of the preface, or of a frame's payload, is still to come.
    skip: usize,
    header: [u8; FRAME_HEADER],
    /// How much of the header is there.
    filled: usize,
    /// How many headers were read.
    begun: u64,
}

impl Frames {
    fn new() -> Self {
        Self {
            // Behind it comes the first frame.
            skip: PREFACE.len(),
            header: [0; FRAME_HEADER],
            filled: 0,
            begun: 0,
        }
    }

    fn one_is_whole(&self) -> bool {
        self.begun > 1 || self.begun == 1 && self.skip == 0
    }

    /// Takes what was read up to the end of a header, and gives the frame's type; `None` when no header ends in it.
    fn next(&mut self, bytes: &mut &[u8]) -> Option<u8> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        *bytes = bytes.get(skipped..).unwrap_or_default();
        for slot in self.header.iter_mut().skip(self.filled) {
            let (byte, rest) = bytes.split_first()?;
            *slot = *byte;
            self.filled += 1;
            *bytes = rest;
        }
        self.filled = 0;
        self.begun += 1;
        self.skip = length(self.header);
        let [_, _, _, kind, ..] = self.header;
        Some(kind)
    }
}

/// So many of something in a span of time, which begins anew when it is over.
struct Rate {
    limit: u32,
    span: Duration,
    began: Instant,
    count: u32,
}

impl Rate {
    fn new(limit: u32, span: Duration) -> Self {
        let (began, count) = (now(), 0);
        Self {
            limit,
            span,
            began,
            count,
        }
    }

    /// One more; how many that makes in the span.
    fn count(&mut self) -> u32 {
        let now = now();
        if now.duration_since(self.began) >= self.span {
            (self.began, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(1);
        self.count
    }

    /// One more; whether that is more than the limit.
    fn is_over(&mut self) -> bool {
        self.count() > self.limit
    }
}

/// Frames that ask for nothing.
struct Idle {
    rate: Rate,
    /// How many bytes the client was sent in the same second …
    sent: u64,
    /// … and how many frames of calls it sent.
    calls: u64,
}

impl Idle {
    fn new() -> Self {
        let rate = Rate::new(MAX_IDLE, SECOND);
        let (sent, calls) = (0, 0);
        Self { rate, sent, calls }
    }

    /// One more; whether that is too many.
    fn is_over(&mut self) -> bool {
        let count = self.rate.count();
        if count == 1 {
            (self.sent, self.calls) = (0, 0);
        }
        let earned = self.sent / EARNS + self.calls * EARNED;
        u64::from(count) > u64::from(self.rate.limit) + earned
    }
}

/// How many streams may be reset.
enum Resets {
    Unlimited,
    Limited(Rate),
    /// Behind GOAWAY there is no other minute: what is open may be reset, and no more can be opened.
    Last(u32),
    Over,
}

impl Resets {
    fn new(limits: &Limits) -> Self {
        let limit = limits.resets_per_minute;
        limit.map_or(Self::Unlimited, |limit| {
            Self::Limited(Rate::new(limit, MINUTE))
        })
    }

    /// One more; whether there is something to be told.
    fn is_told(&mut self, last: u32) -> bool {
        let (is_told, next) = match self {
            Self::Limited(limit) => (limit.is_over(), Self::Last(last)),
            Self::Last(0) => (true, Self::Over),
            Self::Last(left) => {
                *left -= 1;
                return false;
            }
            Self::Unlimited | Self::Over => return false,
        };
        if is_told {
            *self = next;
        }
        is_told
    }
}

impl<S> Overheard<S> {
    pub(super) fn new(inner: S, limits: &Limits) -> (Self, Heard) {
        let heard = Heard::default();
        let overheard = Self {
            inner,
            frames: Frames::new(),
            spoken: false,
            turn: 0,
            settings: Rate::new(MAX_SETTINGS, SECOND),
            idle: Idle::new(),
            resets: Resets::new(limits),
            last_resets: limits.calls_per_connection,
            heard: heard.clone(),
        };
        (overheard, heard)
    }

    /// Notes what was written.
    fn sent(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.idle.sent = self.idle.sent.saturating_add(*bytes as u64);
        }
        written
    }

    /// An error for a client that changes its mind too often, or says too much of nothing: h2 does not get to see it.
    fn note(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some(kind) = self.frames.next(&mut bytes) {
            self.turn += 1;
            match kind {
                RST_STREAM if self.resets.is_told(self.last_resets) => {
                    self.heard.0.too_many_resets.notify_one();
                }
                SETTINGS if self.settings.is_over() => {
                    return Err(io::Error::other("a flood of SETTINGS"));
                }
                DATA | HEADERS => self.idle.calls += 1,
                RST_STREAM | SETTINGS | CONTINUATION => {}
                _ if self.idle.is_over() => {
                    return Err(io::Error::other("a flood of frames that ask for nothing"));
                }
                _ => {}
            }
        }
        if !self.spoken && self.frames.one_is_whole() {
            self.spoken = true;
            self.heard.0.spoken.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Overheard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.turn >= TURN {
            self.turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if polled.is_pending() {
            self.turn = 0;
        }
        ready!(polled)?;
        Poll::Ready(self.note(buffer.filled().get(before..).unwrap_or_default()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Overheard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.sent(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.sent(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const RESET: [u8; 13] = [0, 0, 4, RST_STREAM, 0, 0, 0, 0, 1, 0, 0, 0, 8];

    fn listen(resets: impl Into<Option<u32>>) -> (Overheard<()>, Heard) {
        let limits = Limits::default().max_resets_per_minute(resets);
        Overheard::new((), &limits.max_calls_per_connection(2))
    }

    fn told(heard: &Heard) -> bool {
        heard.too_many_resets().now_or_never().is_some()
    }

    #[test]
    fn a_client_has_spoken_once_its_first_frame_is_whole() {
        for resets in [None, Some(1)] {
            let (mut client, heard) = listen(resets);
            client.note(PREFACE).unwrap();
            client.note(&[0, 0, 6, 4, 0, 0, 0, 0, 0]).unwrap();
            client.note(&[0, 3, 0, 0, 0]).unwrap();
            assert!(!heard.spoken());
            client.note(&[100]).unwrap();
            assert!(heard.spoken());
        }
        let (mut client, heard) = listen(None);
        client
            .note(&[PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9, 0]].concat())
            .unwrap();
        assert!(heard.spoken());
    }

    #[tokio::test(start_paused = true)]
    async fn one_reset_too_many_in_a_minute_is_told_however_the_bytes_come() {
        let (mut client, heard) = listen(3);
        // Bytes of data that look like a reset are none.
        let data = [&[0, 0, 13, 0, 0, 0, 0, 0, 1][..], &RESET].concat();
        let bytes = [PREFACE, &data, &RESET, &data, &RESET, &RESET].concat();
        for byte in bytes {
            client.note(&[byte]).unwrap();
        }
        assert!(!told(&heard));
        client.note(&RESET).unwrap();
        assert!(told(&heard));
    }

    #[tokio::test(start_paused = true)]
    async fn resets_count_for_a_minute_and_behind_goaway_for_ever() {
        let (mut client, heard) = listen(3);
        client.note(PREFACE).unwrap();
        for _ in 0..5 {
            client.note(&RESET.repeat(3)).unwrap();
            assert!(!told(&heard));
            tokio::time::advance(MINUTE).await;
        }
        client.note(&RESET.repeat(4)).unwrap();
        assert!(told(&heard));
        client.note(&RESET).unwrap();
        tokio::time::advance(MINUTE).await;
        client.note(&RESET).unwrap();
        assert!(!told(&heard));
        client.note(&RESET).unwrap();
        assert!(told(&heard));
    }

    #[tokio::test(start_paused = true)]
    async fn settings_count_for_a_second() {
        let (mut client, _) = listen(None);
        let settings = [0, 0, 0, SETTINGS, 0, 0, 0, 0, 0];
        client.note(PREFACE).unwrap();
        for _ in 0..3 {
            client
                .note(&settings.repeat(MAX_SETTINGS as usize))
                .unwrap();
            tokio::time::advance(SECOND).await;
        }
        let flood = settings.repeat(MAX_SETTINGS as usize + 1);
        client.note(&flood).unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn what_asks_for_nothing_counts_for_a_second_and_by_what_was_sent() {
        let (mut client, _) = listen(None);
        let most = usize::try_from(MAX_IDLE).unwrap();
        let ping = [0, 0, 0, 6, 0, 0, 0, 0, 0];
        client.note(PREFACE).unwrap();
        for kind in [2, 6, 8, 0xbe] {
            let frame = [0, 0, 0, kind, 0, 0, 0, 0, 0];
            client.note(&frame.repeat(most)).unwrap();
            tokio::time::advance(SECOND).await;
        }
        client.note(&ping.repeat(most)).unwrap();
        let sent = 3 * usize::try_from(EARNS).unwrap();
        assert!(client.sent(Poll::Ready(Ok(sent))).is_ready());
        client.note(&[0, 0, 0, HEADERS, 0, 0, 0, 0, 1]).unwrap();
        client.note(&ping.repeat(3 + 4)).unwrap();
        client.note(&ping).unwrap_err();
        // What was sent before counts no longer.
        tokio::time::advance(SECOND).await;
        client.note(&ping.repeat(most)).unwrap();
        client.note(&ping).unwrap_err();
    }

    #[tokio::test]
    async fn a_flood_of_frames_lets_others_have_their_turn() {
        use tokio::io::AsyncReadExt;

        let frames = [PREFACE, &[0; 9].repeat(1000)].concat();
        let (mut client, _) = Overheard::new(&frames[..], &Limits::default());
        let mut turns = 0;
        let mut bytes = [0; 512];
        loop {
            match client.read(&mut bytes).now_or_never() {
                Some(Ok(0)) => break,
                Some(read) => drop(read.unwrap()),
                None => turns += 1,
            }
        }
        assert!(turns >= 15, "{turns}");
    }

    #[test]
    fn without_a_limit_nobody_counts() {
        let (mut client, heard) = listen(None);
        client.note(PREFACE).unwrap();
        client.note(&RESET.repeat(100_000)).unwrap();
        assert!(!told(&heard));
    }
}
