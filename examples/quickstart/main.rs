//! Tables in memory: every kind of call, in the program that the README begins with.
//!
//! Run with `cargo run -p examples --bin quickstart`, and beside it `python examples/quickstart/client.py`; `examples/run quickstart` does both.

use std::collections::BTreeMap;

use flight_runtime::arrow::compute::concat_batches;
use flight_runtime::cli::{ServerArgs, clap::Parser};
use flight_runtime::prelude::*;
use tokio::sync::RwLock;

#[derive(Default)]
struct Tables {
    tables: RwLock<BTreeMap<String, RecordBatch>>,
}

/// Tables in memory.
#[flight_server]
impl Tables {
    /// The rows of a table, at most `limit` of them.
    #[do_get("tables/{name}?{limit}", list = names)]
    async fn read(&self, name: String, limit: Option<usize>) -> Result<RecordBatch, Error> {
        match self.tables.read().await.get(&name) {
            Some(table) => Ok(table.slice(0, limit.unwrap_or(usize::MAX).min(table.num_rows()))),
            None => Err(Error::not_found(format!("no table `{name}`"))),
        }
    }

    async fn names(&self) -> Vec<String> {
        self.tables.read().await.keys().cloned().collect()
    }

    /// Make or replace a table.
    #[do_put("tables/{name}")]
    async fn write(&self, name: String, mut rows: BatchStream) -> Result<(), Error> {
        let schema = rows.schema().await?;
        let batches = rows.read_all().await?; // an upload that breaks off is an error here
        self.tables
            .write()
            .await
            .insert(name, concat_batches(&schema, &batches)?);
        Ok(())
    }

    /// Every batch that is sent comes back with its first rows.
    #[do_exchange("head/{count}")]
    async fn head(&self, count: usize, mut rows: BatchStream) -> Result<BatchStream, Error> {
        let schema = rows.schema().await?;
        Ok(rows.map_batches(schema, move |batch| {
            Ok(batch.slice(0, count.min(batch.num_rows())))
        }))
    }

    /// Forget the table of this name.
    #[action("forget")]
    async fn forget(&self, name: String) -> Result<(), Error> {
        match self.tables.write().await.remove(&name) {
            Some(_) => Ok(()),
            None => Err(Error::not_found(format!("no table `{name}`"))),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args = ServerArgs::parse();
    args.init_logging()?;
    let server = args.configure(FlightServer::builder(Tables::default()))?;
    let server = server.start().await?;
    println!("listening on {}", server.location());
    server.serve().await
}
