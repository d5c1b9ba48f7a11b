//! Whole connections: what the other side writes, whatever it is asked.

use std::cell::RefCell;
use std::future::ready;
use std::sync::Arc;

use tokio::io::{AsyncWriteExt, DuplexStream, duplex, sink};

use super::calls::Everything;
use super::{block_on, choice};
use crate::client::FlightClient;
use crate::prelude::*;
use crate::server::Memory;
use crate::testing::client_over;

/// What is under way.
const BUFFER: usize = 64 << 10;

/// Writes all of it, and reads to the end what is said to it.
async fn speak(mut stream: DuplexStream, bytes: Vec<u8>) {
    // Whoever has heard enough closes.
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
    let _ = tokio::io::copy(&mut stream, &mut sink()).await;
}

/// What a server writes to our client: HTTP/2 with the answer of one call. The first byte says which call it is.
pub fn answer(bytes: &[u8]) {
    let (which, bytes) = choice(bytes, 6);
    let bytes = bytes.to_vec();
    block_on(async move {
        let client = FlightClient::builder("grpc://memory:0");
        let client = client_over(client, move || {
            let (here, there) = duplex(BUFFER);
            tokio::spawn(speak(there, bytes.clone()));
            ready(Ok(here))
        })?;
        ask(&client, which).await
    })
    // Whether it was one or none: it has ended.
    .unwrap_or_default();
}

async fn ask(client: &FlightClient, which: u8) -> Result<(), Error> {
    match which {
        0 => {
            let mut rows = client.do_get(Ticket::new("rows")).await?;
            super::validate(&rows.read_all().await?);
        }
        1 => {
            let info = FlightDescriptor::new_cmd("rows");
            client.get_flight_info(info).await?;
        }
        2 => {
            let results = client.do_action(Action::new("a", "body")).await?;
            results.read_all().await?;
        }
        3 => {
            let rows = BatchStream::empty(Arc::new(arrow::datatypes::Schema::empty()));
            let results = client.do_put(FlightDescriptor::new_cmd("a"), rows);
            results.await?.read_all().await?;
        }
        4 => {
            let schema = client.get_schema(FlightDescriptor::new_cmd("rows")).await?;
            let _ = arrow::datatypes::Schema::try_from(&schema);
        }
        _ => {
            client.list_flights(Criteria::default()).await?;
        }
    }
    Ok(())
}

thread_local! {
    static SERVER: RefCell<Option<Memory>> = const { RefCell::new(None) };
}

/// What a client writes to our server: HTTP/2 with any number of calls.
pub fn connection(bytes: &[u8]) {
    block_on(async {
        let stream = SERVER.with_borrow_mut(|server| {
            let start = || Memory::start(FlightServer::builder(Everything));
            let server = server.get_or_insert_with(|| start().expect("a server"));
            server.connect()
        });
        if let Ok(stream) = stream {
            speak(stream, bytes.to_vec()).await;
        }
    });
}
