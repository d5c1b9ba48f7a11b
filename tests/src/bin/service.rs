//! Serves the service under test until its standard input closes, or SIGTERM.
//!
//! Prints one line of JSON when it is ready: `{"location": "grpc://localhost:41001"}`. With `--methods` alone it prints the names of all
//! calls, and ends.

use std::net::{Ipv4Addr, SocketAddr};

use flight_runtime::tonic::transport::Server;
use flight_runtime::tonic::transport::server::TcpIncoming;
use flight_runtime::{Error, Method};
use flight_tests::{Options, builder, process};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Error> {
    process::log_and_announce()?;
    if std::env::args().nth(1).as_deref() == Some("--methods") {
        println!("{}", serde_json::json!(Method::ALL.map(Method::name)));
        return Ok(());
    }
    let options = Options::parse(std::env::args().skip(1)).map_err(Error::invalid_argument)?;
    let closed = process::stdin_closed();
    if options.tonic {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        process::announce(&format!("grpc://{}", listener.local_addr()?));
        Server::builder()
            .add_service(builder(&options).into_service()?)
            .serve_with_incoming_shutdown(TcpIncoming::from(listener), async {
                let _ = closed.await;
            })
            .await?;
        return Ok(());
    }
    tokio::select! {
        ended = builder(&options).serve() => ended,
        _ = closed => Ok(()),
    }
}
