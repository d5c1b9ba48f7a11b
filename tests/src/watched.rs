//! Middleware and layers that write down what they see, for calls that name a note: `x-note: …`.

use flight_runtime::prelude::*;
use flight_runtime::tonic::{Request, Status};
use flight_runtime::{
    FlightServerBuilder, ResponseHeaders, ServerMiddleware, ServerMiddlewareFactory,
};
use serde_json::{Value, json};

use crate::ledger::Ledger;

/// Adds two middlewares, `outer` and `inner`.
pub(crate) fn watch(builder: FlightServerBuilder, ledger: &Ledger) -> FlightServerBuilder {
    builder
        .middleware("outer", Watch("outer", ledger.clone()))
        .middleware("inner", Watch("inner", ledger.clone()))
        .middleware("tenant", |_: &CallContext, headers: &Metadata| {
            let tenant = headers
                .get("x-tenant")
                .and_then(|tenant| tenant.to_str().ok());
            Ok(tenant.map(|tenant| Tenant(tenant.to_owned())))
        })
}

/// What handlers read of a call's middleware.
pub(crate) struct Tenant(pub(crate) String);

impl ServerMiddleware for Tenant {}

struct Watch(&'static str, Ledger);

/// One call, watched.
pub(crate) struct Watched {
    pub(crate) name: &'static str,
    ledger: Ledger,
    call: CallContext,
}

impl Watched {
    fn note(&self, event: &str, what: Value) {
        let note = self.call.headers().get("x-note");
        if let Some(note) = note.and_then(|note| note.to_str().ok()) {
            self.ledger.append(note, json!([self.name, event, what]));
        }
    }
}

fn asks(headers: &Metadata, key: &str, name: &str) -> bool {
    let mut values = headers.get_all(key).iter();
    values.any(|value| value.as_bytes() == name.as_bytes())
}

impl ServerMiddlewareFactory for Watch {
    type Middleware = Watched;

    async fn start_call(
        &self,
        info: &CallContext,
        headers: &Metadata,
    ) -> Result<Option<Watched>, Error> {
        tokio::task::yield_now().await;
        let watched = Watched {
            name: self.0,
            ledger: self.1.clone(),
            call: info.clone(),
        };
        if asks(headers, "x-skip", self.0) {
            return Ok(None);
        }
        if asks(headers, "x-reject", self.0) {
            watched.note("rejects", info.method().to_string().into());
            return Err(
                Error::permission_denied(format!("{} rejects", self.0)).with_extra_info(self.0)
            );
        }
        if asks(headers, "x-panic", self.0) {
            panic!("secret of the factory");
        }
        watched.note("starts", info.method().to_string().into());
        Ok(Some(watched))
    }
}

impl ServerMiddleware for Watched {
    fn sending_headers(&self, headers: &mut ResponseHeaders<'_>) -> Result<(), Error> {
        self.note("headers", self.call.peer_identity().into());
        headers.add(&format!("X-{}", self.name), "one")?;
        headers.add(&format!("x-{}", self.name), "two")?;
        let asked = self.call.headers();
        for value in asked.get_all("x-echo") {
            headers.add("x-echo", value.as_bytes())?;
        }
        if let Some(value) = asked.get_bin("x-echo-bin") {
            headers.add("x-echo-bin", value.to_bytes()?)?;
        }
        if asks(asked, "x-bad-header", self.name) {
            headers.add("x-bad", "ü")?;
        }
        Ok(())
    }

    fn call_completed(&self, result: Result<(), &Error>) {
        if self.call.headers().contains_key("x-note-route") {
            let (route, identity) = (self.call.route(), self.call.peer_identity());
            self.note("was", json!([route, identity]));
        }
        self.note(
            "completed",
            result
                .map_or_else(|error| format!("{:?}", error.code()), |()| "Ok".to_owned())
                .into(),
        );
        if self.name == "outer" && self.call.headers().contains_key("x-log") {
            tracing::info!(?result, "call watched");
        }
        let _ = self.call.add_trailer("x-completed", self.name);
        assert!(!asks(self.call.headers(), "x-panic-at-the-end", self.name));
    }
}

/// What an interceptor leaves for handlers.
#[derive(Clone)]
pub(crate) struct Intercepted(pub(crate) String);

/// An interceptor as tonic has them.
pub(crate) fn intercept(mut request: Request<()>) -> Result<Request<()>, Status> {
    let asked = request.metadata().get("x-intercept");
    match asked
        .and_then(|asked| asked.to_str().ok())
        .map(str::to_owned)
    {
        Some(asked) if asked == "reject" => Err(Status::failed_precondition("intercepted")),
        Some(asked) => {
            request.extensions_mut().insert(Intercepted(asked));
            Ok(request)
        }
        None => Ok(request),
    }
}
