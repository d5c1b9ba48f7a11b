//! One measured job of arrow-flight's own client, in a process of its own.
//!
//! `bench-client --port N --job get --set numeric --data FOLDER --repeat 16`, with `--ca FILE` for TLS. The jobs are
//! `get`, `put`, `exchange`, `action` (`--in-flight N --milliseconds N`) and `slow` (`--clients N --pause MILLISECONDS`).
//! When it is connected and warm it prints `{"ready": true}` and waits for a line on its standard input; then it does the
//! job and prints what it measured as one line of JSON.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::{Action, FlightClient, FlightDescriptor, Ticket};
use flight_benches::{Arguments, DataSet, Failure};
use futures::future::try_join_all;
use futures::stream::{self, TryStreamExt};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

/// No message is too large: the servers' are not what is measured.
const MAX_MESSAGE: usize = 1 << 30;

struct Target {
    endpoint: Endpoint,
}

impl Target {
    fn new(port: usize, ca: Option<String>) -> Result<Self, Failure> {
        let Some(ca) = ca else {
            let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?;
            return Ok(Self { endpoint });
        };
        let ca = Certificate::from_pem(std::fs::read(ca)?);
        let tls = ClientTlsConfig::new()
            .ca_certificate(ca)
            .domain_name("localhost");
        let endpoint =
            Endpoint::from_shared(format!("https://127.0.0.1:{port}"))?.tls_config(tls)?;
        Ok(Self { endpoint })
    }

    async fn service(&self) -> Result<FlightServiceClient<Channel>, Failure> {
        let channel = self.endpoint.connect().await?;
        Ok(FlightServiceClient::new(channel)
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE))
    }

    async fn client(&self) -> Result<FlightClient, Failure> {
        Ok(FlightClient::new_from_inner(self.service().await?))
    }
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

async fn get(
    client: &mut FlightClient,
    ticket: String,
    pause: Option<Duration>,
) -> Result<usize, Failure> {
    let mut stream = client.do_get(Ticket::new(ticket)).await?;
    let mut rows = 0;
    while let Some(batch) = stream.try_next().await? {
        rows += batch.num_rows();
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }
    Ok(rows)
}

fn ticket(set: &str, repeat: usize, compression: Option<&str>) -> String {
    match compression {
        None => format!("{set}?repeat={repeat}"),
        Some(codec) => format!("{set}?repeat={repeat}&compression={codec}"),
    }
}

/// Batches as an upload for the descriptor.
fn upload(
    data: Arc<DataSet>,
    repeat: usize,
    segment: &str,
) -> impl futures::Stream<Item = Result<arrow_flight::FlightData, FlightError>> + Send + 'static {
    let schema = Arc::clone(&data.schema);
    FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .with_flight_descriptor(Some(FlightDescriptor::new_path(vec![segment.to_owned()])))
        .build(stream::iter(data.repeated(repeat).map(Ok)))
}

async fn put(
    client: &mut FlightClient,
    data: &Arc<DataSet>,
    repeat: usize,
) -> Result<usize, Failure> {
    let upload = upload(Arc::clone(data), repeat, "drain");
    let results: Vec<_> = client.do_put(upload).await?.try_collect().await?;
    let counted = results.first().ok_or("no result")?;
    Ok(std::str::from_utf8(&counted.app_metadata)?.parse()?)
}

async fn exchange(
    client: &mut FlightClient,
    data: &Arc<DataSet>,
    repeat: usize,
) -> Result<usize, Failure> {
    let upload = upload(Arc::clone(data), repeat, "echo");
    let mut stream = client.do_exchange(upload).await?;
    let mut rows = 0;
    while let Some(batch) = stream.try_next().await? {
        let batch: RecordBatch = batch;
        rows += batch.num_rows();
    }
    Ok(rows)
}

async fn echo(service: &mut FlightServiceClient<Channel>, body: &[u8]) -> Result<(), Failure> {
    let action = Action::new("echo", body.to_vec());
    let mut results = service.do_action(action).await?.into_inner();
    let result = results.message().await?.ok_or("no result")?;
    if result.body != body {
        return Err("the echo differs".into());
    }
    match results.message().await? {
        None => Ok(()),
        Some(_) => Err("a second result".into()),
    }
}

/// So many calls at once on one connection, for so long; gives the latencies in seconds.
async fn actions(
    service: &FlightServiceClient<Channel>,
    in_flight: usize,
    time: Duration,
) -> Result<Vec<f64>, Failure> {
    let body: Vec<u8> = (0..64).collect();
    let until = Instant::now() + time;
    let callers = (0..in_flight).map(|_| {
        let (mut service, body) = (service.clone(), body.clone());
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            let mut before = Instant::now();
            while before < until {
                echo(&mut service, &body).await?;
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

fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get(last * percent / 100).copied()
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = Arguments::parse()?;
    let target = Target::new(arguments.number("port")?, arguments.take("ca").ok())?;
    let job = arguments.take("job")?;
    if job == "action" {
        let in_flight = arguments.number("in-flight")?;
        let time = Duration::from_millis(arguments.number("milliseconds")? as u64);
        let service = target.service().await?;
        actions(&service, in_flight, time / 10).await?;
        let started = start()?;
        let mut latencies = actions(&service, in_flight, time).await?;
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
        return Ok(());
    }
    let set = arguments.take("set")?;
    let repeat = arguments.number("repeat")?;
    let compression = arguments.take("compression").ok();
    match job.as_str() {
        "get" => {
            let mut client = target.client().await?;
            get(&mut client, ticket(&set, 1, compression.as_deref()), None).await?;
            let started = start()?;
            let wanted = ticket(&set, repeat, compression.as_deref());
            let rows = get(&mut client, wanted, None).await?;
            report(started, rows);
        }
        "slow" => {
            let clients = arguments.number("clients")?;
            let pause = Duration::from_millis(arguments.number("pause")? as u64);
            // Of the server's memory only that grows which slow clients cost: it has served once.
            get(&mut target.client().await?, ticket(&set, 1, None), None).await?;
            let started = start()?;
            let readers = (0..clients).map(|_| async {
                let mut client = target.client().await?;
                get(&mut client, ticket(&set, repeat, None), Some(pause)).await
            });
            let rows = try_join_all(readers).await?;
            report(started, rows.iter().sum());
        }
        "put" | "exchange" => {
            let folder = PathBuf::from(arguments.take("data")?);
            let data = Arc::new(DataSet::read(&folder.join(format!("{set}.arrow")))?);
            let mut client = target.client().await?;
            if job == "put" {
                put(&mut client, &data, 1).await?;
                let started = start()?;
                let rows = put(&mut client, &data, repeat).await?;
                report(started, rows);
            } else {
                exchange(&mut client, &data, 1).await?;
                let started = start()?;
                let rows = exchange(&mut client, &data, repeat).await?;
                report(started, rows);
            }
        }
        other => {
            return Err(
                format!("`--job {other}`: expected get, put, exchange, action or slow").into(),
            );
        }
    }
    Ok(())
}
