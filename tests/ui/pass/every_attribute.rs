use flight_runtime::Guard;
use flight_runtime::prelude::*;

struct Service;

struct Office;

impl Guard for Office {
    fn allows(&self, caller: &Principal, context: &CallContext) -> bool {
        let _ = context;
        caller.has_role("clerk")
    }
}

fn is_auditor(caller: &Principal) -> bool {
    caller.has_role("auditor")
}

/// Everything once.
#[flight_server(
    name = "everything",
    roles("admin", "operator", "unused"),
    scopes("numbers:write")
)]
impl Service {
    const LIMIT: u64 = 10;

    #[do_get("numbers/{n}/{*rest}?{since}&{tag}", list = numbers, ordered, schema = Self::schema(), require = "role:admin")]
    async fn get(
        &self,
        n: u64,
        rest: String,
        since: Option<u64>,
        tag: Vec<String>,
        context: CallContext,
    ) -> Result<BatchStream, Error> {
        let _ = (n, rest, since, tag, context, Self::LIMIT);
        Err(Error::not_found("nothing"))
    }

    fn numbers(&self) -> Vec<(u64, String)> {
        vec![(1, "a/b".to_owned())]
    }

    fn schema() -> Schema {
        Schema::empty()
    }

    fn is_admin(caller: &Principal) -> bool {
        caller.has_role("admin")
    }

    #[do_get(public)]
    fn get_any(&self, ticket: Ticket) -> Result<BatchStream, Error> {
        let _ = ticket;
        Err(Error::not_found("nothing"))
    }

    #[do_put(
        "numbers/{n}",
        require = "role:admin | role:operator | scope:numbers:write"
    )]
    async fn put(
        &self,
        n: u64,
        rows: BatchStream,
        acks: MetadataWriter,
    ) -> Result<PutResult, Error> {
        let _ = (n, rows, acks);
        Err(Error::not_found("nothing"))
    }

    #[do_put(require = is_auditor)]
    fn put_any(&self, descriptor: FlightDescriptor) {
        let _ = descriptor;
    }

    #[do_exchange("echo", require = Self::is_admin)]
    async fn exchange(&self, rows: BatchStream) -> BatchStream {
        rows
    }

    #[do_exchange(schema = Self::schema(), require = Office)]
    async fn exchange_any(&self, rows: BatchStream) -> Result<BatchStream, Error> {
        Ok(rows)
    }

    #[action("add", require = |caller: &Principal| caller.name() == "adder")]
    async fn add(&self, Json((a, b)): Json<(u64, u64)>) -> Json<u64> {
        Json(a + b)
    }

    #[do_action(require = "scope:numbers:write")]
    fn act(&self, action: Action) -> Result<Bytes, Error> {
        Ok(action.body)
    }

    #[get_flight_info("numbers/{n}", public)]
    async fn info(&self, n: u64) -> FlightInfo {
        let _ = n;
        FlightInfo::new()
    }

    #[get_flight_info(require = Office)]
    async fn any_info(&self, descriptor: FlightDescriptor) -> Result<FlightInfo, Error> {
        Ok(FlightInfo::new().with_descriptor(descriptor))
    }

    #[get_schema("numbers/{n}", require = if Self::LIMIT > 5 { Self::is_admin } else { is_auditor })]
    async fn one_schema(&self, n: u64) -> Result<Schema, Error> {
        let _ = n;
        Ok(Self::schema())
    }

    #[get_schema(public)]
    fn any_schema(&self) -> Schema {
        Self::schema()
    }

    #[poll_flight_info("numbers/{n}", require = "role:operator")]
    async fn poll(&self, n: u64) -> Result<PollInfo, Error> {
        let _ = n;
        Ok(PollInfo::new())
    }

    #[poll_flight_info(public)]
    fn any_poll(&self) -> PollInfo {
        PollInfo::new()
    }

    #[list_flights(public)]
    async fn flights(&self, criteria: Criteria) -> Result<Vec<FlightInfo>, Error> {
        let _ = criteria;
        Ok(vec![])
    }

    #[list_actions(require = "role:admin|role:operator")]
    fn actions(&self) -> Vec<ActionType> {
        vec![]
    }
}

fn main() {}
