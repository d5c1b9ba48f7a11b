//! Flight in a server that is there already: beside axum's JSON routes, and beside another service of tonic's.
//!
//! Run with `examples/run mount`, or `cargo run -p examples --bin mount` and beside it `python examples/mount/client.py`. With `--tonic`, tonic
//! serves instead of axum, and there is no JSON.
//!
//! `into_service` makes a tower service of the handlers. What belongs to connections is the other server's: TLS, windows, shutdown, limits.

use std::net::SocketAddr;

use axum::Json as AxumJson;
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::map_request;
use axum::routing::get;
use examples::seattle;
use flight_runtime::arrow::array::AsArray;
use flight_runtime::arrow::compute::max;
use flight_runtime::arrow::datatypes::Float64Type;
use flight_runtime::cli::clap::{self, Parser};
use flight_runtime::prelude::*;
use flight_runtime::tonic::server::NamedService;
use flight_runtime::tonic::transport::Server;
use flight_runtime::tonic::transport::server::TcpIncoming;
use flight_runtime::{GrpcService, Peer};
use serde::Serialize;
use tokio::net::TcpListener;

/// Serves Flight in a server that is there already.
#[derive(Parser)]
struct Options {
    /// Where to listen
    #[arg(long, default_value = "grpc://localhost:8815")]
    location: String,
    /// Serve with tonic instead of axum
    #[arg(long)]
    tonic: bool,
}

/// The days, which both kinds of routes share. Cheap to clone.
#[derive(Clone)]
struct Weather {
    days: RecordBatch,
}

/// Daily weather in Seattle.
#[flight_server]
impl Weather {
    /// The first `limit` days, or all.
    #[do_get("days?{limit}")]
    async fn days(&self, limit: Option<usize>) -> RecordBatch {
        let rows = self.days.num_rows();
        self.days.slice(0, limit.unwrap_or(rows).min(rows))
    }

    /// Where the call came from.
    #[action("peer")]
    async fn peer(&self, call: CallContext) -> String {
        call.peer().to_string()
    }
}

#[derive(Serialize)]
struct Summary {
    days: usize,
    /// °C
    warmest: Option<f64>,
}

/// `GET /summary`
async fn summary(State(weather): State<Weather>) -> AxumJson<Summary> {
    let highs = weather.days.column(2).as_primitive::<Float64Type>();
    AxumJson(Summary {
        days: highs.len(),
        warmest: max(highs),
    })
}

/// One port for JSON and gRPC.
async fn serve_with_axum(
    listener: TcpListener,
    weather: Weather,
    flight: GrpcService,
) -> Result<(), Error> {
    let json = Router::new()
        .route("/summary", get(summary))
        .with_state(weather);
    // Every call of Flight is a path below its name; all else stays axum's, such as the 404 of what is not there.
    let calls = format!("/{}/{{*call}}", GrpcService::NAME);
    let grpc = Router::new().route_service(&calls, flight);
    // axum keeps the client's address in an extension of its own; `Peer` is where Flight's calls look for it.
    let grpc = grpc.layer(map_request(
        async |ConnectInfo(address): ConnectInfo<SocketAddr>, mut request: Request| {
            request.extensions_mut().insert(Peer::Tcp(address));
            request
        },
    ));
    let app = json
        .merge(grpc)
        .into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, app).await?)
}

/// Services of gRPC alone; any that tonic-build generates stands in the place of health.
async fn serve_with_tonic(listener: TcpListener, flight: GrpcService) -> Result<(), Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<GrpcService>().await;
    let server = Server::builder().add_service(health).add_service(flight);
    Ok(server
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let options = Options::parse();
    let address = options.location.trim_start_matches("grpc://");
    let listener = TcpListener::bind(address).await?;
    println!("listening on grpc://{}", listener.local_addr()?);

    let weather = Weather { days: seattle()? };
    let flight = FlightServer::builder(weather.clone()).into_service()?;
    match options.tonic {
        true => serve_with_tonic(listener, flight).await,
        false => serve_with_axum(listener, weather, flight).await,
    }
}
