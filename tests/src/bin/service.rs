//! Serves the service under test until its standard input closes, or SIGTERM.
//!
//! Prints one line of JSON when it is ready: `{"location": "grpc://localhost:41001"}`. With `--methods` alone it prints the names of all
//! calls, and ends.

use std::fmt::Debug;
use std::net::{Ipv4Addr, SocketAddr};

use flight_runtime::tonic::transport::Server;
use flight_runtime::tonic::transport::server::TcpIncoming;
use flight_runtime::{Error, Method};
use flight_tests::{Options, builder};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let log = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(std::io::stderr);
    let subscriber = tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(log)
        .with(Announce);
    tracing::subscriber::set_global_default(subscriber)?;

    if std::env::args().nth(1).as_deref() == Some("--methods") {
        println!("{}", serde_json::json!(Method::ALL.map(Method::name)));
        return Ok(());
    }
    let options = Options::parse(std::env::args().skip(1)).map_err(Error::invalid_argument)?;
    let closed = stdin_closed();
    if options.tonic {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        announce(&format!("grpc://{}", listener.local_addr()?));
        Server::builder()
            .add_service(builder(&options).into_service()?)
            .serve_with_incoming_shutdown(TcpIncoming::from(listener), async {
                let _ = closed.await;
            })
            .await?;
        return Ok(());
    }
    tokio::select! {
        ended = builder(&options).serve() => ended,
        _ = closed => Ok(()),
    }
}

fn announce(location: &str) {
    println!("{}", serde_json::json!({ "location": location }));
}

/// Standard input is read on a thread that nobody waits for: a runtime would, at its end.
fn stdin_closed() -> oneshot::Receiver<()> {
    let (closed, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(closed);
    });
    receiver
}

/// `serve` tells where it listens in the log alone, which is where this reads it.
struct Announce;

impl<S: Subscriber> Layer<S> for Announce {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::INFO {
            let mut found = Found::default();
            event.record(&mut found);
            if let (true, Some(location)) = (found.serving, found.location) {
                announce(&location);
            }
        }
    }
}

#[derive(Default)]
struct Found {
    serving: bool,
    location: Option<String>,
}

impl Visit for Found {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "location" => self.location = Some(format!("{value:?}")),
            "message" => self.serving = format!("{value:?}").starts_with("serving"),
            _ => {}
        }
    }
}
