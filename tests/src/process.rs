//! A server as a process of the tests: it says where it listens, and ends when its standard input closes.

use std::fmt::Debug;

use flight_runtime::Error;
use tokio::sync::oneshot;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Logs to standard error from INFO on, and [`announce`]s where `serve` listens.
///
/// # Errors
///
/// INTERNAL when the process logs elsewhere already.
pub fn log_and_announce() -> Result<(), Error> {
    let log = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(std::io::stderr);
    let subscriber = tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(log)
        .with(Announce);
    Ok(tracing::subscriber::set_global_default(subscriber)?)
}

/// Prints where a server listens: `{"location": "grpc://localhost:41001"}`.
pub fn announce(location: &str) {
    println!("{}", serde_json::json!({ "location": location }));
}

/// Completes when standard input closes.
///
/// It is read on a thread that nobody waits for: a runtime would, at its end.
pub fn stdin_closed() -> oneshot::Receiver<()> {
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
