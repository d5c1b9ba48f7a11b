//! DoAction, errors, headers and trailers.

use std::fmt;
use std::num::ParseIntError;
use std::time::{Duration, Instant};

use flight_runtime::arrow::error::ArrowError;
use flight_runtime::arrow_flight::error::FlightError;
use flight_runtime::prelude::*;
use flight_runtime::tonic::{Code, Status};
use flight_runtime::{IntoError, arrow_flight};
use futures::stream::{self, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::layers::Passed;
use crate::ledger::Ledger;
use crate::watched::{Intercepted, Tenant, Watched};

/// Actions; the ledger is what `seen` reads.
pub(crate) struct Actions {
    ledger: Ledger,
}

impl Actions {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }
}

#[derive(Deserialize)]
pub(crate) struct Numbers {
    left: i64,
    #[serde(default)]
    right: i64,
}

#[derive(Serialize)]
pub(crate) struct Sum {
    sum: i64,
}

#[flight_server(parts("errors", "context"))]
impl Actions {
    /// What a handler wrote down under this name.
    #[action("seen")]
    async fn seen(&self, name: String) -> Result<Json<Value>, Error> {
        Ok(Json(self.ledger.read(&name).await?))
    }

    /// Adds two numbers.
    #[action("sum")]
    async fn sum(&self, Json(numbers): Json<Numbers>) -> Json<Sum> {
        Json(Sum {
            sum: numbers.left + numbers.right,
        })
    }

    /// A ticket of a descriptor's command.
    #[action("proto")]
    fn proto(&self, Proto(descriptor): Proto<FlightDescriptor>) -> Proto<arrow_flight::Ticket> {
        Proto(Ticket::new(descriptor.cmd))
    }

    #[action("bytes")]
    fn bytes(&self, body: Bytes) -> Vec<u8> {
        body.iter().rev().copied().collect()
    }

    #[action("text")]
    fn text(&self, body: String) -> String {
        body.to_uppercase()
    }

    #[action("raw")]
    async fn raw(&self, action: Action) -> ActionResult {
        ActionResult { body: action.body }
    }

    #[action("nothing")]
    async fn nothing(&self) {}

    #[action("maybe")]
    fn maybe(&self, Json(answer): Json<bool>) -> Option<&'static str> {
        answer.then_some("yes")
    }

    /// Results one by one.
    ///
    /// As many as the body says.
    #[action("count")]
    async fn count(
        &self,
        Json(to): Json<u32>,
    ) -> impl Stream<Item = Result<String, Error>> + Send + use<> {
        stream::iter(1..=to).map(|n| Ok(n.to_string()))
    }

    #[action("several")]
    fn several(&self) -> Vec<Json<u8>> {
        vec![Json(1), Json(2)]
    }

    #[action("iterate")]
    fn iterate(&self) -> impl Iterator<Item = Bytes> + Send + '_ {
        [&b"a"[..], b"b"].into_iter().map(Bytes::from_static)
    }

    /// Ends the server from inside.
    #[action("shutdown")]
    async fn shutdown(&self, context: CallContext) -> Result<&'static str, Error> {
        let server = context.server().ok_or_else(not_ours)?;
        server.shutdown();
        Ok("shutting down")
    }

    /// Says to health checks whether clients should come here.
    #[action("set-serving")]
    async fn set_serving(&self, serving: Json<bool>, context: CallContext) -> Result<(), Error> {
        let server = context.server().ok_or_else(not_ours)?;
        server.set_serving(serving.0);
        Ok(())
    }

    /// Ends the server from inside, and cuts what runs.
    #[action("abort")]
    async fn abort(&self, context: CallContext) -> Result<(), Error> {
        context.server().ok_or_else(not_ours)?.abort();
        Ok(())
    }
}

fn not_ours() -> Error {
    Error::failed_precondition("mounted in another server")
}

/// An error as a client asks for it.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    code: i32,
    message: String,
    #[serde(default)]
    extra_info: String,
    #[serde(default)]
    repeat: Option<usize>,
}

/// An error that chooses its own code.
#[derive(Debug)]
pub(crate) struct Locked(&'static str);

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table `{}` is locked", self.0)
    }
}

impl IntoError for Locked {
    fn into_error(self) -> Error {
        Error::aborted(self.to_string()).with_extra_info(self.0)
    }
}

#[flight_server(part = "errors")]
impl Actions {
    #[action("fail")]
    async fn fail(&self, Json(wanted): Json<Wanted>) -> Result<(), Error> {
        let message = wanted.message.repeat(wanted.repeat.unwrap_or(1));
        let extra_info = wanted.extra_info.repeat(wanted.repeat.unwrap_or(1));
        Err(Error::new(Code::from_i32(wanted.code), message).with_extra_info(extra_info))
    }

    /// Fails behind a first result.
    #[action("fail-late")]
    async fn fail_late(&self) -> impl Stream<Item = Result<String, Error>> + Send + use<> {
        let error = Error::data_loss("the rest is gone").with_extra_info("rest");
        stream::iter([Ok("first".to_owned()), Err(error)])
    }

    #[action("swept-up")]
    async fn swept_up(&self, text: String) -> Result<String, Error> {
        let number: Result<i32, ParseIntError> = text.parse();
        let number = number.map_err(|error| std::io::Error::other(format!("secret: {error}")))?;
        Ok(number.to_string())
    }

    #[action("arrow-error")]
    fn arrow_error(&self) -> Result<(), ArrowError> {
        Err(ArrowError::ComputeError("secret of the kernel".to_owned()))
    }

    #[action("status")]
    fn status(&self) -> Result<(), Status> {
        Err(Status::with_details(
            Code::NotFound,
            "from a status",
            Bytes::from_static(b"status details"),
        ))
    }

    #[action("status-swept-up")]
    async fn status_swept_up(&self) -> Result<(), Error> {
        let failed: Result<(), FlightError> = Err(Status::unavailable("from upstream").into());
        Ok(failed?)
    }

    #[action("own-error")]
    fn own_error(&self) -> Result<(), Locked> {
        Err(Locked("people"))
    }

    #[action("sourced")]
    fn sourced(&self) -> Result<(), Error> {
        let source = std::io::Error::other("secret cause");
        Err(Error::unavailable("the store is down").with_source(source))
    }

    #[action("panic")]
    async fn panic(&self) {
        panic!("secret of the handler");
    }

    #[action("panic-blocking")]
    fn panic_blocking(&self) {
        panic!("secret of the thread");
    }

    #[action("panic-with-a-value")]
    async fn panic_with_a_value(&self) {
        std::panic::panic_any(42);
    }

    #[action("panic-late")]
    async fn panic_late(&self) -> impl Stream<Item = String> + Send + use<> {
        stream::iter(0..2).map(|n| match n {
            0 => "first".to_owned(),
            _ => panic!("secret of the results"),
        })
    }
}

#[flight_server(part = "context")]
impl Actions {
    /// Who calls, and how.
    #[action("who")]
    async fn who(&self, context: CallContext, headers: Metadata) -> Result<Json<Value>, Error> {
        let text = |name: &str| {
            let value = headers.get(name);
            value.and_then(|value| value.to_str().ok().map(str::to_owned))
        };
        let all: Vec<String> = headers
            .get_all("x-several")
            .iter()
            .filter_map(|value| value.to_str().ok().map(str::to_owned))
            .collect();
        let binary = headers.get_bin("x-binary-bin");
        let binary = binary.and_then(|value| value.to_bytes().ok());
        let left = context.deadline().map(|deadline| {
            deadline
                .saturating_duration_since(Instant::now())
                .as_secs_f64()
        });
        Ok(Json(serde_json::json!({
            "peer": context.peer().to_string(),
            "method": context.method().to_string(),
            "x-text": text("x-text"),
            "x-several": all,
            "x-binary": binary.map(|bytes| bytes.to_vec()),
            "seconds left": left,
            "identity": context.peer_identity(),
            "certificate": context.peer_certificate().map(|certificate| {
                serde_json::json!({
                    "subject": certificate.subject(),
                    "issuer": certificate.issuer(),
                    "common name": certificate.common_name(),
                    "uris": certificate.uris(),
                    "dns names": certificate.dns_names(),
                    "serial number": certificate.serial_number(),
                    "seconds": certificate.not_after().duration_since(certificate.not_before()).map_or(0, |valid| valid.as_secs()),
                    "chain": certificate.chain().len(),
                })
            }),
            "cancelled": context.is_cancelled(),
            "location": context.server().map(|server| server.location().to_string()),
            "port": context.server().map(|server| server.port()),
        })))
    }

    /// What middleware and layers have left.
    #[action("around")]
    async fn around(
        &self,
        context: CallContext,
        tenant: Option<Middleware<Tenant>>,
    ) -> Json<Value> {
        let by_key = |key: &str| {
            let watched = context.get_middleware::<Watched>(key);
            watched.map(|watched| watched.name)
        };
        let first = context.middleware::<Watched>().map(|watched| watched.name);
        let extensions = context.extensions();
        Json(serde_json::json!({
            "tenant": tenant.map(|tenant| tenant.0.0.clone()),
            "outer": by_key("outer"),
            "inner": by_key("inner"),
            "tenant as another type": by_key("tenant"),
            "first": first,
            "intercepted": extensions.get::<Intercepted>().map(|intercepted| intercepted.0.clone()),
            "layers": extensions.get::<Passed>().map(|passed| passed.0.clone()),
        }))
    }

    /// Needs a middleware that is not there for every call.
    #[action("tenant")]
    async fn tenant(&self, tenant: Middleware<Tenant>) -> String {
        tenant.0.0.clone()
    }

    /// What middleware wrote down so far.
    #[action("noted")]
    async fn noted(&self, name: String) -> Json<Value> {
        Json(self.ledger.now(&name))
    }

    #[action("headers")]
    async fn headers(&self, context: CallContext) -> Result<&'static str, Error> {
        set(&context)?;
        Ok("with headers")
    }

    #[action("headers-and-failure")]
    async fn headers_and_failure(&self, context: CallContext) -> Result<(), Error> {
        set(&context)?;
        Err(Error::not_found("with headers"))
    }

    /// A header when the first result is out: the second may be made before it is.
    #[action("late-header")]
    async fn late_header(
        &self,
        context: CallContext,
    ) -> impl Stream<Item = Result<String, Error>> + Send + use<> {
        stream::iter(0..3).map(move |n| match n {
            0 | 1 => Ok("in time".to_owned()),
            _ => {
                context.add_trailer("x-late", "as a trailer")?;
                context.add_header("x-late", "too late")?;
                Ok("not an error".to_owned())
            }
        })
    }

    #[action("wrong-header")]
    fn wrong_header(&self, context: CallContext, key: String) -> Result<(), Error> {
        context.add_header(&key, "value")
    }

    /// Sleeps for this many milliseconds.
    #[action("sleep")]
    async fn sleep(&self, Json(milliseconds): Json<u64>) -> &'static str {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        "rested"
    }

    /// Writes down when its client left.
    #[action("wait-for-ever")]
    async fn wait_for_ever(&self, name: String) {
        let _guard = self.ledger.at_drop(name);
        std::future::pending().await
    }

    /// Results without an end.
    #[action("count-for-ever")]
    async fn count_for_ever(&self, name: String) -> impl Stream<Item = String> + Send + use<> {
        let guard = self.ledger.at_drop(name);
        stream::iter(0u64..).map(move |n| {
            let _held = &guard;
            n.to_string()
        })
    }
}

fn set(context: &CallContext) -> Result<(), Error> {
    context.add_header("x-served-by", "tests")?;
    context.add_header("x-twice", "one")?;
    context.add_header("X-Twice", "two")?;
    context.add_header("x-binary-bin", [0, 159, 255])?;
    context.add_trailer("x-rows", "17")?;
    context.add_trailer("x-checksum-bin", [1, 2, 3])?;
    Ok(())
}
