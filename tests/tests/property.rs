//! What is sent arrives: streams of every Arrow type, sliced at random, through every call over a socket.
//!
//! A seed gives a schema, batches and metadata. The server makes them from the seed in the ticket, the client makes the same and
//! compares; uploads are compared by the server. A failure names its seed:
//!
//! ```text
//! FLIGHT_PROPERTY_SEED=7 cargo test -p flight-tests --test property
//! FLIGHT_PROPERTY_SEEDS=20000 cargo test --release -p flight-tests --test property -- --nocapture
//! ```
//!
//! are one seed and the long form.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "property/compare.rs"]
mod compare;
#[path = "property/generate.rs"]
mod generate;
#[path = "property/ours.rs"]
mod ours;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use compare::same_messages;
use flight_runtime::arrow::datatypes::DataType;
use flight_runtime::arrow::ipc::writer::{DictionaryHandling, IpcWriteOptions};
use flight_runtime::arrow::ipc::{CompressionType, MessageHeader, root_as_message};
use flight_runtime::arrow_flight::FlightData;
use flight_runtime::arrow_flight::decode::{DecodedPayload, FlightDataDecoder};
use flight_runtime::arrow_flight::encode::{
    DictionaryHandling as Handling, FlightDataEncoderBuilder,
};
use flight_runtime::arrow_flight::error::FlightError;
use flight_runtime::arrow_flight::flight_service_client::FlightServiceClient;
use flight_runtime::prelude::*;
use flight_runtime::tonic::transport::server::TcpIncoming;
use flight_runtime::tonic::transport::{Channel, Endpoint, Server};
use flight_runtime::tonic::{Response, Status, Streaming};
use flight_runtime::{Compression, FlightServerBuilder, RunningServer};
use futures::stream::{self, StreamExt, TryStreamExt};
use generate::{Case, Dice};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// Seeds of the short form.
const SEEDS: u64 = 300;
/// The short form begins no further seed after this: the machine is busy.
const ENOUGH: Duration = Duration::from_secs(60);
/// A seed that takes longer hangs.
const HANGS: Duration = Duration::from_secs(60);
/// Failures after which no more are looked for.
const FAILURES: usize = 5;

const CODECS: [&str; 3] = ["none", "lz4", "zstd"];

fn compression(codec: &str) -> Compression {
    match codec {
        "lz4" => Compression::Lz4,
        "zstd" => Compression::Zstd,
        _ => Compression::None,
    }
}

struct Property;

#[flight_server]
impl Property {
    #[do_get("cases/{seed}?{codec}")]
    async fn get(&self, seed: u64, codec: String) -> BatchStream {
        let case = Case::new(seed);
        let rows = BatchStream::new(case.schema, stream::iter(case.messages));
        let rows = rows.with_compression(compression(&codec));
        let rows = match case.schema_metadata {
            Some(metadata) => rows.with_schema_metadata(metadata),
            None => rows,
        };
        match case.deltas {
            true => rows.with_dictionary_deltas(),
            false => rows,
        }
    }

    /// Fails with the first difference.
    #[do_put("cases/{seed}?{encoder}")]
    async fn put(&self, seed: u64, encoder: String, mut rows: BatchStream) -> Result<(), Error> {
        let schema = rows.schema().await?;
        let found: Vec<Message> = rows.messages().try_collect().await?;
        let case = Case::new(seed);
        let expected = uploaded(&case, &encoder);
        let different = match schema == case.schema {
            true => same_messages(&case.schema, &expected, &found),
            false => Err(format!("sent {}, found {schema}", case.schema)),
        };
        different.map_err(Error::data_loss)
    }

    #[do_exchange("echo?{codec}")]
    async fn echo(&self, codec: String, mut rows: BatchStream) -> Result<BatchStream, Error> {
        let schema = rows.schema().await?;
        let rows = BatchStream::new(schema, rows.messages());
        Ok(rows
            .with_compression(compression(&codec))
            .with_dictionary_deltas())
    }
}

/// The messages of an upload, as a handler sees them.
fn uploaded(case: &Case, encoder: &str) -> Vec<Message> {
    let mut messages = case.messages.clone();
    if let Some(metadata) = &case.schema_metadata {
        messages.insert(0, Message::metadata(metadata.clone()));
    }
    if encoder == ARROW_FLIGHT {
        // Its encoder passes over batches without rows.
        for message in &mut messages {
            message.batch = message.batch.take().filter(|batch| batch.num_rows() > 0);
        }
        messages.retain(|message| message.batch.is_some() || message.app_metadata.is_some());
    }
    messages
}

/// Uploads that arrow-flight's encoder has written.
const ARROW_FLIGHT: &str = "arrow-flight";
/// Uploads of the very messages that a DoGet gave.
const RELAY: &str = "relay";

/// Whether arrow-flight's encoder writes slices of this type as they are. These it does not (59.3):
///
/// - a union inside of a list is written from the start of its buffers, and an array of runs without rows with a run that ends at
///   zero, by arrow-ipc's writer. Readers refuse both. This framework's encoder rewrites them first, so that they are relayed;
/// - a union's field loses its metadata, and may be null where it was not, and a large list is announced as a list, by
///   `prepare_field_for_flight`.
fn arrow_flight_writes(data_type: &DataType) -> bool {
    use DataType::*;
    match data_type {
        Union(..) | RunEndEncoded(..) | LargeList(_) => false,
        List(item)
        | ListView(item)
        | LargeListView(item)
        | Map(item, _)
        | FixedSizeList(item, _) => arrow_flight_writes(item.data_type()),
        Struct(fields) => fields
            .iter()
            .all(|field| arrow_flight_writes(field.data_type())),
        _ => true,
    }
}

/// What arrow-flight's encoder makes of a case, metadata added.
async fn encode(case: &Case, codec: &str) -> Result<Vec<FlightData>, String> {
    let messages = uploaded(case, ARROW_FLIGHT);
    let batches: Vec<RecordBatch> = messages.iter().filter_map(|m| m.batch.clone()).collect();
    let codec = match codec {
        "lz4" => Some(CompressionType::LZ4_FRAME),
        "zstd" => Some(CompressionType::ZSTD),
        _ => None,
    };
    let handling = match case.deltas {
        true => DictionaryHandling::Delta,
        false => DictionaryHandling::Resend,
    };
    let options = IpcWriteOptions::default()
        .with_dictionary_handling(handling)
        .try_with_compression(codec);
    let encoded = FlightDataEncoderBuilder::new()
        .with_schema(case.schema.clone())
        .with_options(options.unwrap())
        .with_dictionary_handling(Handling::Resend)
        .with_max_flight_data_size(usize::MAX)
        .build(stream::iter(batches.into_iter().map(Ok)));
    let encoded: Result<Vec<FlightData>, _> = encoded.try_collect().await;
    let mut encoded = encoded.map_err(|error| format!("encoding: {error}"))?;
    let schema = encoded.remove(0);
    let mut messages = messages.into_iter();
    let beside = case.schema_metadata.as_ref().and_then(|_| messages.next());
    let metadata = beside.and_then(|message| message.app_metadata);
    let mut out = vec![schema.with_app_metadata(metadata.unwrap_or_default())];
    for mut data in encoded {
        let header = root_as_message(&data.data_header).unwrap().header_type();
        if header == MessageHeader::RecordBatch {
            for message in messages.by_ref() {
                let metadata = message.app_metadata.unwrap_or_default();
                if message.batch.is_some() {
                    data.app_metadata = metadata;
                    break;
                }
                out.push(FlightData::new().with_app_metadata(metadata));
            }
        }
        out.push(data);
    }
    let rest = messages.map(|message| {
        FlightData::new().with_app_metadata(message.app_metadata.unwrap_or_default())
    });
    out.extend(rest);
    Ok(out)
}

/// What arrow-flight's decoder makes of the messages of a stream: schema, its metadata, and the rest.
async fn decode(
    stream: Vec<FlightData>,
) -> Result<(SchemaRef, Option<Bytes>, Vec<Message>), FlightError> {
    let some = |metadata: Bytes| (!metadata.is_empty()).then_some(metadata);
    // It does not know messages of metadata alone, which go around it.
    let alone: Arc<Mutex<Vec<Message>>> = Arc::default();
    let aside = Arc::clone(&alone);
    let data = stream.into_iter().filter_map(move |data| {
        let only = data.data_header.is_empty();
        if only {
            let message = Message::metadata(data.app_metadata.clone());
            aside.lock().unwrap().push(message);
        }
        (!only).then_some(Ok(data))
    });
    let mut decoder = FlightDataDecoder::new(stream::iter(data));
    let (mut schema, mut schema_metadata, mut messages) = (None, None, Vec::new());
    loop {
        let next = decoder.try_next().await?;
        messages.append(&mut alone.lock().unwrap());
        let Some(next) = next else { break };
        let app_metadata = some(next.inner.app_metadata);
        match next.payload {
            DecodedPayload::Schema(found) => {
                schema_metadata = app_metadata;
                schema = Some(found);
            }
            DecodedPayload::RecordBatch(batch) => messages.push(Message {
                batch: Some(batch),
                app_metadata,
            }),
            DecodedPayload::None => return Err(FlightError::protocol("a message of nothing")),
        }
    }
    let schema = schema.ok_or_else(|| FlightError::protocol("no schema"))?;
    Ok((schema, schema_metadata, messages))
}

/// Decodes and compares.
async fn compare(case: &Case, stream: Vec<FlightData>, echo: Option<&str>) -> Result<(), String> {
    let decoded = decode(stream).await;
    let (schema, metadata, found) = decoded.map_err(|error| error.to_string())?;
    if schema != case.schema {
        return Err(format!("sent {}, found {schema}", case.schema));
    }
    let Some(encoder) = echo else {
        if metadata != case.schema_metadata {
            return Err(format!("the schema's metadata is {metadata:?}"));
        }
        return same_messages(&schema, &case.messages, &found);
    };
    same_messages(&schema, &uploaded(case, encoder), &found)
}

type Client = FlightServiceClient<Channel>;

/// All messages of an answer.
async fn all<T>(
    answer: impl Future<Output = Result<Response<Streaming<T>>, Status>>,
) -> Result<Vec<T>, String> {
    let read = async { answer.await?.into_inner().try_collect().await };
    read.await.map_err(|status: Status| status.to_string())
}

/// Every call with the case of this seed.
async fn check(client: Client, case: Arc<Case>, seed: u64) -> Result<(), String> {
    let case = &*case;
    let mut client = client.max_decoding_message_size(64 << 20);
    let mut dice = Dice(!seed);
    let mut relayed = Vec::new();
    for codec in CODECS {
        let at = |error: String| format!("do_get, {codec}: {error}");
        let ticket = Property::get_route(seed, codec.to_owned()).ticket();
        let data = all(client.do_get(ticket)).await.map_err(at)?;
        if dice.one_in(2) || relayed.is_empty() {
            relayed = data.clone();
        }
        compare(case, data, None).await.map_err(at)?;
    }

    let mut types = case.schema.fields().iter().map(|field| field.data_type());
    let (encoder, data) = match types.all(arrow_flight_writes) {
        true if dice.one_in(2) => (ARROW_FLIGHT, encode(case, dice.pick(&CODECS)).await?),
        _ => (RELAY, relayed),
    };
    let upload = |address: Address| {
        let mut data = data.clone();
        data[0].flight_descriptor = Some(address.descriptor());
        stream::iter(data)
    };
    let at = |error: String| format!("do_put of {encoder}: {error}");
    let upload_to_compare = upload(Property::put_route(seed, encoder.to_owned()));
    all(client.do_put(upload_to_compare)).await.map_err(at)?;

    let codec = dice.pick(&CODECS);
    let at = |error: String| format!("do_exchange of {encoder}, {codec}: {error}");
    let upload_to_echo = upload(Property::echo_route(codec.to_owned()));
    let data = all(client.do_exchange(upload_to_echo)).await.map_err(at)?;
    compare(case, data, Some(encoder)).await.map_err(at)
}

fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}

async fn connect(port: u16) -> Client {
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap();
    FlightServiceClient::new(endpoint.connect().await.unwrap())
}

/// Every seed, with one client or another.
async fn property<C, F>(
    clients: &[C],
    check: impl Fn(C, Arc<Case>, u64) -> F + Copy + Send + 'static,
) where
    C: Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), String>> + Send,
{
    let (first, count) = match variable("FLIGHT_PROPERTY_SEED") {
        Some(seed) => (seed, 1),
        None => (0, variable("FLIGHT_PROPERTY_SEEDS").unwrap_or(SEEDS)),
    };
    let began = Instant::now();
    let enough = || count <= SEEDS && began.elapsed() > ENOUGH;
    let results = stream::iter(first..first + count)
        .take_while(|_| std::future::ready(!enough()))
        .map(|seed| async move {
            // One seed has one kind of server, so that it fails again.
            let client = clients[(seed % clients.len() as u64) as usize].clone();
            let call = tokio::spawn(async move {
                let case = Arc::new(Case::new(seed));
                let checked = check(client, Arc::clone(&case), seed).await;
                checked.map(|()| SchemaRef::clone(&case.schema))
            });
            let result = match timeout(HANGS, call).await {
                Ok(Ok(result)) => result,
                Ok(Err(panic)) => Err(panic.to_string()),
                Err(_) => Err("hangs".to_owned()),
            };
            result.map_err(|error| format!("FLIGHT_PROPERTY_SEED={seed}: {error}"))
        })
        .buffer_unordered(4);
    let (mut passed, mut failed) = (0, Vec::new());
    let mut kinds = BTreeSet::new();
    let mut results = std::pin::pin!(results);
    while let Some(result) = results.next().await {
        match result {
            Ok(schema) => {
                passed += 1;
                for field in schema.fields() {
                    collect_kinds(field.data_type(), &mut kinds);
                }
            }
            Err(error) => failed.push(error),
        }
        if failed.len() == FAILURES {
            break;
        }
    }
    println!("{passed} seeds in {:?}", began.elapsed());
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    if passed >= SEEDS {
        assert_eq!(kinds.len(), KINDS, "every type was there: {kinds:?}");
    }
}

/// Types of Arrow, their parameters aside.
const KINDS: usize = 41;

fn collect_kinds(data_type: &DataType, kinds: &mut BTreeSet<String>) {
    use DataType::*;
    let name = format!("{data_type:?}");
    let end = name.find(|c: char| !c.is_alphanumeric());
    kinds.insert(name[..end.unwrap_or(name.len())].to_owned());
    match data_type {
        List(item)
        | LargeList(item)
        | ListView(item)
        | LargeListView(item)
        | Map(item, _)
        | FixedSizeList(item, _)
        | RunEndEncoded(_, item) => {
            collect_kinds(item.data_type(), kinds);
        }
        Struct(fields) => {
            for field in fields {
                collect_kinds(field.data_type(), kinds);
            }
        }
        Union(members, _) => {
            for (_, member) in members.iter() {
                collect_kinds(member.data_type(), kinds);
            }
        }
        Dictionary(_, values) => collect_kinds(values, kinds),
        _ => {}
    }
}

/// Messages that hold all of a batch, some of its rows, and a few.
const SIZES: [usize; 3] = [4 << 20, 16 << 10, 2 << 10];

fn server(size: usize) -> FlightServerBuilder {
    FlightServer::builder(Property)
        .max_reply_message_size(size)
        .expose_internal_errors(true)
}

async fn own_server(size: usize) -> RunningServer {
    let server = server(size).location("grpc://127.0.0.1:0").start().await;
    server.unwrap()
}

/// Gives its port.
async fn tonic_server(size: usize) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mounted = Server::builder()
        .add_service(server(size).into_service().unwrap())
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(mounted);
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_arrives() {
    let mut clients = Vec::new();
    let mut servers = Vec::new();
    for size in SIZES {
        let server = own_server(size).await;
        clients.push(connect(server.port()).await);
        servers.push(server);
        clients.push(connect(tonic_server(size).await).await);
    }
    property(&clients, check).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_our_client_sends_and_reads_arrives() {
    let mut clients = Vec::new();
    let mut servers = Vec::new();
    for size in SIZES {
        let server = own_server(size).await;
        clients.push(ours::connect(server.port(), size).await);
        servers.push(server);
        clients.push(ours::connect(tonic_server(size).await, size).await);
    }
    property(&clients, ours::check).await;
}
