//! Flight's own way to authenticate: messages both ways in a Handshake, then a token in `auth-token-bin` with every call.

use std::fmt;
use std::future::Future;

use arrow_flight::{HandshakeRequest, HandshakeResponse};
use bytes::Bytes;
use prost::Message;

use super::authenticator::Authenticator;
use crate::Error;
use crate::context::CallContext;
use crate::principal::Principal;
use crate::reply::Sink;
use crate::wire::compression::Encoding;
use crate::wire::cut::RequestBody;
use crate::wire::grpc::MessageReader;

/// The header in which clients send the token that the handshake gave them: `auth-token-bin`, in C++, Java, Go and Python alike.
pub const AUTH_TOKEN_HEADER: &str = "auth-token-bin";

/// The largest message of a handshake that a client may send, in bytes: they come from anybody.
pub const MAX_HANDSHAKE_MESSAGE: usize = 64 << 10;

/// Authenticates by Flight's handshake: what `client.authenticate(handler)` talks to in Python, and its like in C++, Java and Go.
///
/// The client calls Handshake once, the two exchange any number of messages, and the last one from here is usually a token, which the
/// client then sends with each call in [`auth-token-bin`](AUTH_TOKEN_HEADER).
///
/// ```
/// use flight_runtime::prelude::*;
/// use flight_runtime::{Principal, ServerAuthHandler, ServerAuthReader, ServerAuthSender};
///
/// struct Passphrase;
///
/// impl ServerAuthHandler for Passphrase {
///     async fn authenticate(
///         &self,
///         _: &CallContext,
///         outgoing: &mut ServerAuthSender,
///         incoming: &mut ServerAuthReader,
///     ) -> Result<(), Error> {
///         outgoing.write("who?").await?;
///         let name = incoming.read().await?;
///         outgoing.write("the passphrase?").await?;
///         if incoming.read().await? != "open sesame" {
///             return Err(Error::unauthenticated("that is not it"));
///         }
///         outgoing.write(name).await // a real one is not to be guessed
///     }
///
///     async fn is_valid(&self, _: &CallContext, token: &[u8]) -> Result<Principal, Error> {
///         match token {
///             b"ali" => Ok("ali".into()),
///             _ => Err(Error::unauthenticated("invalid token")),
///         }
///     }
/// }
///
/// # struct Tables;
/// # #[flight_server]
/// # impl Tables {
/// #     #[action("a")]
/// #     fn a(&self) {}
/// # }
/// # fn build() -> flight_runtime::FlightServerBuilder {
/// FlightServer::builder(Tables).auth_handler(Passphrase)
/// # }
/// ```
pub trait ServerAuthHandler: Send + Sync + 'static {
    /// Talks to a client that wants to be known.
    ///
    /// # Errors
    ///
    /// Whatever it returns ends the handshake; UNAUTHENTICATED is for credentials that are wrong.
    fn authenticate(
        &self,
        context: &CallContext,
        outgoing: &mut ServerAuthSender,
        incoming: &mut ServerAuthReader,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Who calls, by the token of a call. A call without a token is UNAUTHENTICATED without asking.
    ///
    /// # Errors
    ///
    /// UNAUTHENTICATED for a token that is none, or no longer one.
    fn is_valid(
        &self,
        context: &CallContext,
        token: &[u8],
    ) -> impl Future<Output = Result<Principal, Error>> + Send;
}

/// The token of a call in `auth-token-bin`.
pub(super) fn token(context: &CallContext) -> Result<Option<Bytes>, Error> {
    let Some(value) = context.headers().get_bin(AUTH_TOKEN_HEADER) else {
        return Ok(None);
    };
    match value.to_bytes() {
        Ok(token) => Ok(Some(token)),
        Err(_) => Err(Error::unauthenticated(format!(
            "the header `{AUTH_TOKEN_HEADER}` is not base64"
        ))),
    }
}

/// A [`ServerAuthHandler`] among the authenticators.
pub(crate) struct ByHandshake<H>(pub(crate) H);

impl<H: ServerAuthHandler> Authenticator for ByHandshake<H> {
    async fn authenticate(&self, context: &CallContext) -> Result<Option<Principal>, Error> {
        match token(context)? {
            Some(token) => self.0.is_valid(context, &token).await.map(Some),
            None => Ok(None),
        }
    }

    async fn handshake(
        &self,
        context: &CallContext,
        outgoing: &mut ServerAuthSender,
        incoming: &mut ServerAuthReader,
    ) -> Result<bool, Error> {
        self.0.authenticate(context, outgoing, incoming).await?;
        Ok(true)
    }

    fn expects(&self) -> Option<std::borrow::Cow<'static, str>> {
        Some("a handshake, and its token in `auth-token-bin`".into())
    }
}

/// The way to the client in a handshake.
pub struct ServerAuthSender(Sink<HandshakeResponse>);

impl ServerAuthSender {
    pub(crate) fn new(sink: Sink<HandshakeResponse>) -> Self {
        Self(sink)
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// CANCELLED when the client is gone.
    pub async fn write(&mut self, message: impl Into<Bytes>) -> Result<(), Error> {
        self.0
            .send(HandshakeResponse {
                protocol_version: 0,
                payload: message.into(),
            })
            .await
    }
}

impl fmt::Debug for ServerAuthSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerAuthSender")
    }
}

/// What the client sends in a handshake.
pub struct ServerAuthReader {
    reader: MessageReader<RequestBody>,
    peeked: Option<Bytes>,
    /// Something was read that is not there for whoever comes next.
    is_used: bool,
}

impl ServerAuthReader {
    pub(crate) fn new(body: RequestBody, encoding: Encoding) -> Self {
        Self {
            reader: MessageReader::new(body, encoding, MAX_HANDSHAKE_MESSAGE),
            peeked: None,
            is_used: false,
        }
    }

    pub(super) fn is_used(&self) -> bool {
        self.is_used
    }

    /// The next message.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT when the client has said all; RESOURCE_EXHAUSTED for a message over [`MAX_HANDSHAKE_MESSAGE`]; ABORTED
    /// when the handshake broke off.
    pub async fn read(&mut self) -> Result<Bytes, Error> {
        self.next().await?.ok_or_else(|| {
            Error::invalid_argument("the handshake ended where a message was expected")
        })
    }

    /// The next message, or `None` when the client has said all.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.is_used = true;
        match self.peeked.take() {
            Some(peeked) => Ok(Some(peeked)),
            None => self.message().await,
        }
    }

    async fn message(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(bytes) = self.reader.next().await? else {
            return Ok(None);
        };
        let request = HandshakeRequest::decode(bytes).map_err(|error| {
            Error::invalid_argument(format!("the handshake's message does not decode: {error}"))
        })?;
        Ok(Some(request.payload))
    }

    /// The next message, which stays the next one.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    pub async fn peek(&mut self) -> Result<Option<&Bytes>, Error> {
        if self.peeked.is_none() {
            self.peeked = self.message().await?;
        }
        Ok(self.peeked.as_ref())
    }
}

impl fmt::Debug for ServerAuthReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerAuthReader")
    }
}
