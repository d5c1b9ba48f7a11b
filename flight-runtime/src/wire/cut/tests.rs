//! Every way in which a client can end an upload, over real sockets.
//!
//! The client writes HTTP/2 frames by hand: libraries refuse to send half of these.

use std::convert::Infallible;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const CANCEL: u32 = 8;

/// `POST http /`, all in the static table of HPACK.
const POST: &[u8] = &[0x83, 0x86, 0x84];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::from(&(payload.len() as u32).to_be_bytes()[1..]);
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn data(flags: u8, payload: &[u8]) -> Vec<u8> {
    frame(DATA, flags, 1, payload)
}

fn reset(reason: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, 1, &reason.to_be_bytes())
}

/// `x-end: yes`, a literal that is not indexed.
fn trailers() -> Vec<u8> {
    let block = [&[0, 5][..], b"x-end", &[3], b"yes"].concat();
    frame(HEADERS, END_HEADERS | END_STREAM, 1, &block)
}

fn go_away() -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[0; 8])
}

/// What the server sees of a request.
#[derive(Debug)]
enum Seen {
    Data(usize),
    End(Ending, Result<(), WireError>),
}

/// Reads a body to its end and reports. Asks once more after the end, as careless
/// readers do.
async fn watch(request: Request<Incoming>, report: mpsc::UnboundedSender<Seen>) {
    let mut body = RequestBody::new(request.into_body(), None);
    loop {
        let result = match body.frame().await {
            Some(Ok(frame)) => {
                let len = frame.into_data().map_or(0, |data| data.len());
                report.send(Seen::Data(len)).ok();
                continue;
            }
            Some(Err(error)) => Err(error),
            None => Ok(()),
        };
        let again = body.frame().await;
        assert_eq!(
            again.is_some(),
            result.is_err(),
            "the end must stay what it was"
        );
        report.send(Seen::End(body.ending().unwrap(), result)).ok();
        return;
    }
}

/// A connection to a server of its own.
struct Client {
    socket: TcpStream,
    seen: mpsc::UnboundedReceiver<Seen>,
}

impl Client {
    /// With `respond_early`, the response is complete before the body is read.
    async fn start(respond_early: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (report, seen) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let service = service_fn(move |request| {
                // A task of its own: hyper drops the handler of a stream that is reset.
                let reading = tokio::spawn(watch(request, report.clone()));
                async move {
                    if !respond_early {
                        reading.await.ok();
                    }
                    Ok::<_, Infallible>(Response::new(String::new()))
                }
            });
            hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(socket), service)
                .await
                .ok();
        });
        let socket = TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let mut client = Self { socket, seen };
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        client.send(&frame(SETTINGS, 0, 0, &[])).await;
        client.send(&frame(SETTINGS, 1, 0, &[])).await;
        client
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
    }

    /// Waits until the server has read `len` bytes in all.
    async fn arrived(&mut self, len: usize) {
        let mut got = 0;
        while got < len {
            match timeout(PATIENCE, self.seen.recv()).await.unwrap() {
                Some(Seen::Data(len)) => got += len,
                other => panic!("expected data, got {other:?}"),
            }
        }
    }

    /// Bytes until the end, and the end.
    async fn end(&mut self) -> (usize, Ending, Result<(), WireError>) {
        let mut got = 0;
        loop {
            match timeout(PATIENCE, self.seen.recv()).await.unwrap() {
                Some(Seen::Data(len)) => got += len,
                Some(Seen::End(ending, result)) => return (got, ending, result),
                None => panic!("the server gave up"),
            }
        }
    }
}

/// Sends an upload of `abc` that ends with `ending`, in one write and in two with the
/// data read in between, and checks how it is seen.
async fn check(ending: &[Vec<u8>], expected: Ending) {
    check_with(POST, ending, expected).await;
}

async fn check_with(headers: &[u8], ending: &[Vec<u8>], expected: Ending) {
    for at_once in [true, false] {
        let mut client = Client::start(false).await;
        let mut start = frame(HEADERS, END_HEADERS, 1, headers);
        start.extend(data(0, b"abc"));
        if at_once {
            start.extend(ending.concat());
            client.send(&start).await;
        } else {
            client.send(&start).await;
            client.arrived(3).await;
            client.send(&ending.concat()).await;
        }
        let (got, seen, result) = client.end().await;
        assert_eq!(seen, expected, "at once: {at_once}");
        match expected {
            Ending::Complete => {
                assert!(result.is_ok(), "{result:?}");
                let sent: usize = ending
                    .iter()
                    .filter(|frame| frame[3] == DATA)
                    .map(|frame| frame.len() - 9)
                    .sum();
                assert_eq!(got, sent + if at_once { 3 } else { 0 });
            }
            Ending::Cut => assert!(matches!(result, Err(WireError::Cut)), "{result:?}"),
        }
    }
}

#[tokio::test]
async fn end_stream_on_data_is_complete() {
    check(&[data(END_STREAM, b"de")], Ending::Complete).await;
}

#[tokio::test]
async fn end_stream_on_empty_data_is_complete() {
    check(&[data(END_STREAM, b"")], Ending::Complete).await;
}

#[tokio::test]
async fn end_stream_on_trailers_is_complete() {
    check(&[trailers()], Ending::Complete).await;
    check(&[data(0, b"de"), trailers()], Ending::Complete).await;
}

#[tokio::test]
async fn end_stream_on_headers_is_complete() {
    let mut client = Client::start(false).await;
    client
        .send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, POST))
        .await;
    assert!(matches!(client.end().await, (0, Ending::Complete, Ok(()))));
}

#[tokio::test]
async fn a_reset_is_a_cut_whatever_its_reason() {
    for reason in [NO_ERROR, CANCEL, INTERNAL_ERROR, 0xdead_beef] {
        check(&[reset(reason)], Ending::Cut).await;
        check(&[data(0, b"de"), reset(reason)], Ending::Cut).await;
    }
}

#[tokio::test]
async fn a_reset_after_end_stream_does_not_undo_it() {
    for reason in [NO_ERROR, CANCEL] {
        check(&[data(END_STREAM, b"de"), reset(reason)], Ending::Complete).await;
    }
}

/// Only for streams that the server has begun to read: one that arrives in the same
/// read as GOAWAY is dropped by h2 before anyone hears of it.
#[tokio::test]
async fn go_away_does_not_end_streams_that_are_open() {
    for (ending, expected) in [
        (data(END_STREAM, b"de"), Ending::Complete),
        (reset(NO_ERROR), Ending::Cut),
    ] {
        let mut client = Client::start(false).await;
        client.send(&frame(HEADERS, END_HEADERS, 1, POST)).await;
        client.send(&data(0, b"abc")).await;
        client.arrived(3).await;
        client.send(&[go_away(), ending].concat()).await;
        assert_eq!(client.end().await.1, expected);
    }
}

#[tokio::test]
async fn a_wrong_content_length_is_a_cut() {
    // `content-length`, entry 28 of the static table, not indexed.
    let headers = |len: u8| [POST, &[0x0f, 13, 1, len]].concat();
    check_with(&headers(b'5'), &[data(END_STREAM, b"de")], Ending::Complete).await;
    check_with(&headers(b'9'), &[data(END_STREAM, b"de")], Ending::Cut).await;
    check_with(&headers(b'4'), &[data(END_STREAM, b"de")], Ending::Cut).await;
}

#[tokio::test]
async fn a_lost_connection_is_a_cut() {
    for (go_away_first, abort) in [(false, false), (false, true), (true, false)] {
        let mut client = Client::start(false).await;
        client.send(&frame(HEADERS, END_HEADERS, 1, POST)).await;
        client.send(&data(0, b"abc")).await;
        client.arrived(3).await;
        if go_away_first {
            client.send(&go_away()).await;
        }
        if abort {
            // RST instead of FIN.
            #[allow(deprecated)]
            client.socket.set_linger(Some(Duration::ZERO)).unwrap();
        }
        let Client { socket, mut seen } = client;
        drop(socket);
        match timeout(PATIENCE, seen.recv()).await.unwrap() {
            Some(Seen::End(Ending::Cut, Err(WireError::Cut))) => {}
            other => panic!("expected a cut, got {other:?}"),
        }
    }
}

/// The one ending that is not always told apart: END_STREAM and a closed connection
/// that the server reads in one go. h2 then overwrites "ended" with "broken pipe". It is
/// a cut for an upload that was complete, of which the client could not have heard
/// anyway; never the other way round.
#[tokio::test]
async fn a_connection_lost_right_after_the_end_is_never_complete_with_bytes_missing() {
    for _ in 0..20 {
        let mut client = Client::start(false).await;
        let upload = [
            frame(HEADERS, END_HEADERS, 1, POST),
            data(END_STREAM, b"abc"),
        ];
        client.send(&upload.concat()).await;
        client.socket.shutdown().await.unwrap();
        match client.end().await {
            (3, Ending::Complete, Ok(())) | (_, Ending::Cut, Err(WireError::Cut)) => {}
            other => panic!("neither complete nor cut: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_connection_lost_after_the_end_was_read_is_complete() {
    let mut client = Client::start(false).await;
    let upload = [
        frame(HEADERS, END_HEADERS, 1, POST),
        data(END_STREAM, b"abc"),
    ];
    client.send(&upload.concat()).await;
    assert!(matches!(client.end().await, (3, Ending::Complete, Ok(()))));
}

#[tokio::test]
async fn a_response_that_ends_first_changes_nothing() {
    for (ending, expected) in [
        (data(END_STREAM, b"de"), Ending::Complete),
        (reset(NO_ERROR), Ending::Cut),
        (reset(CANCEL), Ending::Cut),
    ] {
        let mut client = Client::start(true).await;
        client.send(&frame(HEADERS, END_HEADERS, 1, POST)).await;
        client.send(&data(0, b"abc")).await;
        client.arrived(3).await;
        // The response: headers and the end of the stream.
        let mut received = Vec::new();
        let end = [0, 0, 0, DATA, END_STREAM, 0, 0, 0, 1];
        let ends = |received: &[u8]| {
            let headers = [HEADERS, END_HEADERS | END_STREAM, 0, 0, 0, 1];
            received.windows(9).any(|frame| frame == end)
                || received.windows(6).any(|frame| frame == headers)
        };
        while !ends(&received) {
            let read = client.socket.read_buf(&mut received);
            assert_ne!(timeout(PATIENCE, read).await.unwrap().unwrap(), 0);
        }
        client.send(&ending).await;
        assert_eq!(client.end().await.1, expected);
    }
}

#[tokio::test]
async fn errors_of_layers_in_between_stay_their_own() {
    let failing = http_body_util::Full::new(Bytes::from_static(b"x"))
        .map_frame(|frame| frame)
        .map_err(|error| match error {});
    let mut body = RequestBody::new(failing.map_err(|error: BoxError| error), None);
    assert!(body.frame().await.unwrap().is_ok());
    assert_eq!(body.ending(), Some(Ending::Complete));
    assert!(body.frame().await.is_none());
    let other: BoxError = "too slow".into();
    assert!(matches!(classify(other), WireError::Io(_)));
    let ours: BoxError = Box::new(WireError::Truncated);
    assert!(matches!(classify(ours), WireError::Truncated));
}
