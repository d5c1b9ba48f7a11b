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
    pub async fn observations(
        &self,
        context: CallContext,
        station: String,
        since: Option<NaiveDate>,
        limit: Option<usize>,
    ) -> Result<BatchStream, Error> {
        todo!()
    }
    async fn stations(&self, context: CallContext) -> Result<Vec<String>, Error> {
        self.store.stations(context)
    }
    fn schema() -> SchemaRef {
        Schema::empty().into()
    }
    #[cfg(feature = "files")]
    fn file(
        &self,
        year: u16,
        r: Region,
        r#type: String,
    ) -> std::io::Result<Vec<RecordBatch>> {
        todo!()
    }
    fn files(&self) -> impl Iterator<Item = (Region, u16, String)> {
        self.files.iter()
    }
    async fn anything(&self, ticket: Ticket) -> BatchStream {
        todo!()
    }
    async fn add(
        &self,
        station: String,
        rows: BatchStream,
        acks: MetadataWriter,
    ) -> Result<PutResult, Error> {
        todo!()
    }
    fn swallow(&self, rows: BatchStream) {}
    async fn score(&self, rows: BatchStream) -> Result<BatchStream, Error> {
        todo!()
    }
    /// Merge small files.
    async fn compact(
        &self,
        Json(request): Json<Compact>,
    ) -> Result<Json<Compacted>, Error> {
        todo!()
    }
    #[deprecated]
    fn other(&self, action: Action) -> Result<Bytes, Error> {
        todo!()
    }
    async fn info(
        &self,
        station: String,
        descriptor: FlightDescriptor,
    ) -> Result<FlightInfo, Error> {
        todo!()
    }
    fn any_schema(&self, descriptor: FlightDescriptor) -> Schema {
        todo!()
    }
    async fn poll(&self, job: u64) -> PollInfo {
        todo!()
    }
    async fn flights(&self, criteria: Criteria) -> Result<Vec<FlightInfo>, Error> {
        todo!()
    }
    fn actions(&self) -> Vec<ActionType> {
        todo!()
    }
    fn is_operator(caller: &Principal) -> bool {
        caller.name() == "operator"
    }
}
#[automatically_derived]
impl<S> ::flight_runtime::FlightService for Weather<S>
where
    S: Store,
{
    fn service() -> ::flight_runtime::__v0_1::ServiceDef {
        ::flight_runtime::__v0_1::ServiceDef {
            name: "Weather",
            doc: "Daily weather observations.\n\nFrom 1900 on.",
            module: ::core::module_path!(),
        }
    }
    fn handlers(__table: &mut ::flight_runtime::__v0_1::Table<Self>) {
        __table
            .do_get(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "observations",
                    doc: "Observations of one station, oldest first.",
                    route: ::core::option::Option::Some(::flight_runtime::__v0_1::RouteDef {
                        text: "stations/{station}?{since}&{limit}",
                        path: &[
                            ::flight_runtime::__v0_1::Segment::Literal("stations"),
                            ::flight_runtime::__v0_1::Segment::Arg("station"),
                        ],
                        query: &["since", "limit"],
                    }),
                    args: &[
                        ::flight_runtime::__v0_1::ArgDef {
                            name: "station",
                            ty: "String",
                            kind: ::flight_runtime::__v0_1::path_kind::<String>,
                        },
                        ::flight_runtime::__v0_1::ArgDef {
                            name: "since",
                            ty: "Option<NaiveDate>",
                            kind: ::flight_runtime::__v0_1::query_kind::<
                                Option<NaiveDate>,
                                _,
                            >,
                        },
                        ::flight_runtime::__v0_1::ArgDef {
                            name: "limit",
                            ty: "Option<usize>",
                            kind: ::flight_runtime::__v0_1::query_kind::<
                                Option<usize>,
                                _,
                            >,
                        },
                    ],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[
                        <CallContext as ::flight_runtime::__v0_1::FromCall<
                            ::flight_runtime::__v0_1::Routed<
                                ::flight_runtime::__v0_1::DoGet,
                            >,
                        >>::takes,
                    ],
                    reply: ::core::option::Option::None,
                    schema: ::core::option::Option::Some(|| ::flight_runtime::__v0_1::declared_schema(
                        Self::schema(),
                    )),
                    reply_schema: ::flight_runtime::__v0_1::type_of::<
                        Result<BatchStream, Error>,
                    >()
                        .reply_schema(),
                    upload_schema: ::core::option::Option::None,
                    ordered: true,
                    access: ::flight_runtime::__v0_1::Access::Default,
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    mut __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a1 = ::flight_runtime::__v0_1::path_arg::<
                            String,
                        >(&__call, 0)?;
                        let __a2 = ::flight_runtime::__v0_1::query_arg::<
                            Option<NaiveDate>,
                            _,
                        >(&__call, 1)?;
                        let __a3 = ::flight_runtime::__v0_1::query_arg::<
                            Option<usize>,
                            _,
                        >(&__call, 2)?;
                        let __a0 = ::flight_runtime::__v0_1::extractor::<
                            CallContext,
                            ::flight_runtime::__v0_1::Routed<
                                ::flight_runtime::__v0_1::DoGet,
                            >,
                        >()
                            .extract(&mut __call)
                            .await?;
                        let __reply = (
                            ::flight_runtime::__v0_1::must_be_send(
                                    Self::observations(&*__this, __a0, __a1, __a2, __a3),
                                )
                                .await,
                        );
                        let __reply = {
                            use ::flight_runtime::__v0_1::probes::*;
                            let __reply = (
                                ::flight_runtime::__v0_1::probe(&__reply.0)
                                    .split(__reply.0)?,
                            );
                            ::flight_runtime::__v0_1::probe(&__reply.0)
                                .batches(__reply.0)?
                        };
                        __out.send_all(__reply).await
                    })
                },
            );
        __table
            .list_route(
                "observations",
                |
                    __this: ::std::sync::Arc<Self>,
                    mut __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<
                        ::flight_runtime::__v0_1::Address,
                    >|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = <CallContext as ::flight_runtime::__v0_1::FromCall<
                            ::flight_runtime::__v0_1::ListFlights,
                        >>::from_call(&mut __call)
                            .await?;
                        let __list = (
                            ::flight_runtime::__v0_1::must_be_send(
                                    Self::stations(&*__this, __a0),
                                )
                                .await,
                        );
                        let __list = {
                            use ::flight_runtime::__v0_1::probes::*;
                            let __list = (
                                ::flight_runtime::__v0_1::probe(&__list.0).split(__list.0)?,
                            );
                            __list
                        };
                        for __item in __list.0 {
                            __out
                                .send({
                                    let __a0: String = __item;
                                    Self::observations_route(
                                        __a0,
                                        ::flight_runtime::__v0_1::absent::<Option<NaiveDate>, _>(),
                                        ::flight_runtime::__v0_1::absent::<Option<usize>, _>(),
                                    )
                                })
                                .await?;
                        }
                        ::core::result::Result::Ok(
                            ::flight_runtime::__v0_1::Rest::none(),
                        )
                    })
                },
            );
        #[cfg(feature = "files")]
        __table
            .do_get(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "file",
                    doc: "",
                    route: ::core::option::Option::Some(::flight_runtime::__v0_1::RouteDef {
                        text: "files/{r}/{year}/{*type}",
                        path: &[
                            ::flight_runtime::__v0_1::Segment::Literal("files"),
                            ::flight_runtime::__v0_1::Segment::Arg("r"),
                            ::flight_runtime::__v0_1::Segment::Arg("year"),
                            ::flight_runtime::__v0_1::Segment::Rest("type"),
                        ],
                        query: &[],
                    }),
                    args: &[
                        ::flight_runtime::__v0_1::ArgDef {
                            name: "r",
                            ty: "Region",
                            kind: ::flight_runtime::__v0_1::path_kind::<Region>,
                        },
                        ::flight_runtime::__v0_1::ArgDef {
                            name: "year",
                            ty: "u16",
                            kind: ::flight_runtime::__v0_1::path_kind::<u16>,
                        },
                        ::flight_runtime::__v0_1::ArgDef {
                            name: "type",
                            ty: "String",
                            kind: ::flight_runtime::__v0_1::path_kind::<String>,
                        },
                    ],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[],
                    reply: ::core::option::Option::None,
                    schema: ::core::option::Option::None,
                    reply_schema: ::flight_runtime::__v0_1::type_of::<
                        std::io::Result<Vec<RecordBatch>>,
                    >()
                        .reply_schema(),
                    upload_schema: ::core::option::Option::None,
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Default,
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = ::flight_runtime::__v0_1::path_arg::<
                            u16,
                        >(&__call, 1)?;
                        let __a1 = ::flight_runtime::__v0_1::path_arg::<
                            Region,
                        >(&__call, 0)?;
                        let __a2 = ::flight_runtime::__v0_1::path_arg::<
                            String,
                        >(&__call, 2)?;
                        ::flight_runtime::__v0_1::blocking(
                                __call,
                                move || {
                                    let __reply = (Self::file(&*__this, __a0, __a1, __a2),);
                                    let __reply = {
                                        use ::flight_runtime::__v0_1::probes::*;
                                        let __reply = (
                                            ::flight_runtime::__v0_1::probe(&__reply.0)
                                                .split(__reply.0)?,
                                        );
                                        ::flight_runtime::__v0_1::probe(&__reply.0)
                                            .batches_blocking(__reply.0)?
                                    };
                                    __out.send_all_blocking(__reply)
                                },
                            )
                            .await
                    })
                },
            );
        #[cfg(feature = "files")]
        __table
            .list_route(
                "file",
                |
                    __this: ::std::sync::Arc<Self>,
                    __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<
                        ::flight_runtime::__v0_1::Address,
                    >|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        ::flight_runtime::__v0_1::blocking(
                                __call,
                                move || {
                                    let __list = (Self::files(&*__this),);
                                    let __list = {
                                        use ::flight_runtime::__v0_1::probes::*;
                                        let __list = (
                                            ::flight_runtime::__v0_1::probe(&__list.0).split(__list.0)?,
                                        );
                                        __list
                                    };
                                    let mut __addresses = ::std::vec::Vec::new();
                                    for __item in __list.0 {
                                        __addresses
                                            .push(
                                                ::core::result::Result::Ok({
                                                    let (__a0, __a1, __a2): (Region, u16, String) = __item;
                                                    Self::file_route(__a0, __a1, __a2)
                                                }),
                                            );
                                    }
                                    ::core::result::Result::Ok(
                                        ::flight_runtime::__v0_1::Rest::many(__addresses),
                                    )
                                },
                            )
                            .await
                    })
                },
            );
        __table
            .do_get(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "anything",
                    doc: "",
                    route: ::core::option::Option::None,
                    args: &[],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[
                        <Ticket as ::flight_runtime::__v0_1::FromCall<
                            ::flight_runtime::__v0_1::DoGet,
                        >>::takes,
                    ],
                    reply: ::core::option::Option::None,
                    schema: ::core::option::Option::None,
                    reply_schema: ::flight_runtime::__v0_1::type_of::<BatchStream>()
                        .reply_schema(),
                    upload_schema: ::core::option::Option::None,
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Default,
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    mut __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = ::flight_runtime::__v0_1::extractor::<
                            Ticket,
                            ::flight_runtime::__v0_1::DoGet,
                        >()
                            .extract(&mut __call)
                            .await?;
                        let __reply = (
                            ::flight_runtime::__v0_1::must_be_send(
                                    Self::anything(&*__this, __a0),
                                )
                                .await,
                        );
                        let __reply = {
                            use ::flight_runtime::__v0_1::probes::*;
                            let __reply = (
                                ::flight_runtime::__v0_1::probe(&__reply.0)
                                    .split(__reply.0)?,
                            );
                            ::flight_runtime::__v0_1::probe(&__reply.0)
                                .batches(__reply.0)?
                        };
                        __out.send_all(__reply).await
                    })
                },
            );
        __table
            .do_put(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "add",
                    doc: "",
                    route: ::core::option::Option::Some(::flight_runtime::__v0_1::RouteDef {
                        text: "stations/{station}",
                        path: &[
                            ::flight_runtime::__v0_1::Segment::Literal("stations"),
                            ::flight_runtime::__v0_1::Segment::Arg("station"),
                        ],
                        query: &[],
                    }),
                    args: &[
                        ::flight_runtime::__v0_1::ArgDef {
                            name: "station",
                            ty: "String",
                            kind: ::flight_runtime::__v0_1::path_kind::<String>,
                        },
                    ],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[
                        <BatchStream as ::flight_runtime::__v0_1::FromCall<
                            ::flight_runtime::__v0_1::Routed<
                                ::flight_runtime::__v0_1::DoPut,
                            >,
                        >>::takes,
                        <MetadataWriter as ::flight_runtime::__v0_1::FromCall<
                            ::flight_runtime::__v0_1::Routed<
                                ::flight_runtime::__v0_1::DoPut,
                            >,
                        >>::takes,
                    ],
                    reply: ::core::option::Option::Some(|| {
                        use ::flight_runtime::__v0_1::probes::*;
                        ::flight_runtime::__v0_1::put_reply::<
                            Self,
                            _,
                        >(|__this| Self::add(
                                __this,
                                ::flight_runtime::__v0_1::argument(),
                                ::flight_runtime::__v0_1::argument(),
                                ::flight_runtime::__v0_1::argument(),
                            ))
                            .value()
                            .def()
                    }),
                    schema: ::core::option::Option::None,
                    reply_schema: ::core::option::Option::None,
                    upload_schema: ::flight_runtime::__v0_1::type_of::<BatchStream>()
                        .upload_schema()
                        .or(
                            ::flight_runtime::__v0_1::type_of::<MetadataWriter>()
                                .upload_schema(),
                        ),
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Any(
                        &[
                            ::flight_runtime::__v0_1::Grant::Role("editor"),
                            ::flight_runtime::__v0_1::Grant::Scope("stations:write"),
                        ],
                    ),
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    mut __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = ::flight_runtime::__v0_1::path_arg::<
                            String,
                        >(&__call, 0)?;
                        let __a1 = ::flight_runtime::__v0_1::extractor::<
                            BatchStream,
                            ::flight_runtime::__v0_1::Routed<
                                ::flight_runtime::__v0_1::DoPut,
                            >,
                        >()
                            .extract(&mut __call)
                            .await?;
                        let __a2 = ::flight_runtime::__v0_1::extractor::<
                            MetadataWriter,
                            ::flight_runtime::__v0_1::Routed<
                                ::flight_runtime::__v0_1::DoPut,
                            >,
                        >()
                            .extract(&mut __call)
                            .await?;
                        let __reply = (
                            ::flight_runtime::__v0_1::must_be_send(
                                    Self::add(&*__this, __a0, __a1, __a2),
                                )
                                .await,
                        );
                        let __reply = {
                            use ::flight_runtime::__v0_1::probes::*;
                            let __reply = (
                                ::flight_runtime::__v0_1::probe(&__reply.0)
                                    .split(__reply.0)?,
                            );
                            ::flight_runtime::__v0_1::put_results(__reply.0)
                        };
                        __out.send_all(__reply).await
                    })
                },
            );
        __table
            .do_put(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "swallow",
                    doc: "",
                    route: ::core::option::Option::None,
                    args: &[],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[
                        <BatchStream as ::flight_runtime::__v0_1::FromCall<
                            ::flight_runtime::__v0_1::DoPut,
                        >>::takes,
                    ],
                    reply: ::core::option::Option::Some(|| {
                        use ::flight_runtime::__v0_1::probes::*;
                        ::flight_runtime::__v0_1::put_reply_blocking::<
                            Self,
                            _,
                        >(|__this| Self::swallow(
                                __this,
                                ::flight_runtime::__v0_1::argument(),
                            ))
                            .value()
                            .def()
                    }),
                    schema: ::core::option::Option::None,
                    reply_schema: ::core::option::Option::None,
                    upload_schema: ::flight_runtime::__v0_1::type_of::<BatchStream>()
                        .upload_schema(),
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Default,
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    mut __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = ::flight_runtime::__v0_1::extractor::<
                            BatchStream,
                            ::flight_runtime::__v0_1::DoPut,
                        >()
                            .extract(&mut __call)
                            .await?;
                        ::flight_runtime::__v0_1::blocking(
                                __call,
                                move || {
                                    let __reply = (Self::swallow(&*__this, __a0),);
                                    let __reply = {
                                        use ::flight_runtime::__v0_1::probes::*;
                                        let __reply = (
                                            ::flight_runtime::__v0_1::probe(&__reply.0)
                                                .split(__reply.0)?,
                                        );
                                        ::flight_runtime::__v0_1::put_results_blocking(__reply.0)
                                    };
                                    __out.send_all_blocking(__reply)
                                },
                            )
                            .await
                    })
                },
            );
        __table
            .do_exchange(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "score",
                    doc: "",
                    route: ::core::option::Option::Some(::flight_runtime::__v0_1::RouteDef {
                        text: "score",
                        path: &[::flight_runtime::__v0_1::Segment::Literal("score")],
                        query: &[],
                    }),
                    args: &[],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[
                        <BatchStream as ::flight_runtime::__v0_1::FromCall<
                            ::flight_runtime::__v0_1::Routed<
                                ::flight_runtime::__v0_1::DoExchange,
                            >,
                        >>::takes,
                    ],
                    reply: ::core::option::Option::None,
                    schema: ::core::option::Option::Some(|| {
                        #[allow(unused_imports)]
                        use ::flight_runtime::__v0_1::named::*;
                        use SCORES as Named;
                        ::flight_runtime::__v0_1::named_schema::<Named, _, _>(Named)
                    }),
                    reply_schema: ::flight_runtime::__v0_1::type_of::<
                        Result<BatchStream, Error>,
                    >()
                        .reply_schema(),
                    upload_schema: ::flight_runtime::__v0_1::type_of::<BatchStream>()
                        .upload_schema(),
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Guard(|
                        __principal,
                        __context|
                    ::flight_runtime::__v0_1::allows(
                        &(|caller: &Principal| caller.name() == "model"),
                        __principal,
                        __context,
                    )),
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    mut __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = ::flight_runtime::__v0_1::extractor::<
                            BatchStream,
                            ::flight_runtime::__v0_1::Routed<
                                ::flight_runtime::__v0_1::DoExchange,
                            >,
                        >()
                            .extract(&mut __call)
                            .await?;
                        let __reply = (
                            ::flight_runtime::__v0_1::must_be_send(
                                    Self::score(&*__this, __a0),
                                )
                                .await,
                        );
                        let __reply = {
                            use ::flight_runtime::__v0_1::probes::*;
                            let __reply = (
                                ::flight_runtime::__v0_1::probe(&__reply.0)
                                    .split(__reply.0)?,
                            );
                            ::flight_runtime::__v0_1::probe(&__reply.0)
                                .batches(__reply.0)?
                        };
                        __out.send_all(__reply).await
                    })
                },
            );
        __table
            .action(
                "compact",
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "compact",
                    doc: "Merge small files.",
                    route: ::core::option::Option::None,
                    args: &[],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[
                        <Json<
                            Compact,
                        > as ::flight_runtime::__v0_1::FromCall<
                            ::flight_runtime::__v0_1::DoAction,
                        >>::takes,
                    ],
                    reply: ::core::option::Option::Some(|| {
                        use ::flight_runtime::__v0_1::probes::*;
                        ::flight_runtime::__v0_1::action_reply::<
                            Self,
                            _,
                        >(|__this| Self::compact(
                                __this,
                                ::flight_runtime::__v0_1::argument(),
                            ))
                            .value()
                            .def()
                    }),
                    schema: ::core::option::Option::None,
                    reply_schema: ::core::option::Option::None,
                    upload_schema: ::core::option::Option::None,
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Guard(|
                        __principal,
                        __context|
                    ::flight_runtime::__v0_1::allows(
                        &(Self::is_operator),
                        __principal,
                        __context,
                    )),
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    mut __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = ::flight_runtime::__v0_1::extractor::<
                            Json<Compact>,
                            ::flight_runtime::__v0_1::DoAction,
                        >()
                            .extract(&mut __call)
                            .await?;
                        let __reply = (
                            ::flight_runtime::__v0_1::must_be_send(
                                    Self::compact(&*__this, __a0),
                                )
                                .await,
                        );
                        let __reply = {
                            use ::flight_runtime::__v0_1::probes::*;
                            let __reply = (
                                ::flight_runtime::__v0_1::probe(&__reply.0)
                                    .split(__reply.0)?,
                            );
                            ::flight_runtime::__v0_1::action_results(__reply.0)
                        };
                        __out.send_all(__reply).await
                    })
                },
            );
        #[allow(deprecated)]
        __table
            .do_action(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "other",
                    doc: "",
                    route: ::core::option::Option::None,
                    args: &[],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[
                        <Action as ::flight_runtime::__v0_1::FromCall<
                            ::flight_runtime::__v0_1::DoAction,
                        >>::takes,
                    ],
                    reply: ::core::option::Option::Some(|| {
                        use ::flight_runtime::__v0_1::probes::*;
                        ::flight_runtime::__v0_1::action_reply_blocking::<
                            Self,
                            _,
                        >(|__this| Self::other(
                                __this,
                                ::flight_runtime::__v0_1::argument(),
                            ))
                            .value()
                            .def()
                    }),
                    schema: ::core::option::Option::None,
                    reply_schema: ::core::option::Option::None,
                    upload_schema: ::core::option::Option::None,
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Default,
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    mut __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = ::flight_runtime::__v0_1::extractor::<
                            Action,
                            ::flight_runtime::__v0_1::DoAction,
                        >()
                            .extract(&mut __call)
                            .await?;
                        ::flight_runtime::__v0_1::blocking(
                                __call,
                                move || {
                                    let __reply = (Self::other(&*__this, __a0),);
                                    let __reply = {
                                        use ::flight_runtime::__v0_1::probes::*;
                                        let __reply = (
                                            ::flight_runtime::__v0_1::probe(&__reply.0)
                                                .split(__reply.0)?,
                                        );
                                        ::flight_runtime::__v0_1::action_results_blocking(__reply.0)
                                    };
                                    __out.send_all_blocking(__reply)
                                },
                            )
                            .await
                    })
                },
            );
        __table
            .get_flight_info(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "info",
                    doc: "",
                    route: ::core::option::Option::Some(::flight_runtime::__v0_1::RouteDef {
                        text: "stations/{station}",
                        path: &[
                            ::flight_runtime::__v0_1::Segment::Literal("stations"),
                            ::flight_runtime::__v0_1::Segment::Arg("station"),
                        ],
                        query: &[],
                    }),
                    args: &[
                        ::flight_runtime::__v0_1::ArgDef {
                            name: "station",
                            ty: "String",
                            kind: ::flight_runtime::__v0_1::path_kind::<String>,
                        },
                    ],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[
                        <FlightDescriptor as ::flight_runtime::__v0_1::FromCall<
                            ::flight_runtime::__v0_1::Routed<
                                ::flight_runtime::__v0_1::GetFlightInfo,
                            >,
                        >>::takes,
                    ],
                    reply: ::core::option::Option::None,
                    schema: ::core::option::Option::None,
                    reply_schema: ::core::option::Option::None,
                    upload_schema: ::core::option::Option::None,
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Default,
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    mut __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = ::flight_runtime::__v0_1::path_arg::<
                            String,
                        >(&__call, 0)?;
                        let __a1 = ::flight_runtime::__v0_1::extractor::<
                            FlightDescriptor,
                            ::flight_runtime::__v0_1::Routed<
                                ::flight_runtime::__v0_1::GetFlightInfo,
                            >,
                        >()
                            .extract(&mut __call)
                            .await?;
                        let __reply = (
                            ::flight_runtime::__v0_1::must_be_send(
                                    Self::info(&*__this, __a0, __a1),
                                )
                                .await,
                        );
                        let __reply = {
                            use ::flight_runtime::__v0_1::probes::*;
                            let __reply = (
                                ::flight_runtime::__v0_1::probe(&__reply.0)
                                    .split(__reply.0)?,
                            );
                            ::flight_runtime::__v0_1::flight_info(__reply.0)
                        };
                        __out.send_all(__reply).await
                    })
                },
            );
        __table
            .get_schema(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "any_schema",
                    doc: "",
                    route: ::core::option::Option::None,
                    args: &[],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[
                        <FlightDescriptor as ::flight_runtime::__v0_1::FromCall<
                            ::flight_runtime::__v0_1::GetSchema,
                        >>::takes,
                    ],
                    reply: ::core::option::Option::None,
                    schema: ::core::option::Option::None,
                    reply_schema: ::core::option::Option::None,
                    upload_schema: ::core::option::Option::None,
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Default,
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    mut __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = ::flight_runtime::__v0_1::extractor::<
                            FlightDescriptor,
                            ::flight_runtime::__v0_1::GetSchema,
                        >()
                            .extract(&mut __call)
                            .await?;
                        ::flight_runtime::__v0_1::blocking(
                                __call,
                                move || {
                                    let __reply = (Self::any_schema(&*__this, __a0),);
                                    let __reply = {
                                        use ::flight_runtime::__v0_1::probes::*;
                                        let __reply = (
                                            ::flight_runtime::__v0_1::probe(&__reply.0)
                                                .split(__reply.0)?,
                                        );
                                        ::flight_runtime::__v0_1::schema_result(__reply.0)?
                                    };
                                    __out.send_all_blocking(__reply)
                                },
                            )
                            .await
                    })
                },
            );
        __table
            .poll_flight_info(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "poll",
                    doc: "",
                    route: ::core::option::Option::Some(::flight_runtime::__v0_1::RouteDef {
                        text: "slow/{job}",
                        path: &[
                            ::flight_runtime::__v0_1::Segment::Literal("slow"),
                            ::flight_runtime::__v0_1::Segment::Arg("job"),
                        ],
                        query: &[],
                    }),
                    args: &[
                        ::flight_runtime::__v0_1::ArgDef {
                            name: "job",
                            ty: "u64",
                            kind: ::flight_runtime::__v0_1::path_kind::<u64>,
                        },
                    ],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[],
                    reply: ::core::option::Option::None,
                    schema: ::core::option::Option::None,
                    reply_schema: ::core::option::Option::None,
                    upload_schema: ::core::option::Option::None,
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Default,
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = ::flight_runtime::__v0_1::path_arg::<
                            u64,
                        >(&__call, 0)?;
                        let __reply = (
                            ::flight_runtime::__v0_1::must_be_send(
                                    Self::poll(&*__this, __a0),
                                )
                                .await,
                        );
                        let __reply = {
                            use ::flight_runtime::__v0_1::probes::*;
                            let __reply = (
                                ::flight_runtime::__v0_1::probe(&__reply.0)
                                    .split(__reply.0)?,
                            );
                            ::flight_runtime::__v0_1::poll_info(__reply.0)
                        };
                        __out.send_all(__reply).await
                    })
                },
            );
        __table
            .list_flights(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "flights",
                    doc: "",
                    route: ::core::option::Option::None,
                    args: &[],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[
                        <Criteria as ::flight_runtime::__v0_1::FromCall<
                            ::flight_runtime::__v0_1::ListFlights,
                        >>::takes,
                    ],
                    reply: ::core::option::Option::None,
                    schema: ::core::option::Option::None,
                    reply_schema: ::core::option::Option::None,
                    upload_schema: ::core::option::Option::None,
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Default,
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    mut __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = ::flight_runtime::__v0_1::extractor::<
                            Criteria,
                            ::flight_runtime::__v0_1::ListFlights,
                        >()
                            .extract(&mut __call)
                            .await?;
                        let __reply = (
                            ::flight_runtime::__v0_1::must_be_send(
                                    Self::flights(&*__this, __a0),
                                )
                                .await,
                        );
                        let __reply = {
                            use ::flight_runtime::__v0_1::probes::*;
                            let __reply = (
                                ::flight_runtime::__v0_1::probe(&__reply.0)
                                    .split(__reply.0)?,
                            );
                            ::flight_runtime::__v0_1::flight_infos(__reply.0)
                        };
                        __out.send_all(__reply).await
                    })
                },
            );
        __table
            .list_actions(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "actions",
                    doc: "",
                    route: ::core::option::Option::None,
                    args: &[],
                    place: ::flight_runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[],
                    reply: ::core::option::Option::None,
                    schema: ::core::option::Option::None,
                    reply_schema: ::core::option::Option::None,
                    upload_schema: ::core::option::Option::None,
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Public,
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        ::flight_runtime::__v0_1::blocking(
                                __call,
                                move || {
                                    let __reply = (Self::actions(&*__this),);
                                    let __reply = {
                                        use ::flight_runtime::__v0_1::probes::*;
                                        let __reply = (
                                            ::flight_runtime::__v0_1::probe(&__reply.0)
                                                .split(__reply.0)?,
                                        );
                                        ::flight_runtime::__v0_1::action_types_blocking(__reply.0)
                                    };
                                    __out.send_all_blocking(__reply)
                                },
                            )
                            .await
                    })
                },
            );
        Self::__flight_part_maintenance(__table);
    }
}
impl<S> Weather<S>
where
    S: Store,
{
    /// The address of [`Self::observations`]: `stations/{station}?{since}&{limit}`, filled in.
    pub fn observations_route(
        station: String,
        since: Option<NaiveDate>,
        limit: Option<usize>,
    ) -> ::flight_runtime::Address {
        let mut __address = ::flight_runtime::__v0_1::Address::build();
        __address.segment("stations");
        ::flight_runtime::__v0_1::filled(&station).arg(&mut __address);
        use ::flight_runtime::__v0_1::FilledQuery as _;
        ::flight_runtime::__v0_1::filled(&since).query(&mut __address, "since");
        ::flight_runtime::__v0_1::filled(&limit).query(&mut __address, "limit");
        __address.finish()
    }
    #[cfg(feature = "files")]
    /// The address of [`Self::file`]: `files/{r}/{year}/{*type}`, filled in.
    fn file_route(r: Region, year: u16, r#type: String) -> ::flight_runtime::Address {
        let mut __address = ::flight_runtime::__v0_1::Address::build();
        __address.segment("files");
        ::flight_runtime::__v0_1::filled(&r).arg(&mut __address);
        ::flight_runtime::__v0_1::filled(&year).arg(&mut __address);
        ::flight_runtime::__v0_1::filled(&r#type).rest(&mut __address);
        __address.finish()
    }
    /// The address of [`Self::add`]: `stations/{station}`, filled in.
    fn add_route(station: String) -> ::flight_runtime::Address {
        let mut __address = ::flight_runtime::__v0_1::Address::build();
        __address.segment("stations");
        ::flight_runtime::__v0_1::filled(&station).arg(&mut __address);
        __address.finish()
    }
    /// The address of [`Self::score`]: `score`, filled in.
    fn score_route() -> ::flight_runtime::Address {
        let mut __address = ::flight_runtime::__v0_1::Address::build();
        __address.segment("score");
        __address.finish()
    }
}
