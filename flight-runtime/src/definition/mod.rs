//! What a service is, as plain data: its handlers, their arguments, bodies, replies, schemas and rules.
//!
//! [`FlightService::definition`](crate::FlightService::definition) gives the [`ServiceDefinition`] of a type, without an instance or a server.
//! A [`Definition`] holds those of one or more services and is written as one JSON document, which a running server also gives to whoever asks
//! for the action [`ACTION`]. The guide's page on definitions has the document field by field.
//!
//! ```
//! use flight_runtime::Definition;
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
//! }
//!
//! # fn main() -> Result<(), Error> {
//! let definition = Weather::definition();
//! assert_eq!(definition.doc, "Daily weather observations.");
//! let route = definition.handlers[0].route.as_ref().expect("it has one");
//! assert_eq!(route.text, "stations/{station}?{limit}");
//! assert_eq!(route.arguments[1].ty, "Option<usize>");
//!
//! let json = Definition::from(definition.clone()).to_json();
//! assert_eq!(Definition::from_json(&json)?.services, [definition]);
//! # Ok(())
//! # }
//! ```

mod document;
mod handler;
mod schema;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use document::Definition;
pub use handler::{
    Access, Argument, ArgumentKind, Body, Count, Encoding, Grant, HandlerDefinition, Part, Reply,
    Route, Segment,
};

/// The action by which a server gives the [`Definition`] of its services: an empty body, and one result in JSON.
///
/// It holds what the caller may use, by the rules that ListActions goes by. Not in ListActions itself, which lists what the services have.
/// [`FlightServerBuilder::describe`](crate::FlightServerBuilder::describe) turns it off.
pub const ACTION: &str = "flight-runtime.definition";

/// One service: a type with `#[flight_server]`, all of its parts included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceDefinition {
    /// The type's name, or what `name = "…"` says.
    pub name: String,
    /// The doc comment of the block; empty when there is none.
    #[serde(default)]
    pub doc: String,
    /// The handlers: those of the main block in the order of its source, then those of each part.
    #[serde(default)]
    pub handlers: Vec<HandlerDefinition>,
}

impl ServiceDefinition {
    pub(crate) fn new(name: &str, doc: &str, handlers: Vec<HandlerDefinition>) -> Self {
        Self {
            name: name.to_owned(),
            doc: doc.to_owned(),
            handlers,
        }
    }
}
