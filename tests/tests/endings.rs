//! Every way in which an upload can end, by every call that uploads, with and without TLS, and in another server: what was not said to its end is never
//! committed, and what was is never aborted.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod frames;
mod limited;

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flight_runtime::prelude::*;
use flight_runtime::tonic::transport::Server;
use flight_runtime::tonic::transport::server::TcpIncoming;
use flight_runtime::{Code, FlightServerBuilder};
use frames::{
    CANCEL, DATA, END_HEADERS, END_STREAM, HEADERS, How, INTERNAL_ERROR, NO_ERROR, Raw, block,
    field, frame, proto, reset,
};
use limited::{batch, schema};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a handler tells of its upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// A batch is there.
    Begun,
    /// The end came, behind so many batches.
    Committed(usize),
    Failed(Code),
    /// The handler was dropped.
    Dropped,
}

/// Who wants to know of which upload.
#[derive(Clone, Default)]
struct Uploads(Arc<Mutex<HashMap<String, UnboundedSender<Told>>>>);

/// One upload; it tells its end once.
struct Upload {
    to: UnboundedSender<Told>,
    told: bool,
}

impl Uploads {
    fn expect(&self, name: &str) -> UnboundedReceiver<Told> {
        let (sender, receiver) = unbounded_channel();
        self.0.lock().unwrap().insert(name.to_owned(), sender);
        receiver
    }

    fn begin(&self, name: &str) -> Upload {
        let to = self
            .0
            .lock()
            .unwrap()
            .remove(name)
            .expect("an upload that is expected");
        Upload { to, told: false }
    }
}

impl Upload {
    fn tell(&mut self, end: Told) {
        self.told = true;
        let _ = self.to.send(end);
    }

    async fn read(mut self, mut rows: BatchStream) -> Result<(), Error> {
        let mut batches = 0;
        loop {
            match rows.try_next().await {
                Ok(Some(_)) => {
                    batches += 1;
                    let _ = self.to.send(Told::Begun);
                }
                Ok(None) => {
                    self.tell(Told::Committed(batches));
                    return Ok(());
                }
                Err(error) => {
                    self.tell(Told::Failed(error.code()));
                    return Err(error);
                }
            }
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.told {
            self.tell(Told::Dropped);
        }
    }
}

#[flight_server]
impl Uploads {
    #[do_put("handler/{name}")]
    async fn put(&self, name: String, rows: BatchStream) -> Result<(), Error> {
        self.begin(&name).read(rows).await
    }

    /// In a task that outlives the call.
    #[do_put("task/{name}")]
    async fn put_in_task(&self, name: String, rows: BatchStream) -> Result<(), Error> {
        tokio::spawn(self.begin(&name).read(rows)).await?
    }

    /// On a thread that outlives the call.
    #[do_put("thread/{name}")]
    fn put_on_thread(&self, name: String, rows: BatchStream) -> Result<(), Error> {
        let upload = self.begin(&name);
        tokio::runtime::Handle::current().block_on(upload.read(rows))
    }

    #[do_exchange("handler/{name}", schema = schema())]
    async fn exchange(&self, name: String, rows: BatchStream) -> Result<BatchStream, Error> {
        self.begin(&name).read(rows).await?;
        Ok(limited::batches([1]))
    }

    #[do_exchange("task/{name}", schema = schema())]
    async fn exchange_in_task(
        &self,
        name: String,
        rows: BatchStream,
    ) -> Result<BatchStream, Error> {
        tokio::spawn(self.begin(&name).read(rows)).await??;
        Ok(limited::batches([1]))
    }
}

const METHODS: [(&str, &str); 5] = [
    ("DoPut", "handler"),
    ("DoPut", "task"),
    ("DoPut", "thread"),
    ("DoExchange", "handler"),
    ("DoExchange", "task"),
];

/// How a client ends an upload of which two batches are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    EndStream,
    EndStreamOnEmptyData,
    Trailers,
    GoAwayThenEndStream,
    ResetNoError,
    ResetCancel,
    ResetInternal,
    Fin,
    Rst,
    GoAwayThenClose,
    WrongFrame,
    CutInMessage,
    CutInPrefix,
    ResetInMessage,
    Deadline,
}

const ENDINGS: [Ending; 15] = [
    Ending::EndStream,
    Ending::EndStreamOnEmptyData,
    Ending::Trailers,
    Ending::GoAwayThenEndStream,
    Ending::ResetNoError,
    Ending::ResetCancel,
    Ending::ResetInternal,
    Ending::Fin,
    Ending::Rst,
    Ending::GoAwayThenClose,
    Ending::WrongFrame,
    Ending::CutInMessage,
    Ending::CutInPrefix,
    Ending::ResetInMessage,
    Ending::Deadline,
];

impl Ending {
    /// What handlers may be told.
    fn is_right(self, told: Told) -> bool {
        use Ending::*;
        match self {
            EndStream | EndStreamOnEmptyData | Trailers | GoAwayThenEndStream => {
                told == Told::Committed(2)
            }
            CutInMessage | CutInPrefix => told == Told::Failed(Code::InvalidArgument),
            Deadline => matches!(
                told,
                Told::Dropped
                    | Told::Failed(Code::Aborted | Code::DeadlineExceeded | Code::Cancelled)
            ),
            _ => matches!(told, Told::Dropped | Told::Failed(Code::Aborted)),
        }
    }

    /// Ends it; `last` is the second batch, the first was read.
    async fn make(self, mut raw: Raw, last: &[u8]) -> Option<Raw> {
        let data = |flags, bytes: &[u8]| frame(DATA, flags, 1, bytes);
        let whole = data(0, last);
        let bytes = match self {
            Ending::EndStream => data(END_STREAM, last),
            Ending::EndStreamOnEmptyData => [whole, data(END_STREAM, &[])].concat(),
            Ending::Trailers => {
                let trailers = field(0, "x-end", "yes");
                let trailers = frame(HEADERS, END_HEADERS | END_STREAM, 1, &trailers);
                [whole, trailers].concat()
            }
            Ending::GoAwayThenEndStream => {
                raw.go_away(0).await.unwrap();
                data(END_STREAM, last)
            }
            Ending::ResetNoError => [whole, reset(1, NO_ERROR)].concat(),
            Ending::ResetCancel => [whole, reset(1, CANCEL)].concat(),
            Ending::ResetInternal => [whole, reset(1, INTERNAL_ERROR)].concat(),
            Ending::Fin | Ending::Rst | Ending::GoAwayThenClose => whole,
            // DATA of no stream.
            Ending::WrongFrame => [whole, frame(DATA, 0, 0, &[1, 2, 3])].concat(),
            Ending::CutInMessage => data(END_STREAM, &last[..last.len() / 2]),
            Ending::CutInPrefix => data(END_STREAM, &last[..3]),
            Ending::ResetInMessage => [data(0, &last[..last.len() / 2]), reset(1, CANCEL)].concat(),
            Ending::Deadline => whole,
        };
        raw.write(&bytes).await.unwrap();
        if self == Ending::GoAwayThenClose {
            raw.go_away(0).await.unwrap();
        }
        // What closes is dropped, and what does not must stay for its end to count.
        let closes = [Ending::Fin, Ending::Rst, Ending::GoAwayThenClose];
        (!closes.contains(&self)).then_some(raw)
    }
}

/// A server, and how it is reached.
#[derive(Clone)]
struct There {
    port: u16,
    tls: Option<String>,
    uploads: Uploads,
}

async fn one(there: There, (method, how): (&str, &str), ending: Ending) {
    let case = format!("{method}-{how}-{ending:?}");
    let mut told = there.uploads.expect(&case);
    let connection = How {
        tls: there.tls,
        abrupt: ending == Ending::Rst,
        ..How::default()
    };
    let mut raw = Raw::with(there.port, &connection, &[]).await.unwrap();
    let messages = proto::upload(&format!("{how}/{case}"), vec![batch(10), batch(20)]).await;
    let [schema, first, last] = &messages[..] else {
        panic!("a schema and two batches");
    };
    let timeout: &[_] = match ending {
        Ending::Deadline => &[("grpc-timeout", "1500m")],
        _ => &[],
    };
    let mut begun = frame(HEADERS, END_HEADERS, 1, &block(method, timeout));
    for message in [schema, first] {
        begun.extend(frame(DATA, 0, 1, &proto::framed(message)));
    }
    raw.write(&begun).await.unwrap();
    let limit = Duration::from_secs(20);
    let first = tokio::time::timeout(limit, told.recv()).await;
    assert_eq!(first.expect(&case), Some(Told::Begun), "{case}");
    let held = ending.make(raw, &proto::framed(last)).await;
    let end = tokio::time::timeout(limit, async {
        loop {
            match told.recv().await {
                Some(Told::Begun) => {}
                end => return end,
            }
        }
    });
    let end = end
        .await
        .unwrap_or_else(|_| panic!("{case}: it never ends"));
    assert!(ending.is_right(end.unwrap()), "{case}: {end:?}");
    // Nothing is told behind the end.
    assert_eq!(told.recv().await, None, "{case}");
    drop(held);
}

async fn all(there: There) {
    let mut cases = tokio::task::JoinSet::new();
    for ending in ENDINGS {
        for method in METHODS {
            cases.spawn(one(there.clone(), method, ending));
        }
    }
    while let Some(ended) = cases.join_next().await {
        ended.unwrap();
    }
}

fn builder(uploads: &Uploads) -> FlightServerBuilder {
    FlightServer::builder(uploads.clone()).location("grpc://127.0.0.1:0")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_are_committed_at_their_end_alone() {
    let uploads = Uploads::default();
    let server = builder(&uploads).start().await.unwrap();
    let (port, tls) = (server.port(), None);
    common::within(all(There { port, tls, uploads })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_in_tls_are_committed_at_their_end_alone() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let uploads = Uploads::default();
    let server = builder(&uploads)
        .location("grpc+tls://127.0.0.1:0")
        .tls_certificate(certificate.clone(), key)
        .start()
        .await
        .unwrap();
    let (port, tls) = (server.port(), Some(certificate));
    common::within(all(There { port, tls, uploads })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_in_tonics_server_are_committed_at_their_end_alone() {
    let uploads = Uploads::default();
    let service = builder(&uploads).into_service().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::builder()
        .add_service(service)
        .serve_with_incoming(TcpIncoming::from(listener));
    let server = tokio::spawn(server);
    let tls = None;
    common::within(all(There { port, tls, uploads })).await;
    server.abort();
}

/// Without a message there is no descriptor, and so no handler that could commit.
#[tokio::test]
async fn an_upload_of_nothing_begins_no_handler() {
    let uploads = Uploads::default();
    let server = builder(&uploads).start().await.unwrap();
    let mut untold = uploads.expect("");
    for method in ["DoPut", "DoExchange"] {
        for empty in [
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(method, &[])),
            [frames::call(1, method), frame(DATA, END_STREAM, 1, &[])].concat(),
        ] {
            let mut raw = Raw::connect(server.port()).await.unwrap();
            raw.write(&empty).await.unwrap();
            let end = common::within(raw.end_of(1)).await.unwrap();
            // A status and nothing else.
            assert_eq!((end.kind, end.flags & END_STREAM), (HEADERS, END_STREAM));
        }
    }
    assert!(untold.try_recv().is_err());
}
