//! A handler for every call, under every kind of rule. Each writes down that it ran.

use flight_runtime::arrow::error::ArrowError;
use flight_runtime::prelude::*;
use flight_runtime::{Guard, Tokens};
use futures::TryStreamExt;
use serde_json::{Value, json};

use crate::data::{numbers, numbers_schema};
use crate::ledger::Ledger;

/// Handlers that not everybody may use.
pub(crate) struct Guarded {
    ledger: Ledger,
    /// Of logins, where there are any.
    tokens: Option<Tokens>,
}

/// What the authenticators of these tests say of somebody beside their name.
pub(crate) struct User {
    pub(crate) region: u16,
}

fn is_bob(caller: &Principal) -> bool {
    caller.name() == "bob"
}

/// Callers whose request says so.
struct WithHeader(&'static str);

impl Guard for WithHeader {
    fn allows(&self, _: &Principal, context: &CallContext) -> bool {
        context.headers().contains_key(self.0)
    }
}

impl Guarded {
    pub(crate) fn new(ledger: Ledger, tokens: Option<Tokens>) -> Self {
        Self { ledger, tokens }
    }

    fn ran(&self, handler: &str) {
        self.ledger.append("ran", handler.into());
    }

    fn rows(&self, handler: &str) -> Result<RecordBatch, ArrowError> {
        self.ran(handler);
        numbers(0..3)
    }
}

#[flight_server(roles("admin", "operator"), scopes("rows:write"), parts("rest"))]
impl Guarded {
    #[do_get("rows")]
    async fn read(&self) -> Result<RecordBatch, ArrowError> {
        self.rows("read")
    }

    #[do_get("named/{name}", list = names)]
    async fn named(&self, name: String) -> Result<RecordBatch, ArrowError> {
        let _ = name;
        self.rows("named")
    }

    async fn names(&self) -> [String; 2] {
        ["one", "two"].map(str::to_owned)
    }

    #[do_get("open?{limit}", public)]
    async fn open(
        &self,
        limit: Option<u8>,
        caller: Option<Principal>,
    ) -> Result<RecordBatch, Error> {
        let _ = limit;
        self.ledger.append(
            "open to",
            caller.map_or(Value::Null, |caller| caller.name().into()),
        );
        Ok(self.rows("open")?)
    }

    /// Says its schema without being run.
    #[do_get("secret?{limit}", require = "role:admin", schema = numbers_schema())]
    fn secret(&self, limit: Option<u8>) -> Result<Vec<RecordBatch>, ArrowError> {
        let _ = limit;
        Ok(vec![self.rows("secret")?])
    }

    #[do_put("rows", require = "scope:rows:write | role:admin")]
    async fn write(&self, rows: BatchStream) -> Result<(), Error> {
        self.ran("write");
        rows.try_for_each(|_| async { Ok(()) }).await
    }

    #[do_exchange("rows")]
    async fn exchange(&self, mut rows: BatchStream) -> Result<BatchStream, Error> {
        self.ran("exchange");
        let schema = rows.schema().await?;
        Ok(rows.map_batches(schema, Ok))
    }

    /// What handlers ran.
    #[action("ran")]
    async fn what_ran(&self) -> Json<Value> {
        Json(self.ledger.now("ran"))
    }

    /// Who calls.
    #[action("whoami")]
    async fn whoami(
        &self,
        caller: Principal,
        user: Option<Identity<User>>,
        context: CallContext,
    ) -> Json<Value> {
        self.ran("whoami");
        Json(json!({
            "name": caller.name(),
            "identity": context.peer_identity(),
            "roles": caller.roles().collect::<Vec<_>>(),
            "scopes": caller.scopes().collect::<Vec<_>>(),
            "region": user.map(|user| user.region),
        }))
    }

    #[action("region")]
    async fn region(&self, user: Identity<User>) -> String {
        user.region.to_string()
    }

    /// Takes what no authenticator gives.
    #[action("another-identity")]
    async fn another_identity(&self, _: Identity<String>) {}

    #[action("ping", public)]
    async fn ping(&self) -> &'static str {
        self.ran("ping");
        "pong"
    }

    /// Merges small files.
    #[action("compact", require = "role:admin")]
    async fn compact(&self) -> &'static str {
        self.ran("compact");
        "compacted"
    }

    #[action("either", require = "role:operator | role:admin")]
    fn either(&self) {
        self.ran("either");
    }

    #[action("of-bob", require = is_bob)]
    async fn of_bob(&self) {
        self.ran("of-bob");
    }

    #[action("with-header", require = WithHeader("x-pass"))]
    async fn with_header(&self) {
        self.ran("with-header");
    }

    /// Ends the token that this call came with.
    #[action("log-out-here")]
    async fn log_out_here(&self, context: CallContext) -> String {
        let tokens = self.tokens.as_ref();
        tokens
            .is_some_and(|tokens| tokens.revoke_own(&context))
            .to_string()
    }

    /// Ends the caller's tokens.
    #[action("log-out")]
    async fn log_out(&self, caller: Principal) -> String {
        let tokens = self.tokens.as_ref();
        let ended = tokens.map_or(0, |tokens| tokens.revoke_all_of(caller.name()));
        ended.to_string()
    }
}

#[flight_server(part = "rest", roles("admin"))]
impl Guarded {
    /// Leads to what its caller may not read.
    #[get_flight_info("info")]
    async fn info(&self) -> FlightInfo {
        self.ran("info");
        Self::secret_route(None).flight_info()
    }

    #[get_schema("schema", require = "role:admin")]
    async fn schema(&self) -> Schema {
        self.ran("schema");
        Schema::empty()
    }

    #[poll_flight_info("poll")]
    async fn poll(&self) -> FlightInfo {
        self.ran("poll");
        FlightInfo::new()
    }

    #[list_flights(require = "role:admin")]
    async fn flights(&self) -> Vec<FlightInfo> {
        self.ran("flights");
        vec![FlightInfo::new().with_descriptor(FlightDescriptor::new_cmd("for admins"))]
    }

    #[list_actions(require = "role:admin")]
    async fn actions(&self) -> Vec<(&'static str, &'static str)> {
        self.ran("actions");
        vec![("hidden", "For admins.")]
    }
}
