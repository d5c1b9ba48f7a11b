//! Serve [Arrow Flight](https://arrow.apache.org/docs/format/Flight.html) from annotated impl blocks.
//!
//! ```no_run
//! use flight_runtime::prelude::*;
//!
//! struct Weather;
//!
//! /// Daily weather observations.
//! #[flight_server]
//! impl Weather {
//!     /// Observations of one station, oldest first.
//!     #[do_get("stations/{station}?{limit}")]
//!     async fn observations(&self, station: String, limit: Option<usize>) -> Result<Vec<RecordBatch>, Error> {
//!         Err(Error::not_found(format!("no station `{station}` among {limit:?}")))
//!     }
//!
//!     /// Adds observations to a station.
//!     #[do_put("stations/{station}")]
//!     async fn add(&self, station: String, mut rows: BatchStream) -> Result<String, Error> {
//!         let batches = rows.read_all().await?;
//!         Ok(format!("{} batches for {station}", batches.len()))
//!     }
//!
//!     /// Merges small files.
//!     #[action("compact")]
//!     async fn compact(&self) {}
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     FlightServer::builder(Weather).location("grpc://0.0.0.0:8815").serve().await
//! }
//! ```
//!
//! Any Flight client calls it, such as `pyarrow.flight`, with a ticket that a person can write: `stations/seattle?limit=5`.
//!
//! # What follows from an attribute
//!
//! | on a method | answers |
//! |---|---|
//! | [`#[do_get("route")]`](macro@do_get) | DoGet, and from the same declaration GetFlightInfo, GetSchema, PollFlightInfo and the entry in ListFlights |
//! | [`#[do_put("route")]`](macro@do_put) | DoPut whose descriptor is of that route |
//! | [`#[do_exchange("route")]`](macro@do_exchange) | DoExchange whose descriptor is of that route |
//! | [`#[action("name")]`](macro@action) | DoAction of that name, and its entry in ListActions, described by the doc comment |
//! | the same without a route, and [`#[do_action]`](macro@do_action) | whatever no route or name took |
//! | [`#[get_flight_info]`](macro@get_flight_info), [`#[get_schema]`](macro@get_schema), [`#[poll_flight_info]`](macro@poll_flight_info) | replace what would be generated, for a route or for the rest |
//! | [`#[list_flights]`](macro@list_flights), [`#[list_actions]`](macro@list_actions) | add to the lists |
//!
//! # Where to read on
//!
//! - [`flight_server`](macro@flight_server): routes, options, several blocks and services
//! - [`FromCall`]: what a method may take; [`IntoBatches`], [`IntoPutResults`], [`IntoActionResults`]: what it may return
//! - [`BatchStream`]: rows in either direction
//! - [`Rows`]: the same as structs, with the feature `rows`
//! - [`Error`]: what a call fails with, and what the client sees of it
//! - [`CallContext`]: who calls, until when, headers and trailers
//! - [`TraceContext`]: which trace a call belongs to; the guide's page on operations has its span, the access log and metrics
//! - [`Authenticator`], [`ServerAuthHandler`], [`Principal`]: who may call, and what
//! - [`ServerMiddlewareFactory`], [`FlightServerBuilder::layer`]: what happens around every call
//! - [`FlightServer`]: where it listens, and how it ends
//! - [`Limits`]: how much it takes
//! - `cli`: all of that by flags and by environment, with the feature `cli`
//! - [`FlightClient`]: calls to any Flight server; [`flight_server`](macro@flight_server#client) generates typed ones
//! - [`testing`]: a service and a client connected in memory
//! - [`definition`]: a service as data and as JSON, from which clients can be generated
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `lz4`, `zstd` | yes | Arrow IPC bodies in that compression, both ways |
//! | `gzip` | yes | messages of clients that compress with gRPC's own `grpc-encoding: gzip`; answers are compressed by Arrow or not at all |
//! | `tls-ring`, `tls-aws-lc` | no | `grpc+tls://` locations, on rustls with that provider of cryptography; aws-lc where both are on |
//! | `auth` | no | [`BasicAuth`], [`BearerTokens`] and [`ApiKeys`] |
//! | `jwt` | no | [`JwtAuth`] |
//! | `metrics` | no | counters, gauges and histograms of calls and connections, through the facade of the crate `metrics` |
//! | `prometheus` | no | [`Prometheus`]: these as Prometheus reads them |
//! | `reflection` | no | [`FlightServerBuilder::reflection`] |
//! | `rows` | no | [`Rows<T>`] of structs that derive [`Row`](trait@Row), as arguments and returns; two crates more in the build, for that derive |
//! | `cli` | no | [`cli`]: flags and environment variables of a server, on clap |
//! | `csv`, `json` | no | the modules of that name in the re-exported [`arrow`], which is version 59 |
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod auth;
mod batches;
mod call;
mod caller;
mod certificate;
#[cfg(feature = "cli")]
pub mod cli;
mod client;
mod context;
mod deadlines;
pub mod definition;
pub mod error;
mod extract;
#[cfg(feature = "fuzz")]
mod fuzz;
mod handle;
mod headers;
mod limits;
mod location;
mod middleware;
mod observe;
mod pace;
mod pem;
mod principal;
mod reply;
mod route;
#[cfg(feature = "rows")]
pub mod rows;
pub mod rpc;
mod server;
mod service;
mod socket;
pub mod testing;
mod timers;
#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc"))]
mod tls;
mod wire;

pub use auth::{
    AUTH_TOKEN_HEADER, Authenticator, ClientCertificates, Guard, MAX_HANDSHAKE_MESSAGE,
    ServerAuthHandler, ServerAuthReader, ServerAuthSender,
};
#[cfg(feature = "auth")]
pub use auth::{ApiKeys, BasicAuth, BearerTokens, Tokens};
#[cfg(feature = "jwt")]
pub use auth::{JwtAuth, JwtKeys};
pub use batches::{BatchStream, Compression, Message};
pub use call::Call;
pub use caller::Peer;
pub use certificate::PeerCertificate;
pub use client::{
    CallOptions, ClientItem, ClientReply, FlightClient, FlightClientBuilder, Replies, ResultStream,
};
pub use context::CallContext;
pub use definition::{Definition, ServiceDefinition};
pub use error::{Code, Error, IntoError};
pub use extract::{FromCall, Identity, Input, Json, Metadata, Middleware, Proto};
pub use flight_macros::{
    action, do_action, do_exchange, do_get, do_put, flight_server, flight_service, get_flight_info,
    get_schema, list_actions, list_flights, poll_flight_info,
};
pub use handle::ServerHandle;
pub use limits::Limits;
pub use location::Location;
pub use middleware::{ResponseHeaders, ServerMiddleware, ServerMiddlewareFactory};
#[cfg(feature = "prometheus")]
pub use observe::Prometheus;
pub use observe::TraceContext;
pub use pem::Pem;
pub use principal::Principal;
pub use reply::{
    IntoActionResults, IntoActionTypes, IntoBatches, IntoFlightInfo, IntoFlightInfos, IntoItem,
    IntoMessageItem, IntoPollInfo, IntoPutResults, IntoSchema, IntoSchemaResult, IntoStreamItem,
    MetadataWriter,
};
pub use route::{Absent, Address, ArgKind, QueryValue, RouteValue};
#[cfg(feature = "rows")]
pub use rows::{Row, Rows};
pub use rpc::Method;
pub use server::{FlightServer, FlightServerBuilder, RunningServer};
pub use service::{
    CallBody, CallData, CallFuture, CallService, FlightService, GrpcFuture, GrpcService,
};

pub use arrow_flight::{
    Action, ActionType, Criteria, FlightDescriptor, FlightEndpoint, FlightInfo, PollInfo,
    PutResult, Result as ActionResult, SchemaResult, Ticket,
};
#[cfg(feature = "rows")]
pub use typed_arrow;
pub use {arrow, arrow_flight, bytes, futures, http, prost, tonic};

/// Everything that a service is usually written with.
pub mod prelude {
    pub use crate::arrow::array::RecordBatch;
    pub use crate::arrow::datatypes::{Schema, SchemaRef};
    pub use crate::bytes::Bytes;
    pub use crate::{
        Action, ActionResult, ActionType, Address, BatchStream, CallContext, Criteria, Error,
        FlightDescriptor, FlightEndpoint, FlightInfo, FlightServer, FlightService, Identity, Json,
        Location, Message, Metadata, MetadataWriter, Middleware, PollInfo, Principal, Proto,
        PutResult, SchemaResult, Ticket,
    };
    #[cfg(feature = "rows")]
    pub use crate::{Row, Rows, typed_arrow};
    pub use crate::{
        action, do_action, do_exchange, do_get, do_put, flight_server, flight_service,
        get_flight_info, get_schema, list_actions, list_flights, poll_flight_info,
    };
}

/// What the code generated by `flight-macros` 0.1 calls. Not an interface: it changes with the macros.
#[doc(hidden)]
pub mod __v0_1 {
    pub use crate::auth::{Access, Grant, allows};
    pub use crate::call::Call;
    pub use crate::client::typed::glue as client;
    pub use crate::extract::{FromCall, Takes, extractor, path_arg, query_arg};
    pub use crate::reply::glue::*;
    pub use crate::route::{Address, AddressBuilder, FilledQuery, filled};
    pub use crate::route::{ArgDef, RouteDef, Segment, absent, path_kind, query_kind};
    pub use crate::rpc::{
        DoAction, DoExchange, DoGet, DoPut, GetFlightInfo, GetSchema, ListActions, ListFlights,
        PollFlightInfo, Routed,
    };
    pub use crate::service::{HandlerDef, Place, ServiceDef, Table};
}

/// What this crate's benches measure. Not an interface: only they turn the feature on.
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod __bench {
    pub use crate::wire::bench::{Checked, Upload, encode};
}

/// What fuzzers and tests of damaged input call. Not an interface: only they turn the feature on.
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod __fuzz {
    pub use crate::fuzz::*;
}

/// With the features that the workspace's tests turn on.
#[cfg(all(
    doctest,
    feature = "auth",
    feature = "cli",
    feature = "jwt",
    feature = "prometheus",
    feature = "rows",
    feature = "tls-ring"
))]
mod guide;
