#![allow(dead_code, non_camel_case_types)]

use flight_runtime::prelude::{BatchStream, Error, flight_server};

// What generated code would mean if it wrote less than whole paths.
mod core {}
struct Option;
struct Result;
struct Some;
struct Ok;
struct Arc;
struct Vec;
struct Call;
struct Sink;
struct Table;
struct Routed;
struct FromCall;
struct Address;
struct Service;

macro_rules! module_path {
    () => {
        compile_error!("not this one")
    };
}
macro_rules! line {
    () => {
        compile_error!("not this one")
    };
}

#[flight_server]
impl Service {
    #[do_get("numbers/{__call}/{__table}/{__address}?{__out}", list = numbers)]
    async fn get(
        &self,
        __call: u64,
        __table: u64,
        __address: u64,
        __out: ::std::option::Option<u64>,
    ) -> ::std::result::Result<BatchStream, Error> {
        let _ = (__call, __table, __address, __out);
        Err(Error::not_found("nothing"))
    }

    async fn numbers(&self) -> ::std::vec::Vec<(u64, u64, u64)> {
        vec![]
    }

    #[do_put]
    fn put(&self) {}

    // Names of the trait that the block implements.
    #[action("service")]
    async fn service(&self) {}

    #[action("handlers")]
    fn handlers(&self) {}
}

fn main() {}
