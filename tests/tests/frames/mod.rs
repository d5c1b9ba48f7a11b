//! HTTP/2 frame by frame: clients that do what no library would let them do.
//!
//! A frame's header has nine bytes (RFC 9113, 4.1), and of HPACK literals are all that is needed (RFC 7541, 6.2).
#![allow(dead_code)]

pub(crate) mod proto;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const INTERNAL_ERROR: u32 = 2;
pub(crate) const FLOW_CONTROL_ERROR: u32 = 3;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;

/// How a frame looks on its way.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length.to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

pub(crate) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

pub(crate) fn window_update(stream: u32, by: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes())
}

pub(crate) fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (name, value) in values {
        payload.extend(name.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(SETTINGS, 0, 0, &payload)
}

/// A field of a header block: a literal that is not indexed, or (`0x40`) one that goes into the peer's table.
pub(crate) fn field(kind: u8, name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![kind];
    for text in [name, value] {
        // An integer of seven bits, and what does not fit (RFC 7541, 5.1).
        match text.len().checked_sub(127) {
            None => field.push(u8::try_from(text.len()).unwrap()),
            Some(rest) => {
                field.push(127);
                proto::varint(&mut field, rest as u64);
            }
        }
        field.extend_from_slice(text.as_bytes());
    }
    field
}

/// The header block of a call.
pub(crate) fn block(method: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let path = format!("/arrow.flight.protocol.FlightService/{method}");
    let usual = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", &path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let fields = usual.iter().chain(more);
    fields
        .flat_map(|(name, value)| field(0, name, value))
        .collect()
}

/// The HEADERS of a call.
pub(crate) fn call(stream: u32, method: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &block(method, &[]))
}

/// A whole call of one message.
pub(crate) fn unary(stream: u32, method: &str, message: &[u8]) -> Vec<u8> {
    let mut frames = call(stream, method);
    frames.extend(frame(DATA, END_STREAM, stream, &proto::framed(message)));
    frames
}

/// A frame that came.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// Of RST_STREAM.
    pub(crate) fn code(&self) -> u32 {
        u32::from_be_bytes(self.payload[..4].try_into().unwrap())
    }

    /// Of GOAWAY.
    pub(crate) fn farewell(&self) -> u32 {
        u32::from_be_bytes(self.payload[4..8].try_into().unwrap())
    }

    pub(crate) fn ends_its_stream(&self) -> bool {
        self.kind == RST_STREAM
            || matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }
}

pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Socket for S {}

/// A connection that says what it is told to say.
pub(crate) struct Raw {
    socket: Box<dyn Socket>,
}

/// How a connection is made.
#[derive(Clone, Default)]
pub(crate) struct How {
    /// TLS that trusts this certificate, in PEM.
    pub(crate) tls: Option<String>,
    /// Dropped, it sends RST in place of FIN.
    pub(crate) abrupt: bool,
    /// As little as the kernel allows: what is not read is soon felt at the other end.
    pub(crate) small_buffer: bool,
}

impl Raw {
    /// One that has said nothing.
    pub(crate) async fn silent(port: u16, how: &How) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let options = socket2::SockRef::from(&stream);
        if how.abrupt {
            options.set_linger(Some(Duration::ZERO))?;
        }
        if how.small_buffer {
            options.set_recv_buffer_size(4096)?;
        }
        let Some(trusted) = &how.tls else {
            let socket = Box::new(stream);
            return Ok(Self { socket });
        };
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap())
            .unwrap();
        let mut config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await?;
        let socket = Box::new(stream);
        Ok(Self { socket })
    }

    /// One that has spoken, with these settings, and allows its peer to send a lot.
    pub(crate) async fn with(port: u16, how: &How, values: &[(u16, u32)]) -> io::Result<Self> {
        let mut raw = Self::silent(port, how).await?;
        let hello = [PREFACE, &settings(values), &window_update(0, 1 << 30)].concat();
        raw.write(&hello).await?;
        Ok(raw)
    }

    pub(crate) async fn connect(port: u16) -> io::Result<Self> {
        Self::with(port, &How::default(), &[]).await
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes).await?;
        self.socket.flush().await
    }

    /// The next frame; pings and settings are answered.
    pub(crate) async fn read(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.socket.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let length = u32::from_be_bytes([0, a, b, c]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.socket.read_exact(&mut payload).await?;
        let stream = u32::from_be_bytes(stream);
        if matches!(kind, SETTINGS | PING) && flags & ACK == 0 {
            let answer: &[u8] = if kind == PING { &payload } else { &[] };
            // A connection that is being closed may still have something to read.
            let _ = self.write(&frame(kind, ACK, 0, answer)).await;
        }
        Ok(Frame {
            kind,
            flags,
            stream,
            payload,
        })
    }

    /// Reads until such a frame comes.
    pub(crate) async fn until(&mut self, is_it: impl Fn(&Frame) -> bool) -> io::Result<Frame> {
        loop {
            let frame = self.read().await?;
            if is_it(&frame) {
                return Ok(frame);
            }
        }
    }

    /// How this stream ends: the payload of its trailers, in which texts are not compressed by Huffman where they are short, or of its reset.
    pub(crate) async fn end_of(&mut self, stream: u32) -> io::Result<Frame> {
        self.until(|frame| frame.stream == stream && frame.ends_its_stream())
            .await
    }

    /// Reads until the connection ends; gives the code of the last GOAWAY.
    pub(crate) async fn goodbye(&mut self) -> Option<u32> {
        let mut code = None;
        while let Ok(frame) = self.read().await {
            if frame.kind == GOAWAY {
                code = Some(frame.farewell());
            }
        }
        code
    }

    /// Reads until the connection ends, and says nothing to what comes.
    pub(crate) async fn closed(&mut self) {
        let mut bytes = [0; 1024];
        while matches!(self.socket.read(&mut bytes).await, Ok(1..)) {}
    }

    /// Waits for the server's windows, and allows them: until then they are those of the protocol, 64 KiB.
    pub(crate) async fn settled(mut self) -> io::Result<Self> {
        self.until(|frame| frame.kind == SETTINGS && frame.flags & ACK == 0)
            .await?;
        Ok(self)
    }

    /// Says that it leaves.
    pub(crate) async fn go_away(&mut self, last: u32) -> io::Result<()> {
        let payload = [last.to_be_bytes(), NO_ERROR.to_be_bytes()].concat();
        self.write(&frame(GOAWAY, 0, 0, &payload)).await
    }

    /// Its two directions: a flood must go on while nobody reads, or while somebody does.
    pub(crate) fn split(
        self,
    ) -> (
        impl AsyncRead + Unpin + use<>,
        impl AsyncWrite + Unpin + use<>,
    ) {
        tokio::io::split(self.socket)
    }

    /// FIN in this direction alone.
    pub(crate) async fn finish(&mut self) -> io::Result<()> {
        self.socket.shutdown().await
    }
}
