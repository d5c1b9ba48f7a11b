/// Daily weather observations.
///
/// From 1900 on.
#[allow(missing_docs)]
impl<S> Weather<S>
where
    S: Store,
{
    const LIMIT: usize = 10;

    /// Observations of one station, oldest first.
    #[do_get("stations/{station}?{since}&{limit}", list = stations, ordered, schema = Self::schema())]
    pub async fn observations(
        &self,
        context: CallContext,
        station: String,
        since: Option<NaiveDate>,
        limit: Option<usize>,
    ) -> Result<BatchStream, Error> {
        half typed @ # code stays as it is
    }

    async fn stations(&self, context: CallContext) -> Result<Vec<String>, Error> {
        self.store.stations(context)
    }

    fn schema() -> SchemaRef {
        Schema::empty().into()
    }

    #[cfg(feature = "files")]
    #[do_get("files/{r}/{year}/{*type}", list = files)]
    fn file(&self, year: u16, r: Region, r#type: String) -> std::io::Result<Vec<RecordBatch>> {
        todo!()
    }

    fn files(&self) -> impl Iterator<Item = (Region, u16, String)> {
        self.files.iter()
    }

    #[flight_runtime::do_get]
    async fn anything(&self, ticket: Ticket) -> BatchStream {
        todo!()
    }

    #[do_put("stations/{station}", require = "role:editor | scope:stations:write")]
    async fn add(&self, station: String, rows: BatchStream, acks: MetadataWriter) -> Result<PutResult, Error> {
        todo!()
    }

    #[do_put]
    fn swallow(&self, rows: BatchStream) {}

    #[do_exchange("score", schema = SCORES, require = |caller: &Principal| caller.name() == "model")]
    async fn score(&self, rows: BatchStream) -> Result<BatchStream, Error> {
        todo!()
    }

    /// Merge small files.
    #[action("compact", require = Self::is_operator)]
    async fn compact(&self, Json(request): Json<Compact>) -> Result<Json<Compacted>, Error> {
        todo!()
    }

    #[deprecated]
    #[do_action]
    fn other(&self, action: Action) -> Result<Bytes, Error> {
        todo!()
    }

    #[get_flight_info("stations/{station}")]
    async fn info(&self, station: String, descriptor: FlightDescriptor) -> Result<FlightInfo, Error> {
        todo!()
    }

    #[get_schema]
    fn any_schema(&self, descriptor: FlightDescriptor) -> Schema {
        todo!()
    }

    #[poll_flight_info("slow/{job}")]
    async fn poll(&self, job: u64) -> PollInfo {
        todo!()
    }

    #[list_flights]
    async fn flights(&self, criteria: Criteria) -> Result<Vec<FlightInfo>, Error> {
        todo!()
    }

    #[list_actions(public)]
    fn actions(&self) -> Vec<ActionType> {
        todo!()
    }

    fn is_operator(caller: &Principal) -> bool {
        caller.name() == "operator"
    }
}
