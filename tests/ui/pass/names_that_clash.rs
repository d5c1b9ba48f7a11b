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
struct Access;
struct Grant;
struct Guard;
struct Role;
struct Scope;
struct Public;
struct Default;
struct Principal;
struct Service;

fn allows() {}

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

#[flight_server(roles("admin"))]
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

    #[do_put(require = "role:admin")]
    fn put(&self) {}

    #[do_exchange(require = |__context: &flight_runtime::Principal| __context.has_role("admin"))]
    async fn exchange(&self, rows: BatchStream) -> BatchStream {
        rows
    }

    #[do_action(public)]
    async fn allows(&self) {}

    // Names of the trait that the block implements.
    #[action("service")]
    async fn service(&self) {}

    #[action("handlers")]
    fn handlers(&self) {}
}

fn main() {}
