//! `grpc.health.v1.Health`, as [gRPC's health checking protocol](https://github.com/grpc/grpc/blob/master/doc/health-checking.md) has it.

use super::MAX_MESSAGE;
use crate::Error;
use crate::handle::ServerHandle;
use crate::reply::{Rest, Running};
use crate::rpc::SERVICE_NAME;
use crate::service::dispatch::{Incoming, messages, only, unary};
use crate::service::frames::Messages;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    service: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct HealthCheckResponse {
    #[prost(enumeration = "ServingStatus", tag = "1")]
    status: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
enum ServingStatus {
    Unknown = 0,
    Serving = 1,
    NotServing = 2,
    ServiceUnknown = 3,
}

impl From<ServingStatus> for HealthCheckResponse {
    fn from(status: ServingStatus) -> Self {
        Self {
            status: status.into(),
        }
    }
}

/// In a server of somebody else's there is no handle: whoever is asked serves.
fn status(server: Option<&ServerHandle>) -> ServingStatus {
    match server.is_none_or(ServerHandle::is_serving) {
        true => ServingStatus::Serving,
        false => ServingStatus::NotServing,
    }
}

/// The whole server, or Flight.
fn is_known(request: &HealthCheckRequest) -> bool {
    request.service.is_empty() || request.service == SERVICE_NAME
}

pub(super) async fn check(
    server: Option<&ServerHandle>,
    incoming: Incoming,
) -> Result<Messages, Error> {
    let request: HealthCheckRequest = unary(incoming, MAX_MESSAGE).await?;
    match is_known(&request) {
        true => only(HealthCheckResponse::from(status(server))),
        false => Err(Error::not_found(format!(
            "no service of that name: `{SERVICE_NAME}` is here, and the empty name is the server"
        ))),
    }
}

/// Says each change. It ends behind the NOT_SERVING of a server's end, which would otherwise wait for it.
pub(super) async fn watch(
    server: Option<ServerHandle>,
    incoming: Incoming,
) -> Result<Messages, Error> {
    let request: HealthCheckRequest = unary(incoming, MAX_MESSAGE).await?;
    let is_known = is_known(&request);
    Ok(messages(Running::start(|sink| {
        Box::pin(async move {
            let mut said = None;
            loop {
                let changed = server.as_ref().map(ServerHandle::serving_changed);
                let status = match is_known {
                    true => status(server.as_ref()),
                    false => ServingStatus::ServiceUnknown,
                };
                if said != Some(status) {
                    said = Some(status);
                    sink.send(HealthCheckResponse::from(status)).await?;
                }
                if server.as_ref().is_some_and(ServerHandle::is_shutting_down) {
                    return Ok(Rest::none());
                }
                match changed {
                    Some(changed) => changed.await,
                    None => std::future::pending().await,
                }
            }
        })
    })))
}
