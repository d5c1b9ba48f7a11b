#[automatically_derived]
impl<T: Store> crate::runtime::FlightService for Station<T>
where
    T: Send,
{
    fn service() -> crate::runtime::__v0_1::ServiceDef {
        Self::__flight_contract_Weather(::core::option::Option::None)
    }
    fn handlers(__table: &mut crate::runtime::__v0_1::Table<Self>) {
        Self::__flight_contract_Weather(::core::option::Option::Some(__table));
    }
}
impl<T: Store> Station<T>
where
    T: Send,
{
    #[doc(hidden)]
    #[allow(non_snake_case)]
    fn __flight_contract_Weather(
        __table: ::core::option::Option<&mut crate::runtime::__v0_1::Table<Self>>,
    ) -> crate::runtime::__v0_1::ServiceDef {
        <Self as api::Weather>::__annotate_the_trait_with_flight_service(__table)
    }
}
