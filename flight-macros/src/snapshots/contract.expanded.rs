pub trait Weather: Debug + ::core::marker::Send + ::core::marker::Sync + 'static {
    fn observations(
        &self,
        station: String,
    ) -> impl ::core::future::Future<
        Output = Result<BatchStream, Error>,
    > + ::core::marker::Send;
    fn names(
        &self,
    ) -> impl ::core::future::Future<Output = Vec<String>> + ::core::marker::Send;
    fn compact(
        &self,
    ) -> impl ::core::future::Future<Output = ()> + ::core::marker::Send {
        async move { self.merge() }
    }
    fn count(&self) -> Json<u32>;
    fn merge(&self);
    #[doc(hidden)]
    fn __annotate_the_trait_with_flight_service(
        __table: ::core::option::Option<&mut ::flight_runtime::__v0_1::Table<Self>>,
    ) -> ::flight_runtime::__v0_1::ServiceDef
    where
        Self: ::core::marker::Sized,
    {
        if let ::core::option::Option::Some(__table) = __table {
            __table
                .do_get(
                    ::flight_runtime::__v0_1::HandlerDef {
                        method: "observations",
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
                        takes: &[],
                        reply: ::core::option::Option::None,
                        schema: ::core::option::Option::None,
                        reply_schema: ::flight_runtime::__v0_1::type_of::<
                            Result<BatchStream, Error>,
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
                                String,
                            >(&__call, 0)?;
                            let __reply = (
                                ::flight_runtime::__v0_1::must_be_send(
                                        <Self as Weather>::observations(&*__this, __a0),
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
                        __call: ::flight_runtime::__v0_1::Call,
                        __out: ::flight_runtime::__v0_1::Sink<
                            ::flight_runtime::__v0_1::Address,
                        >|
                    {
                        ::flight_runtime::__v0_1::boxed(async move {
                            let __list = (
                                ::flight_runtime::__v0_1::must_be_send(
                                        <Self as Weather>::names(&*__this),
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
                                        <Self as Weather>::observations_route(__a0)
                                    })
                                    .await?;
                            }
                            ::core::result::Result::Ok(
                                ::flight_runtime::__v0_1::Rest::none(),
                            )
                        })
                    },
                );
            __table
                .action(
                    "compact",
                    ::flight_runtime::__v0_1::HandlerDef {
                        method: "compact",
                        doc: "",
                        route: ::core::option::Option::None,
                        args: &[],
                        place: ::flight_runtime::__v0_1::Place {
                            file: ::core::file!(),
                            line: ::core::line!(),
                            column: ::core::column!(),
                        },
                        takes: &[],
                        reply: ::core::option::Option::Some(|| {
                            use ::flight_runtime::__v0_1::probes::*;
                            ::flight_runtime::__v0_1::action_reply::<
                                Self,
                                _,
                            >(|__this| <Self as Weather>::compact(__this))
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
                        __call: ::flight_runtime::__v0_1::Call,
                        __out: ::flight_runtime::__v0_1::Sink<_>|
                    {
                        ::flight_runtime::__v0_1::boxed(async move {
                            let __reply = (
                                ::flight_runtime::__v0_1::must_be_send(
                                        <Self as Weather>::compact(&*__this),
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
            __table
                .action(
                    "count",
                    ::flight_runtime::__v0_1::HandlerDef {
                        method: "count",
                        doc: "",
                        route: ::core::option::Option::None,
                        args: &[],
                        place: ::flight_runtime::__v0_1::Place {
                            file: ::core::file!(),
                            line: ::core::line!(),
                            column: ::core::column!(),
                        },
                        takes: &[],
                        reply: ::core::option::Option::Some(|| {
                            use ::flight_runtime::__v0_1::probes::*;
                            ::flight_runtime::__v0_1::action_reply_blocking::<
                                Self,
                                _,
                            >(|__this| <Self as Weather>::count(__this))
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
                        __call: ::flight_runtime::__v0_1::Call,
                        __out: ::flight_runtime::__v0_1::Sink<_>|
                    {
                        ::flight_runtime::__v0_1::boxed(async move {
                            ::flight_runtime::__v0_1::blocking(
                                    __call,
                                    move || {
                                        let __reply = (<Self as Weather>::count(&*__this),);
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
        }
        ::flight_runtime::__v0_1::ServiceDef {
            name: "Weather",
            doc: "",
            module: ::core::module_path!(),
        }
    }
    /// The address of [`Self::observations`]: `stations/{station}`, filled in.
    fn observations_route(station: String) -> ::flight_runtime::Address
    where
        Self: ::core::marker::Sized,
    {
        let mut __address = ::flight_runtime::__v0_1::Address::build();
        __address.segment("stations");
        ::flight_runtime::__v0_1::filled(&station).arg(&mut __address);
        __address.finish()
    }
}
