//! The contract, kept in memory.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use contract::{Inventory, Item, Stocked, Summary, SummaryRequest};
use flight_runtime::FlightServerBuilder;
use flight_runtime::prelude::*;

/// The service and its settings: what runs, and what tests connect to.
pub fn server() -> FlightServerBuilder {
    FlightServer::builder(Warehouses::with_samples())
        .location("grpc://localhost:{{port}}")
        .public_health()
}

/// Items by their article's number.
type Shelf = BTreeMap<String, Item>;

/// Warehouses, and what lies in them.
#[derive(Default)]
pub struct Warehouses {
    warehouses: RwLock<BTreeMap<String, Shelf>>,
}

impl Warehouses {
    /// Two warehouses with something in them, to try the clients with.
    pub fn with_samples() -> Self {
        let samples = [
            ("north", "a-100", "kettle", 12, 24.5),
            ("north", "a-200", "teapot", 5, 39.0),
            ("north", "b-100", "cup", 240, 3.5),
            ("south", "a-100", "kettle", 3, 26.5),
            ("south", "c-100", "spoon", 500, 0.75),
        ];
        let warehouses = Self::default();
        for (warehouse, article, name, quantity, price) in samples {
            let item = Item {
                article: article.to_owned(),
                name: name.to_owned(),
                quantity,
                price,
            };
            warehouses.put(warehouse, vec![item]);
        }
        warehouses
    }

    /// Puts all items there at once.
    fn put(&self, warehouse: &str, items: Vec<Item>) -> Stocked {
        let mut warehouses = self.write();
        let shelf = warehouses.entry(warehouse.to_owned()).or_default();
        let before = shelf.len();
        let stocked = items.len();
        shelf.extend(items.into_iter().map(|item| (item.article.clone(), item)));
        let new = shelf.len() - before;
        Stocked {
            new,
            changed: stocked - new,
        }
    }

    // Every write leaves the map whole, so a panic elsewhere while it is locked spoils nothing.
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Shelf>> {
        self.warehouses
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Shelf>> {
        self.warehouses
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn existing<'a>(warehouses: &'a BTreeMap<String, Shelf>, name: &str) -> Result<&'a Shelf, Error> {
    warehouses.get(name).ok_or_else(|| {
        let names: Vec<String> = warehouses.keys().map(|name| format!("`{name}`")).collect();
        Error::not_found(format!(
            "no warehouse `{name}`; there are {}",
            names.join(", ")
        ))
    })
}

#[flight_service]
impl Inventory for Warehouses {
    async fn items(&self, warehouse: String, limit: Option<usize>) -> Result<Rows<Item>, Error> {
        let warehouses = self.read();
        let items = existing(&warehouses, &warehouse)?.values().cloned();
        let items: Vec<Item> = items.take(limit.unwrap_or(usize::MAX)).collect();
        Ok(items.into())
    }

    fn warehouses(&self) -> Vec<String> {
        self.read().keys().cloned().collect()
    }

    async fn stock(
        &self,
        warehouse: String,
        mut items: Rows<Item>,
    ) -> Result<Json<Stocked>, Error> {
        let items = items.read_all().await?; // an upload that breaks off is an error here
        if let Some(item) = items
            .iter()
            .find(|item| !item.price.is_finite() || item.price < 0.0)
        {
            let Item { article, price, .. } = item;
            return Err(Error::invalid_argument(format!(
                "article `{article}`: {price} is no price"
            )));
        }
        let stocked = self.put(&warehouse, items);
        tracing::info!(warehouse, stocked.new, stocked.changed, "stocked");
        Ok(Json(stocked))
    }

    async fn summary(&self, Json(request): Json<SummaryRequest>) -> Result<Json<Summary>, Error> {
        let warehouses = self.read();
        let shelves: Vec<&Shelf> = match &request.warehouse {
            Some(name) => vec![existing(&warehouses, name)?],
            None => warehouses.values().collect(),
        };
        let items = || shelves.iter().flat_map(|shelf| shelf.values());
        Ok(Json(Summary {
            articles: items().count(),
            quantity: items().map(|item| u64::from(item.quantity)).sum(),
            value: items()
                .map(|item| item.price * f64::from(item.quantity))
                .sum(),
        }))
    }
}
