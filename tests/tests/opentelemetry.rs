//! Calls as OpenTelemetry sees them, joined to the client's trace as the guide has it.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::sync::{Arc, Mutex};

use common::within;
use flight_runtime::prelude::*;
use flight_runtime::testing::connect;
use flight_runtime::{CallOptions, FlightClient, Metadata, ServerMiddleware};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanKind, Status, TracerProvider};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// Keeps what is exported.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Kept {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().append(&mut batch);
        Ok(())
    }
}

struct Headers<'a>(&'a Metadata);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

struct Continued;
impl ServerMiddleware for Continued {}

struct Tables;

#[flight_server]
impl Tables {
    #[action("works")]
    async fn works(&self) {}

    #[action("breaks")]
    async fn breaks(&self) -> Result<(), Error> {
        Err(Error::internal("broken"))
    }
}

async fn act(client: &FlightClient, name: &str) -> Result<(), Error> {
    let results = client.do_action(Action::new(name, "")).await?;
    results.read_all().await.map(drop)
}

#[tokio::test]
async fn a_call_is_a_server_span_in_the_trace_of_its_client() {
    within(async {
        let kept = Kept::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(kept.clone())
            .build();
        let spans = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("tests"))
            .with_context_activation(false);
        let subscriber = tracing_subscriber::registry().with(spans);
        let _default = tracing::subscriber::set_default(subscriber);

        let propagator = TraceContextPropagator::new();
        let server = FlightServer::builder(Tables).middleware(
            "opentelemetry",
            move |call: &CallContext, headers: &Metadata| {
                let parent = propagator.extract(&Headers(headers));
                call.span().set_parent(parent).unwrap();
                Ok(None::<Continued>)
            },
        );
        let client = connect(server).unwrap();
        let parent = format!("00-{TRACE}-{PARENT}-01");
        let options = CallOptions::new().header("traceparent", parent).unwrap();
        act(&client.with(options), "works").await.unwrap();
        act(&client, "breaks").await.unwrap_err();
        let spans = loop {
            let mut spans = kept.0.lock().unwrap().clone();
            // HTTP/2 has spans of its own.
            spans.retain(|span| span.name == "flight.call");
            if spans.len() == 2 {
                break spans;
            }
            tokio::task::yield_now().await;
        };
        let [works, breaks] = &spans[..] else {
            panic!("{spans:?}");
        };
        assert_eq!(
            (&*works.name, &works.span_kind),
            ("flight.call", &SpanKind::Server)
        );
        assert_eq!(works.span_context.trace_id().to_string(), TRACE);
        assert_eq!(works.parent_span_id.to_string(), PARENT);
        assert_eq!(works.status, Status::Unset);
        let field = |span: &SpanData, name: &str| {
            let mut fields = span.attributes.iter();
            let found = fields.find(|field| field.key.as_str() == name);
            found.map(|field| field.value.to_string())
        };
        assert_eq!(field(works, "route").as_deref(), Some("works"));
        assert_eq!(field(works, "code").as_deref(), Some("OK"));
        assert_ne!(breaks.span_context.trace_id().to_string(), TRACE);
        assert_eq!(field(breaks, "code").as_deref(), Some("INTERNAL"));
        assert!(
            matches!(breaks.status, Status::Error { .. }),
            "{:?}",
            breaks.status
        );
    })
    .await;
}
