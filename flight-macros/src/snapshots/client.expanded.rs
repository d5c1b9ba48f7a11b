A client of `Weather`.*/
/// Each method calls the handler of its name. Cheap to clone: clones share connections.
#[derive(Clone, Debug)]
pub struct WeatherClient(::flight_runtime::FlightClient);
#[automatically_derived]
#[allow(private_bounds, private_interfaces, clippy::too_many_arguments)]
impl WeatherClient {
    /// The client on this connection.
    #[must_use]
    pub fn new(client: ::flight_runtime::FlightClient) -> Self {
        Self(client)
    }
    /// Connects with default settings; for others, [`new`](Self::new) on what `FlightClient::builder` gives.
    ///
    /// # Errors
    ///
    /// UNAVAILABLE when nobody answers, INVALID_ARGUMENT when the location is none.
    pub async fn connect(
        location: impl ::core::convert::Into<::flight_runtime::Location>,
    ) -> ::core::result::Result<Self, ::flight_runtime::Error> {
        ::flight_runtime::FlightClient::connect(location).await.map(Self)
    }
    /// The same client with these options: a time limit, a token, headers.
    #[must_use]
    pub fn with(&self, options: ::flight_runtime::CallOptions) -> Self {
        Self(self.0.with(options))
    }
    /// The client for calls of any kind.
    #[must_use]
    pub fn client(&self) -> &::flight_runtime::FlightClient {
        &self.0
    }
    /// The address of [`Self::observations`]: `stations/{station}?{limit}`, filled in.
    pub fn observations_route(
        station: String,
        limit: Option<u32>,
    ) -> ::flight_runtime::Address {
        let mut __address = ::flight_runtime::__v0_1::Address::build();
        __address.segment("stations");
        ::flight_runtime::__v0_1::filled(&station).arg(&mut __address);
        use ::flight_runtime::__v0_1::FilledQuery as _;
        ::flight_runtime::__v0_1::filled(&limit).query(&mut __address, "limit");
        __address.finish()
    }
    /// The address of [`Self::add`]: `stations/{station}`, filled in.
    pub fn add_route(station: u32) -> ::flight_runtime::Address {
        let mut __address = ::flight_runtime::__v0_1::Address::build();
        __address.segment("stations");
        ::flight_runtime::__v0_1::filled(&station).arg(&mut __address);
        __address.finish()
    }
    /// The address of [`Self::score`]: `score`, filled in.
    pub fn score_route() -> ::flight_runtime::Address {
        let mut __address = ::flight_runtime::__v0_1::Address::build();
        __address.segment("score");
        __address.finish()
    }
    ///Observations.
    ///
    /// # Errors
    ///
    /// What the server answers; UNAVAILABLE when it cannot be reached.
    pub async fn observations(
        &self,
        limit: Option<u32>,
        station: impl ::core::convert::Into<String>,
    ) -> ::core::result::Result<::flight_runtime::BatchStream, ::flight_runtime::Error> {
        self.0
            .do_get(
                Self::observations_route(
                    ::core::convert::Into::<String>::into(station),
                    limit,
                ),
            )
            .await
    }
    ///Calls `any`.
    ///
    /// # Errors
    ///
    /// What the server answers; UNAVAILABLE when it cannot be reached.
    pub async fn any(
        &self,
        ticket: Ticket,
    ) -> ::core::result::Result<::flight_runtime::BatchStream, ::flight_runtime::Error> {
        self.0.do_get(ticket).await
    }
    ///Calls `add`.
    ///
    /// # Errors
    ///
    /// What the server answers; UNAVAILABLE when it cannot be reached.
    pub async fn add(
        &self,
        station: u32,
        rows: impl ::core::convert::Into<BatchStream>,
    ) -> ::core::result::Result<
        <::flight_runtime::Replies<
            Json<Received>,
        > as ::flight_runtime::ClientReply>::Value,
        ::flight_runtime::Error,
    > {
        ::flight_runtime::__v0_1::client::put::<
            ::flight_runtime::Replies<Json<Received>>,
        >(
                &self.0,
                Self::add_route(station),
                ::core::option::Option::Some(
                    ::core::convert::Into::<
                        ::flight_runtime::BatchStream,
                    >::into(::core::convert::Into::<BatchStream>::into(rows)),
                ),
            )
            .await
    }
    ///Calls `add_any`.
    ///
    /// # Errors
    ///
    /// What the server answers; UNAVAILABLE when it cannot be reached.
    pub async fn add_any(
        &self,
        request: &Add,
        rows: impl ::core::convert::Into<Rows<Day>>,
    ) -> ::core::result::Result<
        <() as ::flight_runtime::ClientReply>::Value,
        ::flight_runtime::Error,
    > {
        ::flight_runtime::__v0_1::client::put::<
            (),
        >(
                &self.0,
                ::flight_runtime::FlightDescriptor::new_cmd(
                    ::flight_runtime::__v0_1::client::json::<Add>(request)?,
                ),
                ::core::option::Option::Some(
                    ::core::convert::Into::<
                        ::flight_runtime::BatchStream,
                    >::into(::core::convert::Into::<Rows<Day>>::into(rows)),
                ),
            )
            .await
    }
    ///Calls `score`.
    ///
    /// # Errors
    ///
    /// What the server answers; UNAVAILABLE when it cannot be reached.
    pub async fn score(
        &self,
        rows: impl ::core::convert::Into<Rows<Day>>,
    ) -> ::core::result::Result<Rows<Score>, ::flight_runtime::Error> {
        ::flight_runtime::__v0_1::client::exchange(
                &self.0,
                Self::score_route(),
                ::core::option::Option::Some(
                    ::core::convert::Into::<
                        ::flight_runtime::BatchStream,
                    >::into(::core::convert::Into::<Rows<Day>>::into(rows)),
                ),
            )
            .await
            .map(::core::convert::Into::<Rows<Score>>::into)
    }
    ///Calls `compact`.
    ///
    /// # Errors
    ///
    /// What the server answers; UNAVAILABLE when it cannot be reached.
    pub async fn compact(
        &self,
        body: &Compact,
    ) -> ::core::result::Result<
        <::flight_runtime::Replies<
            Json<Progress>,
        > as ::flight_runtime::ClientReply>::Value,
        ::flight_runtime::Error,
    > {
        ::flight_runtime::__v0_1::client::action::<
            ::flight_runtime::Replies<Json<Progress>>,
        >(&self.0, "compact", ::flight_runtime::__v0_1::client::proto::<Compact>(body)?)
            .await
    }
    ///Calls `info`.
    ///
    /// # Errors
    ///
    /// What the server answers; UNAVAILABLE when it cannot be reached.
    pub async fn info(
        &self,
        name: impl ::core::convert::Into<::std::string::String>,
    ) -> ::core::result::Result<::flight_runtime::FlightInfo, ::flight_runtime::Error> {
        self.0
            .get_flight_info(
                ::flight_runtime::FlightDescriptor::new_cmd(
                    <::flight_runtime::bytes::Bytes as ::core::convert::From<
                        ::std::string::String,
                    >>::from(::core::convert::Into::<::std::string::String>::into(name)),
                ),
            )
            .await
    }
}
const _: () = ::flight_runtime::__v0_1::client::sends_nothing(
    <CallContext as ::flight_runtime::__v0_1::FromCall<
        ::flight_runtime::__v0_1::Routed<::flight_runtime::__v0_1::DoGet>,
    >>::INPUT,
    true,
);
const _: () = ::flight_runtime::__v0_1::client::sends_nothing(
    <MetadataWriter as ::flight_runtime::__v0_1::FromCall<
        ::flight_runtime::__v0_1::Routed<::flight_runtime::__v0_1::DoPut>,
    >>::INPUT,
    true,
);
#[automatically_derived]
impl ::core::convert::From<::flight_runtime::FlightClient> for WeatherClient {
    fn from(client: ::flight_runtime::FlightClient) -> Self {
        Self(client)
    }
}
