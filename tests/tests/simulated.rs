//! Client and server on a simulated network: delays, partitions, crashes and restarts, all from a seed.
//!
//! Time stands still but for the simulation, so that seconds of it take milliseconds. Whatever happens on the way, an upload is committed at most
//! once and only when it is whole, a download has all rows in order or ends in an error, no call outlasts its time limit, calls succeed
//! once the network is well again, and no handler is left. A failure names its seed:
//!
//! ```text
//! FLIGHT_SIMULATION_SEED=7 cargo test -p flight-tests --test simulated
//! FLIGHT_SIMULATION_SEEDS=10000 cargo test --release -p flight-tests --test simulated -- --nocapture
//! ```
//!
//! are one seed and the long form. The simulated network is `turmoil`'s. It loses what is under way while there is a partition, for good: a
//! connection that lost something never goes on, as one whose other end has forgotten it. `hold` delays as a real network that sends again.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "simulated/course.rs"]
mod course;
#[path = "property/generate.rs"]
#[allow(dead_code)]
mod generate;
#[path = "simulated/service.rs"]
mod service;

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use course::{Call, Course, LIMIT};
use flight_runtime::testing::{TestServer, client_over};
use flight_runtime::{FlightClient, FlightServer, Limits};
use generate::Dice;
use service::{Simulated, World};
use tokio::time::{Instant, sleep};
use turmoil::net::{TcpListener, TcpStream};
use turmoil::{Builder, Sim};

/// Seeds of the short form.
const SEEDS: u64 = 1000;
/// The short form begins no further seed after this: the machine is busy.
const ENOUGH: Duration = Duration::from_secs(30);
/// How long the network is ill.
const ILL: Duration = Duration::from_secs(4);
/// A connection that says nothing is asked after this long, and has as long to answer.
const KEEP_ALIVE: Duration = Duration::from_millis(500);
/// What the end of a connection that is lost takes to be noticed, and what there was on it to go.
const SETTLED: Duration = Duration::from_secs(5);

/// Serves until it crashes.
async fn serve(world: World) -> turmoil::Result {
    let builder = FlightServer::builder(Simulated(world))
        .http2_keepalive_interval(KEEP_ALIVE)
        .http2_keepalive_timeout(KEEP_ALIVE)
        .limits(Limits::default().time_to_speak(Duration::from_secs(1)));
    let server = TestServer::start(builder).map_err(|error| error.to_string())?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8815)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        // One that is refused is closed.
        let _ = server.serve(stream);
    }
}

fn client() -> FlightClient {
    let builder = FlightClient::builder("grpc://server:8815")
        .http2_keepalive_interval(KEEP_ALIVE)
        .http2_keepalive_timeout(KEEP_ALIVE);
    client_over(builder, || TcpStream::connect("server:8815")).unwrap()
}

/// The client's part: calls while the network is ill, then calls that have to succeed, then nothing may be left.
async fn visit(world: World, mut dice: Dice, calm: Arc<AtomicBool>) -> Result<Course, String> {
    let client = client();
    let until = Instant::now() + ILL;
    let course = course::calls(&client, &world, &mut dice, until).await?;
    while !calm.load(Ordering::SeqCst) {
        sleep(Duration::from_millis(10)).await;
    }
    // The connection may be one that never goes on: a call has to find out.
    let well = Instant::now() + SETTLED;
    while let Err(error) = (Call::Action { bytes: 1 }).make(&client, &world).await? {
        if Instant::now() > well {
            return Err(format!(
                "no call succeeds on a network that is well: {error:?}"
            ));
        }
        sleep(Duration::from_millis(50)).await;
    }
    let after = [
        Call::Get {
            batches: 3,
            rows: 1000,
            pause: 1,
        },
        Call::Put {
            upload: u64::MAX,
            batches: 3,
            rows: 1000,
            pause: 1,
        },
        Call::Exchange {
            batches: 3,
            rows: 1000,
        },
    ];
    for call in after {
        let ended = call.make(&client, &world).await?;
        ended.map_err(|error| format!("{call:?} on a network that is well: {error:?}"))?;
    }
    drop(client);
    let gone = Instant::now() + SETTLED;
    while world.alive() > 0 {
        if Instant::now() > gone {
            return Err(format!("{} handlers are left", world.alive()));
        }
        sleep(Duration::from_millis(50)).await;
    }
    // Also what nobody waited for any more.
    for call in &course.calls {
        call.committed(&world)?;
    }
    Ok(course)
}

/// Does something to the network or the server, and undoes it after a while.
fn disturb(sim: &mut Sim<'_>, dice: &mut Dice) -> Result<(), String> {
    let (client, server) = ("client", "server");
    let steps = 1 + dice.below(60);
    match dice.below(6) {
        0 => sim.partition(client, server),
        1 => sim.partition_oneway(client, server),
        2 => sim.partition_oneway(server, client),
        3 | 4 => sim.hold(client, server),
        _ => sim.crash(server),
    }
    for _ in 0..steps {
        step(sim)?;
    }
    well(sim);
    Ok(())
}

fn well(sim: &mut Sim<'_>) {
    sim.repair("client", "server");
    sim.release("client", "server");
    if !sim.is_host_running("server") {
        sim.bounce("server");
    }
}

fn step(sim: &mut Sim<'_>) -> Result<bool, String> {
    sim.step().map_err(|error| error.to_string())
}

/// What came of a seed.
fn simulate(seed: u64) -> Result<Course, String> {
    let mut dice = Dice(seed);
    let mut sim = Builder::new()
        .rng_seed(dice.roll())
        .tick_duration(Duration::from_millis(10))
        .simulation_duration(ILL + LIMIT + SETTLED * 4)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(dice.pick(&[1, 20, 100])))
        .tcp_capacity(1 << 16)
        .build();
    let world = World::default();
    let served = world.clone();
    sim.host("server", move || serve(served.clone()));
    let calm = Arc::<AtomicBool>::default();
    let result = Arc::new(Mutex::new(Err(
        "the client did not come to its end".to_owned()
    )));
    let visiting = visit(world, Dice(dice.roll()), Arc::clone(&calm));
    let told = Arc::clone(&result);
    sim.client("client", async move {
        let visited = visiting.await;
        *told.lock().unwrap() = visited;
        Ok(())
    });
    while sim.elapsed() < ILL {
        for _ in 0..1 + dice.below(60) {
            step(&mut sim)?;
        }
        disturb(&mut sim, &mut dice)?;
    }
    calm.store(true, Ordering::SeqCst);
    while !step(&mut sim)? {}
    drop(sim);
    let result = result.lock().unwrap();
    result.clone()
}

fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}

#[test]
fn whatever_the_network_does_what_is_promised_holds() {
    let (first, count) = match variable("FLIGHT_SIMULATION_SEED") {
        Some(seed) => (seed, 1),
        None => (0, variable("FLIGHT_SIMULATION_SEEDS").unwrap_or(SEEDS)),
    };
    let began = std::time::Instant::now();
    let enough = || count <= SEEDS && began.elapsed() > ENOUGH;
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let (good, bad) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = first + next.fetch_add(1, Ordering::Relaxed) as u64;
                    if seed >= first + count || enough() || failed.lock().unwrap().len() >= 5 {
                        return;
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                    match simulate(seed) {
                        Ok(Course { calls, succeeded }) => {
                            good.fetch_add(succeeded, Ordering::Relaxed);
                            bad.fetch_add(calls.len() - succeeded, Ordering::Relaxed);
                        }
                        Err(error) => {
                            let error = format!("FLIGHT_SIMULATION_SEED={seed}: {error}");
                            failed.lock().unwrap().push(error);
                        }
                    }
                }
            });
        }
    });
    let (done, good, bad) = (done.into_inner(), good.into_inner(), bad.into_inner());
    println!(
        "{done} seeds in {:?}: {good} calls succeeded, {bad} did not",
        began.elapsed()
    );
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    if done >= 50 {
        assert!(good > done && bad > done, "both kinds of ends were there");
    }
}
