impl Weather {
    async fn vacuum(&self) -> Result<(), Error> {
        Ok(())
    }
}
impl Weather {
    #[doc(hidden)]
    #[allow(non_snake_case)]
    pub(crate) fn __flight_part_maintenance(
        __table: &mut crate::runtime::__v0_1::Table<Self>,
    ) {
        __table
            .action(
                "vacuum",
                crate::runtime::__v0_1::HandlerDef {
                    method: "vacuum",
                    doc: "",
                    route: ::core::option::Option::None,
                    args: &[],
                    place: crate::runtime::__v0_1::Place {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        column: ::core::column!(),
                    },
                    takes: &[],
                    reply: ::core::option::Option::Some(|| {
                        use crate::runtime::__v0_1::probes::*;
                        crate::runtime::__v0_1::action_reply::<
                            Self,
                            _,
                        >(|__this| Self::vacuum(__this))
                            .value()
                            .def()
                    }),
                    schema: ::core::option::Option::None,
                    reply_schema: ::core::option::Option::None,
                    upload_schema: ::core::option::Option::None,
                    ordered: false,
                    access: crate::runtime::__v0_1::Access::Any(
                        &[crate::runtime::__v0_1::Grant::Role("admin")],
                    ),
                },
                |
                    __this: ::std::sync::Arc<Self>,
                    __call: crate::runtime::__v0_1::Call,
                    __out: crate::runtime::__v0_1::Sink<_>|
                {
                    crate::runtime::__v0_1::boxed(async move {
                        let __reply = (
                            crate::runtime::__v0_1::must_be_send(Self::vacuum(&*__this))
                                .await,
                        );
                        let __reply = {
                            use crate::runtime::__v0_1::probes::*;
                            let __reply = (
                                crate::runtime::__v0_1::probe(&__reply.0).split(__reply.0)?,
                            );
                            crate::runtime::__v0_1::action_results(__reply.0)
                        };
                        __out.send_all(__reply).await
                    })
                },
            );
    }
}
