//! Everything that was logged in this process, spans and events with their fields.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Fields by name, as text.
pub(crate) type Fields = BTreeMap<String, String>;

/// An event, and the fields of the span that it is in.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub(crate) target: String,
    pub(crate) fields: Fields,
    pub(crate) span: Option<Fields>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    events: Arc<Mutex<Vec<Logged>>>,
    /// Those that are closed.
    spans: Arc<Mutex<Vec<(String, Fields)>>>,
}

impl Log {
    /// The log of this process: tests tell their lines apart by the names of their routes.
    pub(crate) fn of_the_process() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        let log = LOG.get_or_init(|| {
            let log = Log::default();
            let subscriber = tracing_subscriber::registry().with(log.clone());
            tracing::subscriber::set_global_default(subscriber).expect("the first subscriber");
            log
        });
        log.clone()
    }

    /// Waits until so many events are of this target and have this field.
    pub(crate) async fn events(
        &self,
        count: usize,
        target: &str,
        (name, value): (&str, &str),
    ) -> Vec<Logged> {
        loop {
            let found: Vec<_> = {
                let events = self.events.lock().unwrap();
                let is_it = |event: &&Logged| {
                    event.target == target && event.fields.get(name).is_some_and(|of| of == value)
                };
                events.iter().filter(is_it).cloned().collect()
            };
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits for the end of the one call of this route: its line in the access log.
    pub(crate) async fn call(&self, route: &str) -> Fields {
        let mut found = self
            .events(1, "flight_runtime::access", ("route", route))
            .await;
        assert_eq!(found.len(), 1, "one line a call");
        found.remove(0).fields
    }

    /// Waits until the span of the one call of this route is closed.
    pub(crate) async fn span(&self, route: &str) -> Fields {
        loop {
            let is_it = |(name, fields): &&(String, Fields)| {
                name == "flight.call" && fields.get("route").is_some_and(|of| of == route)
            };
            let found = self.spans.lock().unwrap().iter().find(is_it).cloned();
            if let Some((_, fields)) = found {
                return fields;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

struct Visited<'a>(&'a mut Fields);

impl Visit for Visited<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let value = format!("{value:?}");
        self.0.insert(field.name().to_owned(), value);
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Log {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::new();
        attributes.record(&mut Visited(&mut fields));
        let span = context.span(id).expect("the span is there");
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).expect("the span is there");
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(&mut Visited(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::new();
        event.record(&mut Visited(&mut fields));
        let span = context.event_span(event);
        let span = span.and_then(|span| span.extensions().get::<Fields>().cloned());
        let target = event.metadata().target().to_owned();
        let logged = Logged {
            target,
            fields,
            span,
        };
        self.events.lock().unwrap().push(logged);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).expect("the span is there");
        let fields = span.extensions().get::<Fields>().cloned();
        let closed = (span.name().to_owned(), fields.unwrap_or_default());
        self.spans.lock().unwrap().push(closed);
    }
}
