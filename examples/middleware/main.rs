//! What happens around every call: an id and a clock for it, clients that are too old, and a header on all answers.
//!
//! Run with `examples/run middleware`, or `cargo run -p examples --bin middleware` and beside it `python examples/middleware/client.py`.
//!
//! Middleware knows calls: who calls what, and how it ended, errors and lost clients included. A tower layer knows HTTP alone: requests and
//! responses, whatever they are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use flight_runtime::cli::{ServerArgs, clap::Parser};
use flight_runtime::http::{HeaderValue, header};
use flight_runtime::prelude::*;
use flight_runtime::{Code, Metadata, ResponseHeaders, ServerMiddleware};
use tower_http::set_header::SetResponseHeaderLayer;

const ID: &str = "x-request-id";
const OLDEST: u32 = 2;

/// A call, its id and its start. It lives as long as the call.
struct Tracked {
    id: String,
    began: Instant,
    call: CallContext,
}

impl Tracked {
    /// The factory, asked at the start of each call: takes the id that the client sent, or makes one.
    fn start(call: &CallContext, headers: &Metadata) -> Result<Option<Self>, Error> {
        static CALLS: AtomicU64 = AtomicU64::new(1);
        let sent = headers.get(ID).and_then(|id| id.to_str().ok());
        let id = sent.map_or_else(
            || format!("call-{}", CALLS.fetch_add(1, Ordering::Relaxed)),
            str::to_owned,
        );
        let (began, call) = (Instant::now(), call.clone());
        Ok(Some(Self { id, began, call }))
    }
}

impl ServerMiddleware for Tracked {
    /// With the first message, or with the status of a call that has none.
    fn sending_headers(&self, headers: &mut ResponseHeaders<'_>) -> Result<(), Error> {
        headers.add(ID, &self.id)
    }

    /// Behind the last message: trailers can still be added.
    fn call_completed(&self, result: Result<(), &Error>) {
        let took = self.began.elapsed();
        let code = result.map_or_else(Error::code, |()| Code::Ok);
        tracing::info!(id = self.id, method = %self.call.method(), ?code, ?took);
        let milliseconds = took.as_secs_f64() * 1000.0;
        let timing = format!("total;dur={milliseconds:.3}");
        if let Err(error) = self.call.add_trailer("server-timing", timing) {
            tracing::warn!(%error, "no server-timing");
        }
    }
}

/// A factory that starts nothing, and refuses clients which say that they are too old.
fn only_new_clients(_: &CallContext, headers: &Metadata) -> Result<Option<Tracked>, Error> {
    let Some(version) = headers.get("x-client-version") else {
        return Ok(None);
    };
    match version.to_str().map(str::parse) {
        Ok(Ok(OLDEST..)) => Ok(None),
        _ => Err(Error::failed_precondition(format!(
            "client version {version:?} is too old: {OLDEST} is the oldest that this server speaks with"
        ))),
    }
}

struct Elements;

/// The elements whose symbols have one letter.
#[flight_server]
impl Elements {
    /// The symbol of an element.
    #[action("symbol")]
    async fn symbol(&self, name: String, call: Middleware<Tracked>) -> Result<String, Error> {
        tracing::info!(id = call.id, name, "looking");
        match name.as_str() {
            "hydrogen" | "boron" | "carbon" | "nitrogen" | "oxygen" | "fluorine" | "phosphorus"
            | "sulfur" | "vanadium" | "yttrium" | "iodine" | "uranium" => {
                Ok(name[..1].to_uppercase())
            }
            _ => Err(Error::not_found(format!(
                "no element `{name}` with one letter"
            ))),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = ServerArgs::parse();
    args.init_logging()?;
    let product = HeaderValue::from_static("elements/1.0");
    let server = FlightServer::builder(Elements)
        // The first sees a call first and its end last: so refused calls have an id and a time too.
        .middleware("tracked", Tracked::start)
        .middleware("version", only_new_clients)
        .layer(SetResponseHeaderLayer::overriding(header::SERVER, product));
    let server = args.configure(server)?.start().await?;
    println!("listening on {}", server.location());
    server.serve().await
}
