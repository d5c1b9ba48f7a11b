//! The same calls with our own client.

use std::sync::Arc;

use flight_runtime::FlightClient;
use flight_runtime::prelude::*;
use futures::stream::{self, TryStreamExt};

use crate::compare::same_messages;
use crate::generate::{Case, Dice};
use crate::{CODECS, Property, compression, uploaded};

/// A client whose uploads go out in messages of this size.
pub(crate) async fn connect(port: u16, size: usize) -> FlightClient {
    let builder = FlightClient::builder(format!("grpc://127.0.0.1:{port}"));
    let client = builder.max_upload_message_size(size).connect().await;
    client.unwrap()
}

/// Uploads of our own encoder.
const OURS: &str = "ours";

fn upload(case: &Case, codec: &str) -> BatchStream {
    let messages = stream::iter(case.messages.clone());
    let rows = BatchStream::new(SchemaRef::clone(&case.schema), messages);
    let rows = rows.with_compression(compression(codec));
    let rows = match &case.schema_metadata {
        Some(metadata) => rows.with_schema_metadata(metadata.clone()),
        None => rows,
    };
    match case.deltas {
        true => rows.with_dictionary_deltas(),
        false => rows,
    }
}

/// Metadata beside the schema comes as a message of its own.
async fn compare(case: &Case, mut rows: BatchStream) -> Result<(), String> {
    let schema = rows.schema().await.map_err(|error| error.to_string())?;
    if schema != case.schema {
        return Err(format!("sent {}, found {schema}", case.schema));
    }
    let found: Vec<Message> = rows
        .messages()
        .try_collect()
        .await
        .map_err(|error| error.to_string())?;
    same_messages(&schema, &uploaded(case, OURS), &found)
}

/// Every call with the case of this seed.
pub(crate) async fn check(client: FlightClient, case: Arc<Case>, seed: u64) -> Result<(), String> {
    let mut dice = Dice(!seed);
    for codec in CODECS {
        let at = |error: String| format!("do_get, {codec}: {error}");
        let ticket = Property::get_route(seed, codec.to_owned()).ticket();
        let rows = client.do_get(ticket).await;
        let rows = rows.map_err(|error| at(error.to_string()))?;
        compare(&case, rows).await.map_err(at)?;
    }

    let codec = dice.pick(&CODECS);
    let at = |error: Error| format!("do_put, {codec}: {error}");
    let route = Property::put_route(seed, OURS.to_owned());
    let results = client.do_put(route, upload(&case, codec)).await;
    results.map_err(at)?.read_all().await.map_err(at)?;

    let (there, back) = (dice.pick(&CODECS), dice.pick(&CODECS));
    let at = |error: String| format!("do_exchange, {there} there and {back} back: {error}");
    let route = Property::echo_route(back.to_owned());
    let rows = client.do_exchange(route, upload(&case, there)).await;
    let rows = rows.map_err(|error| at(error.to_string()))?;
    compare(&case, rows).await.map_err(at)
}
