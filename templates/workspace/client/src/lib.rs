//! The commands of the client: each a call through the client of the contract, and what it prints.

use std::io::Write;

use contract::{InventoryClient, Item, SummaryRequest};
use flight_runtime::cli::clap::{self, Subcommand};
use flight_runtime::prelude::*;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the warehouses
    List,
    /// Show the items of a warehouse
    Items {
        warehouse: String,
        /// At most this many
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Put an item into a warehouse
    Stock {
        warehouse: String,
        /// The number of the article
        article: String,
        name: String,
        quantity: u32,
        /// In euros, of one
        price: f64,
    },
    /// Sum up a warehouse, or all of them
    Summary { warehouse: Option<String> },
}

impl Command {
    /// # Errors
    ///
    /// What the server answers, and what `out` fails with.
    pub async fn run(self, client: &InventoryClient, out: &mut impl Write) -> Result<(), Error> {
        match self {
            Self::List => list(client, out).await,
            Self::Items { warehouse, limit } => items(client, warehouse, limit, out).await,
            Self::Stock {
                warehouse,
                article,
                name,
                quantity,
                price,
            } => {
                let item = Item {
                    article,
                    name,
                    quantity,
                    price,
                };
                let stocked = client.stock(warehouse, vec![item]).await?;
                Ok(writeln!(
                    out,
                    "{} new, {} changed",
                    stocked.new, stocked.changed
                )?)
            }
            Self::Summary { warehouse } => {
                let summary = client.summary(&SummaryRequest { warehouse }).await?;
                let (articles, quantity, value) =
                    (summary.articles, summary.quantity, summary.value);
                Ok(writeln!(
                    out,
                    "{articles} articles, {quantity} pieces, {value:.2} €"
                )?)
            }
        }
    }
}

async fn list(client: &InventoryClient, out: &mut impl Write) -> Result<(), Error> {
    let mut flights = client.client().list_flights(Criteria::default()).await?;
    while let Some(flight) = flights.try_next().await? {
        let path = flight.flight_descriptor.unwrap_or_default().path;
        if let [first, warehouse] = &path[..]
            && first == "warehouses"
        {
            writeln!(out, "{warehouse}")?;
        }
    }
    Ok(())
}

/// Prints rows as they come: however many there are, a batch of them is in memory.
async fn items(
    client: &InventoryClient,
    warehouse: String,
    limit: Option<usize>,
    out: &mut impl Write,
) -> Result<(), Error> {
    let mut items = client.items(warehouse, limit).await?;
    while let Some(item) = items.try_next().await? {
        let (article, name, quantity, price) = (item.article, item.name, item.quantity, item.price);
        writeln!(out, "{article:10} {name:20} {quantity:8} {price:10.2} €")?;
    }
    Ok(())
}
