//! The same server written by hand on arrow-flight and tonic, the way their documentation shows it.
//!
//! Settings are the defaults, but for the size of messages that come in: C++ clients send a batch as one.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::{FlightService, FlightServiceServer};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo,
    HandshakeRequest, HandshakeResponse, PollInfo, PutResult, Result as ActionResult, SchemaResult,
    Ticket,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::IpcWriteOptions;
use flight_benches::{DataSets, Failure, ServerArguments, serving, work};
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status, Streaming};

struct Bench {
    sets: DataSets,
}

type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What a ticket such as `numeric?repeat=16&compression=lz4` asks for.
struct Wanted {
    name: String,
    repeat: usize,
    compression: Option<CompressionType>,
}

impl Wanted {
    fn parse(ticket: &[u8]) -> Result<Self, Status> {
        let text = std::str::from_utf8(ticket)
            .map_err(|_| Status::invalid_argument("the ticket is not text"))?;
        let (name, query) = text.split_once('?').unwrap_or((text, ""));
        let mut wanted = Self {
            name: name.to_owned(),
            repeat: 1,
            compression: None,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("repeat", value)) => {
                    wanted.repeat = value
                        .parse()
                        .map_err(|_| Status::invalid_argument("repeat is not a number"))?;
                }
                Some(("compression", "lz4")) => {
                    wanted.compression = Some(CompressionType::LZ4_FRAME);
                }
                Some(("compression", "zstd")) => wanted.compression = Some(CompressionType::ZSTD),
                _ => return Err(Status::invalid_argument("unknown argument of the ticket")),
            }
        }
        Ok(wanted)
    }
}

fn uploaded(data: Streaming<FlightData>) -> FlightRecordBatchStream {
    // C++ clients begin a DoExchange with the descriptor alone, which arrow-flight's decoder refuses.
    let data = data.try_filter(|data| ready(!data.data_header.is_empty()));
    FlightRecordBatchStream::new_from_flight_data(data.map_err(FlightError::from))
}

#[tonic::async_trait]
impl FlightService for Bench {
    type HandshakeStream = Replies<HandshakeResponse>;
    type ListFlightsStream = Replies<FlightInfo>;
    type DoGetStream = Replies<FlightData>;
    type DoPutStream = Replies<PutResult>;
    type DoActionStream = Replies<ActionResult>;
    type ListActionsStream = Replies<ActionType>;
    type DoExchangeStream = Replies<FlightData>;

    async fn do_get(
        &self,
        request: Request<Ticket>,
    ) -> Result<Response<Self::DoGetStream>, Status> {
        let wanted = Wanted::parse(&request.into_inner().ticket)?;
        let set = self.sets.get(&wanted.name);
        let set = Arc::clone(set.ok_or_else(|| Status::not_found("no such set"))?);
        let schema = Arc::clone(&set.schema);
        let mut builder = FlightDataEncoderBuilder::new().with_schema(schema);
        if let Some(compression) = wanted.compression {
            let options = IpcWriteOptions::default().try_with_compression(Some(compression));
            let options = options.map_err(|error| Status::internal(error.to_string()))?;
            builder = builder.with_options(options);
        }
        let batches = stream::iter(set.repeated(wanted.repeat).map(Ok::<_, FlightError>));
        let replies = builder.build(batches).map_err(Status::from);
        Ok(Response::new(replies.boxed()))
    }

    async fn do_put(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoPutStream>, Status> {
        let mut batches = uploaded(request.into_inner());
        let mut count = 0;
        while let Some(batch) = batches.try_next().await? {
            let batch: RecordBatch = batch;
            count += batch.num_rows();
        }
        let result = PutResult {
            app_metadata: count.to_string().into(),
        };
        Ok(Response::new(stream::iter([Ok(result)]).boxed()))
    }

    async fn do_exchange(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        let batches = uploaded(request.into_inner());
        let replies = FlightDataEncoderBuilder::new().build(batches);
        Ok(Response::new(replies.map_err(Status::from).boxed()))
    }

    async fn do_action(
        &self,
        request: Request<Action>,
    ) -> Result<Response<Self::DoActionStream>, Status> {
        let action = request.into_inner();
        match action.r#type.as_str() {
            "echo" => {}
            "work" => work(&action.body),
            _ => return Err(Status::not_found("no such action")),
        }
        let result = ActionResult { body: action.body };
        Ok(Response::new(stream::iter([Ok(result)]).boxed()))
    }

    async fn handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        Err(Status::unimplemented("handshake"))
    }

    async fn list_flights(
        &self,
        _: Request<Criteria>,
    ) -> Result<Response<Self::ListFlightsStream>, Status> {
        Err(Status::unimplemented("list_flights"))
    }

    async fn get_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        Err(Status::unimplemented("get_flight_info"))
    }

    async fn poll_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        Err(Status::unimplemented("poll_flight_info"))
    }

    async fn get_schema(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<SchemaResult>, Status> {
        Err(Status::unimplemented("get_schema"))
    }

    async fn list_actions(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<Self::ListActionsStream>, Status> {
        Err(Status::unimplemented("list_actions"))
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let ServerArguments { sets, tls, .. } = ServerArguments::parse()?;
    let service = FlightServiceServer::new(Bench { sets }).max_decoding_message_size(256 << 20);
    let mut server = Server::builder();
    if let Some((certificate, key)) = tls {
        let identity = Identity::from_pem(std::fs::read(certificate)?, std::fs::read(key)?);
        server = server.tls_config(ServerTlsConfig::new().identity(identity))?;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let closed = serving(listener.local_addr()?.port());
    // What `Server::serve` sets by itself.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::select! {
        ended = server.add_service(service).serve_with_incoming(incoming) => Ok(ended?),
        _ = closed => Ok(()),
    }
}
