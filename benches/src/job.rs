//! What the clients in Rust have in common: their arguments, the jobs, and the talk with the driver.
//!
//! `--port N --job get --set numeric --data FOLDER --repeat 16`, with `--ca FILE` for TLS and `--window BYTES` for our client. The jobs are `get`, `put`, `exchange`,
//! `action` (`--in-flight N --milliseconds N`, with deadlines by `--timeout SECONDS` and work by `--work MICROSECONDS`) and `slow` (`--clients N --pause MILLISECONDS`). When it is connected and warm, a client prints
//! `{"ready": true}` and waits for a line on its standard input; then it does the job and prints what it measured as one line of JSON.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::try_join_all;

use crate::{Arguments, DataSet, Failure};

/// No message is too large: the servers' are not what is measured.
pub const MAX_MESSAGE: usize = 1 << 30;

/// The server of a job.
#[derive(Debug)]
pub struct Target {
    /// Its port on this machine.
    pub port: usize,
    /// The authority of its certificate, which is for `localhost`; without one it speaks plain text.
    pub ca: Option<PathBuf>,
    /// HTTP/2's window of a download, of a client that goes by where its server is.
    pub window: Option<u32>,
}

/// A client with one connection, which its clones share.
pub trait Client: Clone + Send + 'static {
    /// Connects.
    fn connect(target: &Target) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// Downloads; gives the number of rows. Pauses after each batch.
    fn get(
        &self,
        ticket: String,
        pause: Option<Duration>,
    ) -> impl Future<Output = Result<usize, Failure>> + Send;

    /// Uploads the set so many times over to `drain`; gives what the server says.
    fn put(
        &self,
        data: Arc<DataSet>,
        repeat: usize,
    ) -> impl Future<Output = Result<Vec<u8>, Failure>> + Send;

    /// The same to `echo`, while it downloads what comes back; gives the number of rows.
    fn exchange(
        &self,
        data: Arc<DataSet>,
        repeat: usize,
    ) -> impl Future<Output = Result<usize, Failure>> + Send;

    /// Calls an action, with a deadline or without one; gives the bodies of its results.
    fn action(
        &self,
        name: &str,
        body: Vec<u8>,
        timeout: Option<Duration>,
    ) -> impl Future<Output = Result<Vec<Vec<u8>>, Failure>> + Send;
}

/// Does the job that the arguments of this process name.
///
/// # Errors
///
/// Arguments that are missing or wrong, and whatever goes wrong in the job.
pub async fn run<C: Client>() -> Result<(), Failure> {
    let mut arguments = Arguments::parse()?;
    let target = Target {
        port: arguments.number("port")?,
        ca: arguments.take("ca").ok().map(PathBuf::from),
        window: arguments
            .number("window")
            .ok()
            .map(u32::try_from)
            .transpose()?,
    };
    let job = arguments.take("job")?;
    if job == "action" {
        let timeout = arguments.number("timeout").ok();
        let calls = Calls {
            work: arguments
                .number("work")
                .ok()
                .map(u8::try_from)
                .transpose()?,
            in_flight: arguments.number("in-flight")?,
            timeout: timeout.map(|seconds| Duration::from_secs(seconds as u64)),
        };
        let time = Duration::from_millis(arguments.number("milliseconds")? as u64);
        return action::<C>(&target, &calls, time).await;
    }
    let set = arguments.take("set")?;
    let repeat = arguments.number("repeat")?;
    let compression = arguments.take("compression").ok();
    let ticket = |repeat: usize| match &compression {
        None => format!("{set}?repeat={repeat}"),
        Some(codec) => format!("{set}?repeat={repeat}&compression={codec}"),
    };
    match job.as_str() {
        "get" => {
            let client = C::connect(&target).await?;
            client.get(ticket(1), None).await?;
            let started = start()?;
            report(started, client.get(ticket(repeat), None).await?);
        }
        "slow" => {
            let clients = arguments.number("clients")?;
            let pause = Duration::from_millis(arguments.number("pause")? as u64);
            // Of the server's memory only that grows which slow clients cost: it has served once.
            C::connect(&target).await?.get(ticket(1), None).await?;
            let started = start()?;
            let readers = (0..clients).map(|_| async {
                let client = C::connect(&target).await?;
                client.get(ticket(repeat), Some(pause)).await
            });
            let rows = try_join_all(readers).await?;
            report(started, rows.iter().sum());
        }
        "put" | "exchange" => {
            let folder = PathBuf::from(arguments.take("data")?);
            let data = Arc::new(DataSet::read(&folder.join(format!("{set}.arrow")))?);
            let client = C::connect(&target).await?;
            upload(&client, &job, &data, 1).await?;
            let started = start()?;
            report(started, upload(&client, &job, &data, repeat).await?);
        }
        other => {
            return Err(
                format!("`--job {other}`: expected get, put, exchange, action or slow").into(),
            );
        }
    }
    Ok(())
}

/// Gives the number of rows that the server got, or that came back.
async fn upload<C: Client>(
    client: &C,
    job: &str,
    data: &Arc<DataSet>,
    repeat: usize,
) -> Result<usize, Failure> {
    if job == "exchange" {
        return client.exchange(Arc::clone(data), repeat).await;
    }
    let counted = client.put(Arc::clone(data), repeat).await?;
    Ok(std::str::from_utf8(&counted)?.parse()?)
}

/// Calls of an action that gives back what it is given.
struct Calls {
    /// After so many microseconds of work.
    work: Option<u8>,
    in_flight: usize,
    timeout: Option<Duration>,
}

async fn action<C: Client>(target: &Target, calls: &Calls, time: Duration) -> Result<(), Failure> {
    let client = C::connect(target).await?;
    actions(&client, calls, time / 10).await?;
    let started = start()?;
    let mut latencies = actions(&client, calls, time).await?;
    let seconds = started.elapsed().as_secs_f64();
    latencies.sort_by(f64::total_cmp);
    println!(
        "{}",
        serde_json::json!({
            "seconds": seconds,
            "calls": latencies.len(),
            "p50": percentile(&latencies, 50),
            "p99": percentile(&latencies, 99),
        })
    );
    Ok(())
}

/// So many calls at once on one connection, for so long; gives the latencies in seconds.
async fn actions<C: Client>(
    client: &C,
    calls: &Calls,
    time: Duration,
) -> Result<Vec<f64>, Failure> {
    let mut body: Vec<u8> = (0..64).collect();
    let action = match calls.work {
        None => "echo",
        Some(microseconds) => {
            body[0] = microseconds;
            "work"
        }
    };
    let until = Instant::now() + time;
    let callers = (0..calls.in_flight).map(|_| {
        let (client, body) = (client.clone(), body.clone());
        let timeout = calls.timeout;
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            let mut before = Instant::now();
            while before < until {
                let results = client.action(action, body.clone(), timeout).await?;
                if results != [body.as_slice()] {
                    return Err("the echo differs".into());
                }
                let after = Instant::now();
                latencies.push((after - before).as_secs_f64());
                before = after;
            }
            Ok::<_, Failure>(latencies)
        })
    });
    let mut all = Vec::new();
    for latencies in try_join_all(callers).await? {
        all.extend(latencies?);
    }
    Ok(all)
}

/// Tells the driver, and waits for its word.
fn start() -> Result<Instant, Failure> {
    println!("{}", serde_json::json!({ "ready": true }));
    std::io::stdin().read_line(&mut String::new())?;
    Ok(Instant::now())
}

fn report(started: Instant, rows: usize) {
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{}",
        serde_json::json!({ "seconds": seconds, "rows": rows })
    );
}

fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get(last * percent / 100).copied()
}
