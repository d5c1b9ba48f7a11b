//! Handlers without a route, and services that have almost nothing.

use std::sync::Arc;

use flight_runtime::arrow::array::{ArrayRef, StringArray};
use flight_runtime::arrow::datatypes::{DataType, Field};
use flight_runtime::arrow::error::ArrowError;
use flight_runtime::prelude::*;
use futures::TryStreamExt;
use serde::Deserialize;

/// Everything that no route took.
pub(crate) struct CatchAll;

fn text_schema() -> Schema {
    Schema::new(vec![Field::new("text", DataType::Utf8, false)])
}

fn text(text: String) -> Result<RecordBatch, ArrowError> {
    let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
    RecordBatch::try_from_iter([("text", column)])
}

/// A command in JSON.
#[derive(Deserialize)]
pub(crate) struct Query {
    query: String,
}

#[flight_server(name = "everything else")]
impl CatchAll {
    /// One route, so that the others are told from it.
    #[do_get("routed/{name}")]
    fn routed(&self, name: String) -> Result<RecordBatch, ArrowError> {
        text(format!("routed {name}"))
    }

    #[do_get]
    async fn any_ticket(&self, ticket: Ticket) -> Result<RecordBatch, ArrowError> {
        text(format!("ticket {:?}", ticket.ticket))
    }

    #[get_flight_info]
    async fn any_info(
        &self,
        descriptor: FlightDescriptor,
        Json(query): Json<Query>,
    ) -> Result<FlightInfo, Error> {
        Ok(FlightInfo::new()
            .try_with_schema(&text_schema())?
            .with_descriptor(descriptor)
            .with_app_metadata(query.query))
    }

    #[get_schema]
    fn any_schema(&self, command: String) -> Schema {
        Schema::new(vec![Field::new(command, DataType::Utf8, false)])
    }

    #[poll_flight_info]
    fn any_poll(&self, command: Bytes) -> PollInfo {
        PollInfo::new().with_info(FlightInfo::new().with_app_metadata(command))
    }

    #[do_put]
    async fn any_upload(
        &self,
        descriptor: FlightDescriptor,
        mut rows: BatchStream,
    ) -> Result<String, Error> {
        let batches = rows.read_all().await?;
        Ok(format!("{descriptor}, {} batches", batches.len()))
    }

    #[do_exchange]
    async fn any_exchange(&self, command: String, rows: BatchStream) -> Result<BatchStream, Error> {
        let count = rows.try_fold(0, |sum, batch| async move { Ok(sum + batch.num_rows()) });
        let reply = text(format!("{command}: {} rows", count.await?))?;
        Ok(BatchStream::from_batches(reply.schema(), [reply]))
    }

    #[do_action]
    async fn any_action(&self, action: Action) -> ActionResult {
        ActionResult {
            body: format!("{} of {} bytes", action.r#type, action.body.len()).into(),
        }
    }

    #[list_actions]
    fn more_actions(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [("anything", "Takes any name."), ("else", "")].into_iter()
    }

    #[list_flights]
    fn more_flights(&self, Json(query): Json<Option<Query>>) -> Option<Address> {
        query.map(|query| Self::routed_route(query.query))
    }
}

/// A service of one action.
pub(crate) struct ActionsAlone;

#[flight_server]
impl ActionsAlone {
    /// The only thing to do.
    ///
    /// It has a second paragraph.
    #[action("only")]
    fn only(&self) {}
}

/// A service of one download.
pub(crate) struct DownloadsAlone;

#[flight_server]
impl DownloadsAlone {
    #[do_get("only")]
    fn only(&self) -> Result<RecordBatch, ArrowError> {
        text("only".to_owned())
    }
}
