//! The ten calls of `arrow.flight.protocol.FlightService`, as a value and as types.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The gRPC service that all ten calls belong to.
pub const SERVICE_NAME: &str = "arrow.flight.protocol.FlightService";

/// A call of the Flight protocol.
///
/// [`Display`](fmt::Display) and serde give the name in Flight.proto, such as `DoGet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Method {
    /// `Handshake`: authentication, any number of messages each way.
    Handshake,
    /// `ListFlights`: what is there.
    ListFlights,
    /// `GetFlightInfo`: schema and endpoints of one flight.
    GetFlightInfo,
    /// `PollFlightInfo`: the same for a query that is still running.
    PollFlightInfo,
    /// `GetSchema`: the schema of one flight.
    GetSchema,
    /// `DoGet`: download a stream.
    DoGet,
    /// `DoPut`: upload a stream.
    DoPut,
    /// `DoExchange`: streams both ways.
    DoExchange,
    /// `DoAction`: anything else.
    DoAction,
    /// `ListActions`: the actions that are there.
    ListActions,
}

impl Method {
    /// All ten, in the order of Flight.proto.
    pub const ALL: [Method; 10] = [
        Method::Handshake,
        Method::ListFlights,
        Method::GetFlightInfo,
        Method::PollFlightInfo,
        Method::GetSchema,
        Method::DoGet,
        Method::DoPut,
        Method::DoExchange,
        Method::DoAction,
        Method::ListActions,
    ];

    /// The name in Flight.proto.
    pub fn name(self) -> &'static str {
        match self {
            Method::Handshake => "Handshake",
            Method::ListFlights => "ListFlights",
            Method::GetFlightInfo => "GetFlightInfo",
            Method::PollFlightInfo => "PollFlightInfo",
            Method::GetSchema => "GetSchema",
            Method::DoGet => "DoGet",
            Method::DoPut => "DoPut",
            Method::DoExchange => "DoExchange",
            Method::DoAction => "DoAction",
            Method::ListActions => "ListActions",
        }
    }

    /// The method that an HTTP/2 `:path` names: `/arrow.flight.protocol.FlightService/DoGet`.
    pub fn from_path(path: &str) -> Option<Method> {
        let name = path
            .strip_prefix('/')?
            .strip_prefix(SERVICE_NAME)?
            .strip_prefix('/')?;
        Method::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The attribute that answers this call.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Method::Handshake => "auth_handler",
            Method::ListFlights => "#[list_flights]",
            Method::GetFlightInfo => "#[get_flight_info]",
            Method::PollFlightInfo => "#[poll_flight_info]",
            Method::GetSchema => "#[get_schema]",
            Method::DoGet => "#[do_get]",
            Method::DoPut => "#[do_put]",
            Method::DoExchange => "#[do_exchange]",
            Method::DoAction => "#[action]",
            Method::ListActions => "#[list_actions]",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A call as a type: the parameter of [`FromCall`](crate::FromCall).
///
/// One marker for each call that a handler can answer, and [`Routed`] around it when the handler has a route.
/// An extractor for every call is `impl<R: Rpc> FromCall<R> for …`.
pub trait Rpc: sealed::Sealed + Send + Sync + 'static {
    /// The same call as a value.
    const METHOD: Method;
}

macro_rules! markers {
    ($($name:ident: $doc:literal),* $(,)?) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Copy, Debug)]
            pub struct $name;
            impl sealed::Sealed for $name {}
            impl Rpc for $name {
                const METHOD: Method = Method::$name;
            }
        )*
    };
}

markers! {
    ListFlights: "A `#[list_flights]` handler.",
    GetFlightInfo: "A `#[get_flight_info]` handler.",
    PollFlightInfo: "A `#[poll_flight_info]` handler.",
    GetSchema: "A `#[get_schema]` handler.",
    DoGet: "A `#[do_get]` handler.",
    DoPut: "A `#[do_put]` handler.",
    DoExchange: "A `#[do_exchange]` handler.",
    DoAction: "An `#[action(\"name\")]` or `#[do_action]` handler.",
    ListActions: "A `#[list_actions]` handler.",
}

/// A handler with a route: the ticket or descriptor was taken apart into its arguments, and is no payload any more.
#[derive(Clone, Copy, Debug)]
pub struct Routed<R>(std::marker::PhantomData<R>);

impl<R: Rpc> sealed::Sealed for Routed<R> {}
impl<R: Rpc> Rpc for Routed<R> {
    const METHOD: Method = R::METHOD;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_found_by_its_path_and_by_no_other() {
        for method in Method::ALL {
            assert_eq!(
                Method::from_path(&format!("/{SERVICE_NAME}/{method}")),
                Some(method)
            );
        }
        for path in [
            "",
            "/",
            "/DoGet",
            "/arrow.flight.protocol.FlightService/doget",
            "/other.Service/DoGet",
        ] {
            assert_eq!(Method::from_path(path), None, "{path}");
        }
    }
}
