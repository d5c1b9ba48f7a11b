use flight_runtime::prelude::*;

struct Service;

/// Everything once.
#[flight_server(name = "everything")]
impl Service {
    const LIMIT: u64 = 10;

    #[do_get("numbers/{n}/{*rest}?{since}&{tag}", list = numbers, ordered, schema = Self::schema())]
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

    #[do_get]
    fn get_any(&self, ticket: Ticket) -> Result<BatchStream, Error> {
        let _ = ticket;
        Err(Error::not_found("nothing"))
    }

    #[do_put("numbers/{n}")]
    async fn put(
        &self,
        n: u64,
        rows: BatchStream,
        acks: MetadataWriter,
    ) -> Result<PutResult, Error> {
        let _ = (n, rows, acks);
        Err(Error::not_found("nothing"))
    }

    #[do_put]
    fn put_any(&self, descriptor: FlightDescriptor) {
        let _ = descriptor;
    }

    #[do_exchange("echo")]
    async fn exchange(&self, rows: BatchStream) -> BatchStream {
        rows
    }

    #[do_exchange(schema = Self::schema())]
    async fn exchange_any(&self, rows: BatchStream) -> Result<BatchStream, Error> {
        Ok(rows)
    }

    #[action("add")]
    async fn add(&self, Json((a, b)): Json<(u64, u64)>) -> Json<u64> {
        Json(a + b)
    }

    #[do_action]
    fn act(&self, action: Action) -> Result<Bytes, Error> {
        Ok(action.body)
    }

    #[get_flight_info("numbers/{n}")]
    async fn info(&self, n: u64) -> FlightInfo {
        let _ = n;
        FlightInfo::new()
    }

    #[get_flight_info]
    async fn any_info(&self, descriptor: FlightDescriptor) -> Result<FlightInfo, Error> {
        Ok(FlightInfo::new().with_descriptor(descriptor))
    }

    #[get_schema("numbers/{n}")]
    async fn one_schema(&self, n: u64) -> Result<Schema, Error> {
        let _ = n;
        Ok(Self::schema())
    }

    #[get_schema]
    fn any_schema(&self) -> Schema {
        Self::schema()
    }

    #[poll_flight_info("numbers/{n}")]
    async fn poll(&self, n: u64) -> Result<PollInfo, Error> {
        let _ = n;
        Ok(PollInfo::new())
    }

    #[poll_flight_info]
    fn any_poll(&self) -> PollInfo {
        PollInfo::new()
    }

    #[list_flights]
    async fn flights(&self, criteria: Criteria) -> Result<Vec<FlightInfo>, Error> {
        let _ = criteria;
        Ok(vec![])
    }

    #[list_actions]
    fn actions(&self) -> Vec<ActionType> {
        vec![]
    }
}

fn main() {}
