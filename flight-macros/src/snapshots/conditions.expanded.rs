#[cfg(outer)]
impl A {
    #[cfg(a)]
    #[cfg_attr(b, cfg(c), inline)]
    async fn x(&self, y: u8) -> BatchStream {
        todo!()
    }
    #[cfg(d)]
    async fn ys(&self) -> Vec<u8> {
        todo!()
    }
}
#[cfg(outer)]
#[automatically_derived]
impl ::flight_runtime::FlightService for A {
    fn service() -> ::flight_runtime::__v0_1::ServiceDef {
        ::flight_runtime::__v0_1::ServiceDef {
            name: "A",
            doc: "",
            module: ::core::module_path!(),
        }
    }
    fn handlers(__table: &mut ::flight_runtime::__v0_1::Table<Self>) {
        #[cfg(a)] #[cfg_attr(b, cfg(c))]
        __table
            .do_get(
                ::flight_runtime::__v0_1::HandlerDef {
                    method: "x",
                    doc: "",
                    route: ::core::option::Option::Some(::flight_runtime::__v0_1::RouteDef {
                        text: "x/{y}",
                        path: &[
                            ::flight_runtime::__v0_1::Segment::Literal("x"),
                            ::flight_runtime::__v0_1::Segment::Arg("y"),
                        ],
                        query: &[],
                    }),
                    args: &[
                        ::flight_runtime::__v0_1::ArgDef {
                            name: "y",
                            ty: "u8",
                            kind: ::flight_runtime::__v0_1::path_kind::<u8>,
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
                    reply_schema: ::flight_runtime::__v0_1::type_of::<BatchStream>()
                        .reply_schema(),
                    upload_schema: ::core::option::Option::None,
                    ordered: false,
                    access: ::flight_runtime::__v0_1::Access::Guard(|
                        __principal,
                        __context|
                    ::flight_runtime::__v0_1::allows(&(guard), __principal, __context)),
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<_>|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __a0 = ::flight_runtime::__v0_1::path_arg::<u8>(&__call, 0)?;
                        let __reply = (
                            ::flight_runtime::__v0_1::must_be_send(
                                    Self::x(&*__this, __a0),
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
        #[cfg(a)] #[cfg_attr(b, cfg(c))] #[cfg(d)]
        __table
            .list_route(
                "x",
                |
                    __this: ::std::sync::Arc<Self>,
                    __call: ::flight_runtime::__v0_1::Call,
                    __out: ::flight_runtime::__v0_1::Sink<
                        ::flight_runtime::__v0_1::Address,
                    >|
                {
                    ::flight_runtime::__v0_1::boxed(async move {
                        let __list = (
                            ::flight_runtime::__v0_1::must_be_send(Self::ys(&*__this))
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
                                    let __a0: u8 = __item;
                                    Self::x_route(__a0)
                                })
                                .await?;
                        }
                        ::core::result::Result::Ok(
                            ::flight_runtime::__v0_1::Rest::none(),
                        )
                    })
                },
            );
    }
}
#[cfg(outer)]
impl A {
    #[cfg(a)]
    #[cfg_attr(b, cfg(c))]
    /// The address of [`Self::x`]: `x/{y}`, filled in.
    fn x_route(y: u8) -> ::flight_runtime::Address {
        let mut __address = ::flight_runtime::__v0_1::Address::build();
        __address.segment("x");
        ::flight_runtime::__v0_1::filled(&y).arg(&mut __address);
        __address.finish()
    }
}
