//! What the client does: calls of every kind, side by side, and what has to hold of each.

use std::time::Duration;

use flight_runtime::prelude::*;
use flight_runtime::{CallOptions, FlightClient};
use futures::future::join_all;
use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep};

use super::generate::Dice;
use super::service::{Simulated, World, batch, numbers};

/// The time limit of a call.
pub(crate) const LIMIT: Duration = Duration::from_secs(2);
/// What a call may take beyond: the steps of the simulation.
const SLACK: Duration = Duration::from_millis(200);

/// A call: what it is to do, and what it ended with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Get {
        batches: i64,
        rows: i64,
        pause: u64,
    },
    Put {
        upload: u64,
        batches: i64,
        rows: i64,
        pause: u64,
    },
    Exchange {
        batches: i64,
        rows: i64,
    },
    Action {
        bytes: usize,
    },
}

impl Call {
    pub(crate) fn roll(dice: &mut Dice, upload: u64) -> Self {
        let batches = dice.below(20) as i64;
        let rows = dice.pick(&[1, 10, 1000, 5000]);
        let pause = dice.pick(&[0, 0, 1, 30, 150]);
        match dice.below(4) {
            0 => Self::Get {
                batches,
                rows,
                pause,
            },
            1 => Self::Put {
                upload,
                batches,
                rows,
                pause,
            },
            2 => Self::Exchange { batches, rows },
            _ => Self::Action {
                bytes: dice.pick(&[0, 100, 100_000]),
            },
        }
    }

    /// Makes the call. The outer error says what does not hold.
    pub(crate) async fn make(
        self,
        client: &FlightClient,
        world: &World,
    ) -> Result<Result<(), Error>, String> {
        let client = client.with(CallOptions::new().timeout(LIMIT));
        let began = Instant::now();
        let ended = match self {
            Self::Get {
                batches,
                rows,
                pause,
            } => {
                let route = Simulated::numbers_route(batches, rows, pause);
                in_order(client.do_get(route.ticket()).await, batches * rows).await
            }
            Self::Exchange { batches, rows } => {
                let there = stream::iter(
                    (0..batches).map(move |index| batch(index * rows..(index + 1) * rows)),
                );
                let there = BatchStream::new(batch(0..0).schema(), there);
                let back = client.do_exchange(Simulated::echo_route(), there).await;
                in_order(back, batches * rows).await
            }
            Self::Put {
                upload,
                batches,
                rows,
                pause,
            } => {
                let ended = put(&client, upload, batches, rows, pause).await;
                match (&ended, self.committed(world)?) {
                    (Ok(()), 0) => Err("it succeeded, and nothing was committed".to_owned()),
                    _ => Ok(ended),
                }
            }
            Self::Action { bytes } => action(&client, bytes).await,
        }?;
        match began.elapsed() {
            took if took > LIMIT + SLACK => Err(format!("took {took:?}")),
            _ => Ok(ended),
        }
    }
}

impl Call {
    /// How often an upload was committed: at most once, and then all of it.
    pub(crate) fn committed(self, world: &World) -> Result<usize, String> {
        let Self::Put {
            upload,
            batches,
            rows,
            ..
        } = self
        else {
            return Ok(0);
        };
        let committed = world.committed(upload);
        let is_whole = |numbers: &Vec<i64>| numbers.iter().copied().eq(0..batches * rows);
        match (committed.len(), committed.iter().all(is_whole)) {
            (0 | 1, true) => Ok(committed.len()),
            (times, true) => Err(format!("{self:?} was committed {times} times")),
            (_, false) => Err(format!("{self:?} was committed in part")),
        }
    }
}

/// Numbers from 0, none left out, and all of them unless there is an error.
async fn in_order(
    rows: Result<BatchStream, Error>,
    count: i64,
) -> Result<Result<(), Error>, String> {
    let mut rows = match rows {
        Ok(rows) => rows,
        Err(error) => return Ok(Err(error)),
    };
    let mut next = 0;
    loop {
        match rows.try_next().await {
            Ok(Some(batch)) => {
                for number in numbers(&batch) {
                    if *number != next {
                        return Err(format!("{number} where {next} is next"));
                    }
                    next += 1;
                }
            }
            Ok(None) if next == count => return Ok(Ok(())),
            Ok(None) => return Err(format!("a clean end after {next} of {count} rows")),
            Err(error) => return Ok(Err(error)),
        }
    }
}

async fn put(
    client: &FlightClient,
    upload: u64,
    batches: i64,
    rows: i64,
    pause: u64,
) -> Result<(), Error> {
    let all = stream::iter(0..batches).then(move |index| async move {
        sleep(Duration::from_millis(pause)).await;
        batch(index * rows..(index + 1) * rows)
    });
    let all = BatchStream::new(batch(0..0).schema(), all);
    let results = client.do_put(Simulated::put_route(upload), all).await?;
    results.read_all().await?;
    Ok(())
}

async fn action(client: &FlightClient, bytes: usize) -> Result<Result<(), Error>, String> {
    let body = vec![7; bytes];
    let answer = async {
        let results = client.do_action(Action::new("echo", body.clone())).await?;
        results.read_all().await
    };
    match answer.await {
        Ok(results) if results.len() == 1 && results[0].body == body => Ok(Ok(())),
        Ok(results) => Err(format!("an echo of {} results", results.len())),
        Err(error) => Ok(Err(error)),
    }
}

/// What came of calls.
#[derive(Clone, Default)]
pub(crate) struct Course {
    pub(crate) calls: Vec<Call>,
    pub(crate) succeeded: usize,
}

/// Calls, one to three at a time, with pauses, until it is time to stop.
pub(crate) async fn calls(
    client: &FlightClient,
    world: &World,
    dice: &mut Dice,
    until: Instant,
) -> Result<Course, String> {
    let mut course = Course::default();
    let mut upload = 0;
    while Instant::now() < until {
        let at_once = 1 + dice.below(3);
        let calls: Vec<Call> = (0..at_once)
            .map(|_| {
                upload += 1;
                Call::roll(dice, upload)
            })
            .collect();
        let ends = join_all(calls.iter().map(|call| call.make(client, world))).await;
        for (call, end) in calls.iter().zip(ends) {
            let ended = end.map_err(|error| format!("{call:?}: {error}"))?;
            course.succeeded += usize::from(ended.is_ok());
        }
        course.calls.extend(calls);
        sleep(Duration::from_millis(dice.below(200) as u64)).await;
    }
    Ok(course)
}
