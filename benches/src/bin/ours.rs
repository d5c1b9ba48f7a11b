//! The server under test, as a user writes it: one annotated block, default settings.

use std::sync::Arc;

use flight_benches::{DataSet, DataSets, Failure, ServerArguments, serving, work};
use flight_runtime::Compression;
use flight_runtime::prelude::*;
use futures::stream;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

struct Bench {
    sets: DataSets,
}

impl Bench {
    fn set(&self, name: &str) -> Result<Arc<DataSet>, Error> {
        let set = self.sets.get(name).cloned();
        set.ok_or_else(|| Error::not_found(format!("no set `{name}`")))
    }
}

/// Data sets in memory.
#[flight_server]
impl Bench {
    /// A set, so many times over.
    #[do_get("{name}?{repeat}&{compression}")]
    async fn get(
        &self,
        name: String,
        repeat: usize,
        compression: Option<String>,
    ) -> Result<BatchStream, Error> {
        let set = self.set(&name)?;
        let schema = SchemaRef::clone(&set.schema);
        let stream = BatchStream::new(schema, stream::iter(set.repeated(repeat)));
        match compression.as_deref() {
            None => Ok(stream),
            Some("lz4") => Ok(stream.with_compression(Compression::Lz4)),
            Some("zstd") => Ok(stream.with_compression(Compression::Zstd)),
            Some(other) => Err(Error::invalid_argument(format!("compression `{other}`"))),
        }
    }

    /// Counts rows.
    #[do_put("drain")]
    async fn drain(&self, mut rows: BatchStream) -> Result<String, Error> {
        let mut count = 0;
        while let Some(batch) = rows.try_next().await? {
            count += batch.num_rows();
        }
        Ok(count.to_string())
    }

    /// What comes goes back.
    #[do_exchange("echo")]
    async fn exchange(&self, rows: BatchStream) -> BatchStream {
        rows
    }

    /// What comes goes back.
    #[action("echo")]
    async fn echo(&self, body: Bytes) -> Bytes {
        body
    }

    /// The same after a little work.
    #[action("work")]
    async fn work(&self, body: Bytes) -> Bytes {
        work(&body);
        body
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let ServerArguments {
        sets,
        tls,
        window,
        in_tonic,
    } = ServerArguments::parse()?;
    let mut builder = FlightServer::builder(Bench { sets });
    if in_tonic {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let closed = serving(listener.local_addr()?.port());
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let server = Server::builder().add_service(builder.into_service()?);
        return tokio::select! {
            ended = server.serve_with_incoming(incoming) => Ok(ended?),
            _ = closed => Ok(()),
        };
    }
    if let Some(window) = window {
        builder = builder.initial_stream_window_size(window);
    }
    let server = match tls {
        None => builder.location("grpc://127.0.0.1:0"),
        Some((certificate, key)) => builder
            .location("grpc+tls://127.0.0.1:0")
            .tls_certificate(certificate, key),
    };
    let server = server.start().await?;
    let closed = serving(server.port());
    tokio::select! {
        () = server.wait() => {}
        _ = closed => {}
    }
    Ok(())
}
