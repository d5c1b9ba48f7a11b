//! What is damaged: streams of every Arrow type, and input of every other kind, as honest clients and servers send it.

use std::io::Write;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use flight_runtime::__fuzz::{self, encode};
use flight_runtime::arrow::array::{RecordBatch, RecordBatchOptions};
use flight_runtime::arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use flight_runtime::arrow::ipc::{CompressionType, MetadataVersion};
use flight_runtime::arrow_flight::{BasicAuth, FlightData, HandshakeRequest};
use flight_runtime::prelude::*;
use flight_runtime::prost::Message as _;
use flight_runtime::testing::{TestServer, client_over};
use flight_runtime::{Compression, FlightClient};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};

use super::damage::Part;
use super::generate::Case;

/// How many of the property test's streams are taken apart into their columns.
const CASES: u64 = 400;
/// Batches have at most so many rows, so that a case takes microseconds.
const ROWS: usize = 12;

fn batches(case: &Case) -> Vec<RecordBatch> {
    let batches = case.messages.iter().filter_map(|m| m.batch.as_ref());
    let short = |batch: &RecordBatch| batch.slice(0, batch.num_rows().min(ROWS));
    batches.take(2).map(short).collect()
}

/// Short streams: one column each, in every type, and some of several.
pub(crate) fn streams() -> Vec<Vec<Part>> {
    let mut streams = Vec::new();
    for seed in 0..CASES {
        let case = Case::new(seed);
        let batches = batches(&case);
        let columns = case.schema.fields().len();
        let compression = [Compression::None, Compression::Lz4, Compression::Zstd];
        let compression = compression[(seed % 3) as usize];
        let mut add = |columns: &[usize]| {
            let project = |batch: &RecordBatch| batch.project(columns).unwrap();
            let schema = case.schema.project(columns).unwrap().into();
            let batches: Vec<RecordBatch> = batches.iter().map(project).collect();
            let messages = encode(&schema, &batches, compression, case.deltas).unwrap();
            let parts = messages.into_iter();
            streams.push(
                parts
                    .map(|(header, body)| Part::new(header, body))
                    .collect(),
            );
        };
        (0..columns).for_each(|column| add(&[column]));
        if seed % 4 == 0 {
            add(&(0..columns).collect::<Vec<_>>());
        }
    }
    streams
}

/// Input of one of the targets in `flight_runtime::__fuzz`.
pub(crate) fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "action" => actions(),
        "answer" => recorded(Side::Server),
        "connection" => recorded(Side::Client),
        "criteria" => ["", "rows/a", "{\"item\":\"a\"}"]
            .map(|expression| {
                Criteria {
                    expression: expression.into(),
                }
                .encode_to_vec()
            })
            .into(),
        "descriptor" => descriptors(),
        "flight_data" => uploads().into_iter().flat_map(arriving).collect(),
        "frames" => actions()
            .into_iter()
            .flat_map(|action| arriving(framed(&action)))
            .collect(),
        "handshake" => handshakes(),
        "headers" => headers(),
        "ipc" => ipc_streams(),
        "put" => uploads()
            .into_iter()
            .flat_map(|upload| {
                let zipped = gzipped(&upload);
                [
                    choose(0, &upload),
                    choose(1, &upload),
                    choose(2, &zipped),
                    choose(3, &zipped),
                ]
            })
            .collect(),
        "ticket" => tickets(),
        "upload" => uploads(),
        other => panic!("there are no seeds for {other}"),
    }
}

fn choose(first: u8, rest: &[u8]) -> Vec<u8> {
    [&[first], rest].concat()
}

fn framed(message: &[u8]) -> Vec<u8> {
    prefixed(0, message)
}

fn prefixed(flag: u8, message: &[u8]) -> Vec<u8> {
    [&[flag], &(message.len() as u32).to_be_bytes()[..], message].concat()
}

fn zip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The same messages, each compressed by gRPC.
fn gzipped(mut wire: &[u8]) -> Vec<u8> {
    let mut zipped = Vec::new();
    while let Some((prefix, rest)) = wire.split_first_chunk::<5>() {
        let len = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
        let (message, rest) = rest.split_at(len as usize);
        zipped.extend(prefixed(1, &zip(message)));
        wire = rest;
    }
    zipped
}

/// In one piece, byte by byte, and compressed.
fn arriving(wire: Vec<u8>) -> [Vec<u8>; 3] {
    [
        choose(0, &wire),
        choose(2, &wire),
        choose(1, &gzipped(&wire)),
    ]
}

fn tickets() -> Vec<Vec<u8>> {
    let texts = [
        "rows/seattle/a/b/c?since=7&at=1.5&flag=true&letter=x&tag=a&tag=b%20c",
        "rows/s%C3%A3o%20paulo/k",
        "days/12/hours",
        "{\"item\":\"tea\",\"count\":3,\"notes\":[1,\"x\",{\"a\":null}]}",
        "rows//?%ff",
        "",
    ];
    texts.map(|text| text.as_bytes().to_vec()).into()
}

fn descriptors() -> Vec<Vec<u8>> {
    let path = |parts: &[&str]| {
        FlightDescriptor::new_path(parts.iter().map(|part| (*part).to_owned()).collect())
    };
    let mut all = vec![
        path(&["rows", "seattle", "a"]),
        path(&["days", "300", "hours"]),
        path(&[]),
        FlightDescriptor::new_cmd(Ticket::new("a").encode_to_vec()),
    ];
    all.extend(tickets().into_iter().map(FlightDescriptor::new_cmd));
    let encoded = all.iter().map(|descriptor| descriptor.encode_to_vec());
    encoded
        .flat_map(|bytes| [choose(0, &bytes), choose(1, &bytes), choose(2, &bytes)])
        .collect()
}

fn actions() -> Vec<Vec<u8>> {
    let info = FlightInfo::new()
        .with_descriptor(FlightDescriptor::new_cmd("a"))
        .with_endpoint(
            FlightEndpoint::new()
                .with_ticket(Ticket::new("b"))
                .with_location("grpc://a:1"),
        );
    let actions = [
        Action::new("json", tickets().remove(3)),
        Action::new("proto", info.encode_to_vec()),
        Action::new("text", "größe"),
        Action::new("flight-runtime.definition", ""),
        Action::new("other", vec![0, 255]),
    ];
    actions.map(|action| action.encode_to_vec()).into()
}

fn handshakes() -> Vec<Vec<u8>> {
    let request = |payload: Vec<u8>| HandshakeRequest {
        protocol_version: 0,
        payload: payload.into(),
    };
    let login = BasicAuth {
        username: "ada".to_owned(),
        password: "correct horse".to_owned(),
    };
    let login = framed(&request(login.encode_to_vec()).encode_to_vec());
    let words = ["", "one", "two"].map(|word| framed(&request(word.into()).encode_to_vec()));
    vec![
        choose(0, &login),
        choose(1, &words.concat()),
        choose(1, &login),
    ]
}

/// Signed with HS256 by "a secret that tests share", of `issuer` for `audience`, until 2100.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJpc3MiOiJpc3N1ZXIiLCJhdWQiOiJhdWRpZW5jZSIsImV4cCI6NDEwMjQ0NDgwMCwic2NvcGUiOiJhIGIifQ.h7Dv4F0d0t83XRjli4rQthGEszqOXeB-vQs-jNMJtF0";

fn headers() -> Vec<Vec<u8>> {
    let lines = [
        format!("authorization: Bearer {TOKEN}"),
        "authorization: Bearer a token\nx-api-key: a key".to_owned(),
        "authorization: Basic YWRhOmNvcnJlY3QgaG9yc2U=\ngrpc-timeout: 10S".to_owned(),
        "auth-token-bin: b3BlbiBzZXNhbWU\ngrpc-timeout: 99999999H".to_owned(),
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\ntracestate: a=1,b@c=2".to_owned(),
        "grpc-encoding: gzip\ngrpc-accept-encoding: identity,gzip\nuser-agent: x\nx-a-bin: AP8".to_owned(),
    ];
    let lines = lines.iter().map(|lines| lines.as_bytes());
    lines
        .flat_map(|lines| [choose(0, lines), choose(1, lines), choose(2, lines)])
        .collect()
}

/// Uploads with a descriptor, of several columns.
fn uploads() -> Vec<Vec<u8>> {
    let mut uploads = Vec::new();
    for seed in 0..40 {
        let case = Case::new(seed);
        let compression = [Compression::None, Compression::Lz4, Compression::Zstd];
        let compression = compression[(seed % 3) as usize];
        let parts = encode(&case.schema, &batches(&case), compression, case.deltas).unwrap();
        let route = if seed % 2 == 0 {
            vec!["sink".to_owned(), "a".to_owned()]
        } else {
            vec!["echo".to_owned()]
        };
        let first = FlightData {
            flight_descriptor: Some(FlightDescriptor::new_path(route)),
            data_header: parts[0].0.clone().into(),
            app_metadata: case.schema_metadata.clone().unwrap_or_default(),
            ..FlightData::default()
        };
        let mut wire = framed(&first.encode_to_vec());
        for (header, body) in &parts[1..] {
            __fuzz::frame(&mut wire, header, body);
        }
        uploads.push(wire);
    }
    uploads
}

/// Streams as arrow-rs writes them to files, in both versions of the format.
fn ipc_streams() -> Vec<Vec<u8>> {
    let mut streams = Vec::new();
    for seed in 0..60 {
        let case = Case::new(seed);
        let version = [MetadataVersion::V4, MetadataVersion::V5][(seed % 2) as usize];
        let codec = [
            None,
            Some(CompressionType::LZ4_FRAME),
            Some(CompressionType::ZSTD),
        ];
        // Compression came with V5.
        let codec = codec[(seed % 3) as usize].filter(|_| version == MetadataVersion::V5);
        let options = IpcWriteOptions::try_new(8, false, version).unwrap();
        let options = options.try_with_compression(codec).unwrap();
        let mut writer =
            StreamWriter::try_new_with_options(Vec::new(), &case.schema, options).unwrap();
        // Dictionaries that are replaced are refused by this writer, and unions by the older version.
        if batches(&case)
            .iter()
            .all(|batch| writer.write(batch).is_ok())
            && writer.finish().is_ok()
        {
            streams.push(writer.into_inner().unwrap());
        }
    }
    streams
}

/// Whose bytes are recorded.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Client,
    Server,
}

/// A connection that keeps a copy of what passes.
struct Recorded {
    stream: DuplexStream,
    side: Side,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Recorded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if self.side == Side::Server {
            self.bytes
                .lock()
                .unwrap()
                .extend_from_slice(&buffer.filled()[before..]);
        }
        read
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let (Side::Client, Poll::Ready(Ok(count))) = (self.side, &written) {
            self.bytes
                .lock()
                .unwrap()
                .extend_from_slice(&bytes[..*count]);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Answers every call of the client under `answer` with something.
struct Answers;

#[flight_server]
impl Answers {
    #[do_get("rows")]
    async fn rows(&self) -> BatchStream {
        let case = Case::new(3);
        let batches = batches(&case);
        BatchStream::from_batches(case.schema, batches)
    }

    #[action("a")]
    async fn a(&self, body: Bytes) -> Result<Vec<Bytes>, Error> {
        match body.is_empty() {
            false => Ok(vec![body, Bytes::from("b")]),
            true => Err(Error::not_found("nothing: größe").with_extra_info("details")),
        }
    }

    #[do_put("a")]
    async fn put(&self, mut rows: BatchStream) -> Result<String, Error> {
        Ok(rows.read_all().await?.len().to_string())
    }
}

/// What one side says in one call of each kind. The first byte says which kind, for a client.
fn recorded(side: Side) -> Vec<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let calls = (0..7u8).map(|which| {
        runtime.block_on(async {
            let server = TestServer::start(FlightServer::builder(Answers)).unwrap();
            let bytes = Arc::<Mutex<Vec<u8>>>::default();
            let copy = Arc::clone(&bytes);
            let client = client_over(FlightClient::builder("grpc://test:1"), move || {
                let (here, there) = duplex(1 << 20);
                let recorded = Recorded {
                    stream: here,
                    side,
                    bytes: Arc::clone(&copy),
                };
                std::future::ready(server.serve(there).map(|()| recorded))
            })
            .unwrap();
            // Those that fail are recorded as well.
            let _ = call(&client, which).await;
            drop(client);
            let bytes = bytes.lock().unwrap().clone();
            match side {
                Side::Server => choose(which, &bytes),
                Side::Client => bytes,
            }
        })
    });
    calls.collect()
}

async fn call(client: &FlightClient, which: u8) -> Result<(), Error> {
    match which {
        0 => drop(client.do_get(Ticket::new("rows")).await?.read_all().await?),
        1 => drop(
            client
                .get_flight_info(FlightDescriptor::new_cmd("rows"))
                .await?,
        ),
        2 => drop(
            client
                .do_action(Action::new("a", "body"))
                .await?
                .read_all()
                .await?,
        ),
        3 => {
            let schema = RecordBatch::try_new_with_options(
                Arc::new(Schema::empty()),
                Vec::new(),
                &RecordBatchOptions::new().with_row_count(Some(3)),
            )?;
            let rows = BatchStream::from_batches(schema.schema(), [schema]);
            drop(
                client
                    .do_put(FlightDescriptor::new_cmd("a"), rows)
                    .await?
                    .read_all()
                    .await?,
            );
        }
        4 => drop(client.get_schema(FlightDescriptor::new_cmd("rows")).await?),
        5 => drop(client.list_flights(Criteria::default()).await?),
        _ => drop(
            client
                .do_action(Action::new("a", ""))
                .await?
                .read_all()
                .await?,
        ),
    }
    Ok(())
}
