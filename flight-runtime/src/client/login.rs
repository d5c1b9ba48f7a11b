//! Logging in: what a client says once and gets a token for.

use arrow_flight::{BasicAuth, HandshakeRequest, HandshakeResponse};
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use prost::Message as _;
use tonic::metadata::{Binary, MetadataValue};

use super::answer::Outgoing;
use super::{CallOptions, FlightClient, ResultStream};
use crate::Error;
use crate::rpc::Method;
use crate::wire::grpc::encode_message;
use crate::wire::segments::Segments;

impl FlightClient {
    /// Logs in with name and password (`authorization: Basic`); the client that is returned sends the token that the server gave for it.
    ///
    /// This is `authenticate_basic_token` of other Flight clients: the token comes in the header `authorization` of the answer, or in its trailers.
    ///
    /// # Errors
    ///
    /// UNAUTHENTICATED when the server does not take them, INTERNAL when it gives no token, and what else it answers.
    pub async fn authenticate_basic(&self, name: &str, password: &str) -> Result<Self, Error> {
        let credentials =
            MetadataValue::<Binary>::from_bytes(format!("{name}:{password}").as_bytes());
        // gRPC leaves the padding of base64 out, which HTTP's Basic has.
        let mut encoded = String::from_utf8_lossy(credentials.as_encoded_bytes()).into_owned();
        while !encoded.len().is_multiple_of(4) {
            encoded.push('=');
        }
        let options = CallOptions::new().secret("authorization", format!("Basic {encoded}"))?;
        let mut answers = self.with(options).handshake([]).await?;
        while answers.try_next().await?.is_some() {}
        let headers = answers.answer().headers();
        let token = headers
            .get("authorization")
            .ok_or_else(|| Error::internal("the server answered the login without a token"))?;
        let options = self.options.clone().secret("authorization", token)?;
        Ok(Self {
            options,
            ..self.clone()
        })
    }

    /// Logs in by Flight's handshake with one message, a `BasicAuth`; the client that is returned sends the token in `auth-token-bin`.
    ///
    /// # Errors
    ///
    /// UNAUTHENTICATED when the server does not take them, INTERNAL when it gives no token, and what else it answers.
    pub async fn authenticate(&self, name: &str, password: &str) -> Result<Self, Error> {
        let login = BasicAuth {
            username: name.to_owned(),
            password: password.to_owned(),
        };
        self.authenticate_with(login.encode_to_vec()).await
    }

    /// Logs in by Flight's handshake with one message of the server's own kind.
    ///
    /// # Errors
    ///
    /// Those of [`authenticate`](Self::authenticate).
    pub async fn authenticate_with(&self, payload: impl Into<Bytes>) -> Result<Self, Error> {
        let mut answers = self.handshake([payload.into()]).await?;
        let token = answers.try_next().await?;
        let token = token
            .ok_or_else(|| Error::internal("the server answered the handshake without a token"))?;
        while answers.try_next().await?.is_some() {}
        Ok(self.with(CallOptions::new().handshake_token(token.payload)))
    }

    async fn handshake(
        &self,
        payloads: impl IntoIterator<Item = Bytes>,
    ) -> Result<ResultStream<HandshakeResponse>, Error> {
        let mut frames = Vec::new();
        for payload in payloads {
            let protocol_version = 0;
            let request = HandshakeRequest {
                protocol_version,
                payload,
            };
            frames.push(Ok(Segments::from(encode_message(&request)?)));
        }
        let upload = Outgoing::Upload(stream::iter(frames).boxed());
        let mut answer = self.start(Method::Handshake, upload).await?;
        answer.head().await?;
        Ok(self.results(answer))
    }
}
