//! What the service answers, apart from the server that does: rows, requests, and the trait.
//!
//! Clients need this crate alone. What changes here changes what others see: `tests/addresses.rs` has it written down.

use flight_runtime::prelude::*;
use serde::{Deserialize, Serialize};

/// What lies on a shelf.
#[derive(Clone, Debug, PartialEq, Row)]
pub struct Item {
    /// The article's number, one of its kind in a warehouse.
    pub article: String,
    pub name: String,
    pub quantity: u32,
    /// In euros, of one.
    pub price: f64,
}

/// Which items to sum up.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SummaryRequest {
    /// A warehouse, or all of them.
    pub warehouse: Option<String>,
}

/// How much there is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub articles: usize,
    pub quantity: u64,
    /// In euros.
    pub value: f64,
}

/// What became of an upload.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Stocked {
    /// Articles that are new in the warehouse.
    pub new: usize,
    /// Articles that were there, and have a new quantity, name or price.
    pub changed: usize,
}

/// What lies in which warehouse.
#[flight_service(client = InventoryClient)]
pub trait Inventory {
    /// The items of a warehouse, in the order of their numbers; at most `limit`.
    #[do_get("warehouses/{warehouse}?{limit}", list = warehouses, ordered)]
    async fn items(&self, warehouse: String, limit: Option<usize>) -> Result<Rows<Item>, Error>;

    /// The names of all warehouses.
    fn warehouses(&self) -> Vec<String>;

    /// Put items into a warehouse, which is made where there is none: new articles, or new values of those that are there.
    ///
    /// All of an upload is there at once, when the client has ended it; of one that breaks off, nothing is.
    #[do_put("warehouses/{warehouse}")]
    async fn stock(&self, warehouse: String, items: Rows<Item>) -> Result<Json<Stocked>, Error>;

    /// Sum up a warehouse, or all: `{"warehouse": "north"}`, `{}`.
    #[action("summary")]
    async fn summary(&self, request: Json<SummaryRequest>) -> Result<Json<Summary>, Error>;
}
