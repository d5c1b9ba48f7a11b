//! Many clients that call everything there is, in every way that calls end, for a while: nothing unexpected comes, and nothing stays.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flight_runtime::prelude::*;
use flight_runtime::{CallOptions, Code, FlightClient};
use futures::{StreamExt, stream};
use tokio::time::{sleep, timeout};

use crate::process::{Before, Service};
use crate::{MIB, batch, upload, variable};

const CLIENTS: u64 = 64;

/// What was done, how often, and what came that should not.
#[derive(Default)]
struct Tally {
    done: BTreeMap<&'static str, u64>,
    unexpected: Vec<String>,
}

/// Which way a call goes: xorshift.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn path(text: &str) -> FlightDescriptor {
    FlightDescriptor::new_path(text.split('/').map(str::to_owned).collect())
}

fn expect<T>(result: Result<T, Error>, code: Code) -> Result<(), Error> {
    match result {
        Err(error) if error.code() == code => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(Error::internal(format!("OK in place of {code:?}"))),
    }
}

async fn results(client: &FlightClient, name: &str, body: &str) -> Result<usize, Error> {
    let action = Action::new(name.to_owned(), body.to_owned());
    Ok(client.do_action(action).await?.read_all().await?.len())
}

async fn rows(mut rows: BatchStream) -> Result<usize, Error> {
    let mut count = 0;
    while let Some(batch) = rows.try_next().await? {
        count += batch.num_rows();
    }
    Ok(count)
}

fn some(batches: usize) -> BatchStream {
    BatchStream::from_batches(batch(0).schema(), vec![batch(1000); batches])
}

fn endless() -> BatchStream {
    let batches = stream::repeat_with(|| batch(1000)).then(|batch| async {
        sleep(Duration::from_millis(1)).await;
        batch
    });
    BatchStream::new(batch(0).schema(), batches)
}

/// One call, and its name.
async fn one(client: &FlightClient, dice: &mut Dice) -> (&'static str, Result<(), Error>) {
    let short = Duration::from_millis(1 + dice.below(20));
    match dice.below(19) {
        0 => (
            "Handshake",
            client.authenticate_with("ada:ada's").await.map(drop),
        ),
        1 => {
            let flights = client.list_flights(Criteria::default()).await;
            let all = async { flights?.read_all().await.map(drop) };
            ("ListFlights", all.await)
        }
        2 => (
            "GetFlightInfo",
            client.get_flight_info(path("sharded/3")).await.map(drop),
        ),
        3 => (
            "PollFlightInfo",
            client.poll_flight_info(path("jobs/one/1")).await.map(drop),
        ),
        4 => (
            "GetSchema",
            client.get_schema(path("schema-of-its-own")).await.map(drop),
        ),
        5 => {
            let got = async { rows(client.do_get(Ticket::new("in-batches/20")).await?).await };
            let got = got.await.map(|count| assert_eq!(count, 200));
            ("DoGet", got)
        }
        6 => ("DoPut", upload(client, "counted-commit").await),
        7 => {
            let echo = async { rows(client.do_exchange(path("echo"), some(3)).await?).await };
            let echo = echo.await.map(|count| assert_eq!(count, 3000));
            ("DoExchange", echo)
        }
        8 => (
            "DoAction",
            results(client, "count", "7")
                .await
                .map(|count| assert_eq!(count, 7)),
        ),
        9 => {
            let actions = async { client.list_actions().await?.read_all().await.map(drop) };
            ("ListActions", actions.await)
        }
        10 => {
            let left = async {
                let mut rows = client.do_get(Ticket::new("counted-endless")).await?;
                for _ in 0..dice.below(5) {
                    rows.try_next().await?;
                }
                Ok(())
            };
            ("a download left", left.await)
        }
        11 => {
            let upload = async {
                let results = client.do_put(path("counted-commit"), endless()).await?;
                results.read_all().await.map(drop)
            };
            let cut = timeout(short, upload).await.unwrap_or(Ok(()));
            ("an upload cut", cut)
        }
        12 => {
            let left = async {
                let mut rows = client
                    .do_exchange(path("counted-exchange"), endless())
                    .await?;
                for _ in 0..dice.below(5) {
                    rows.try_next().await?;
                }
                Ok(())
            };
            ("an exchange left", left.await)
        }
        13 => {
            let waits = timeout(short, results(client, "wait-for-ever", "soak"));
            let waits = waits.await.map_or(Ok(()), |ended| ended.map(drop));
            ("an action cancelled", waits)
        }
        14 => {
            let late = client.with(CallOptions::new().timeout(short));
            let ended = results(&late, "sleep", "5000").await;
            ("a deadline", expect(ended, Code::DeadlineExceeded))
        }
        15 => {
            let late = client.with(CallOptions::new().timeout(short));
            let ended = async { rows(late.do_get(Ticket::new("counted-endless")).await?).await };
            (
                "a deadline of a stream",
                expect(ended.await, Code::DeadlineExceeded),
            )
        }
        16 => {
            let failed = results(client, "fail", r#"{"code": 6, "message": "there"}"#).await;
            ("an error", expect(failed, Code::AlreadyExists))
        }
        17 => {
            let failed = async { rows(client.do_get(Ticket::new("panics/2")).await?).await };
            ("a panic", expect(failed.await, Code::Internal))
        }
        _ => {
            let failed = client.do_get(Ticket::new("no/such/route")).await;
            let failed = async { rows(failed?).await };
            ("no route", expect(failed.await, Code::NotFound))
        }
    }
}

/// A client that connects anew from time to time.
async fn client(service: Arc<Service>, seed: u64, until: Instant, tally: Arc<Mutex<Tally>>) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    while Instant::now() < until {
        let login = async {
            let client = FlightClient::connect(service.location.clone()).await?;
            client.authenticate_with("ada:ada's").await
        };
        let client = login.await.expect("a new client is let in");
        for _ in 0..50 + dice.below(200) {
            if Instant::now() >= until {
                break;
            }
            let call = timeout(Duration::from_secs(60), one(&client, &mut dice));
            let (what, ended) = call.await.expect("a call ends");
            let mut tally = tally.lock().unwrap();
            *tally.done.entry(what).or_default() += 1;
            if let Err(error) = ended {
                tally.unexpected.push(format!("{what}: {error}"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_unexpected_comes_and_nothing_stays() {
    let seconds = variable("FLIGHT_HARDENING_SOAK", 6);
    let options = ["--counted", "--auth", "handshake"];
    let service = Arc::new(Service::start(&options).await);
    let watcher = service.client().await;
    let watcher = watcher.authenticate_with("ada:ada's").await.unwrap();
    let before = Before::of(&service, &watcher).await;
    let began = Instant::now();
    let until = began + Duration::from_secs(seconds);
    let tally = Arc::<Mutex<Tally>>::default();
    let clients: Vec<_> = (1..=CLIENTS)
        .map(|seed| {
            tokio::spawn(client(
                Arc::clone(&service),
                seed,
                until,
                Arc::clone(&tally),
            ))
        })
        .collect();
    // The most of each third.
    let mut resident = [0; 3];
    while Instant::now() < until {
        let third = began.elapsed().as_millis() as u64 * 3 / (seconds * 1000);
        let most = &mut resident[(third as usize).min(2)];
        *most = service.resident().max(*most);
        sleep(Duration::from_millis(200)).await;
    }
    for client in clients {
        client.await.unwrap();
    }
    service.is_as_before(&watcher, before).await;
    let tally = std::mem::take(&mut *tally.lock().unwrap());
    let calls: u64 = tally.done.values().sum();
    println!(
        "soak: {calls} calls of {CLIENTS} clients in {seconds} s, {} unexpected, at most {:?} MiB in each third, {} MiB at the end, \
         {before:?} before and after; {:?}",
        tally.unexpected.len(),
        resident.map(|bytes| bytes / MIB),
        service.resident() / MIB,
        tally.done,
    );
    assert!(
        tally.unexpected.is_empty(),
        "{:?}",
        &tally.unexpected[..tally.unexpected.len().min(20)]
    );
    assert!(tally.done.len() >= 19 || seconds < 5, "{:?}", tally.done);
    let [_, warm, end] = resident;
    assert!(
        end <= warm + warm / 10 + 8 * MIB,
        "memory grows: {resident:?}"
    );
}
