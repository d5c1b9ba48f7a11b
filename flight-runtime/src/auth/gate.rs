//! [`Gate`]: all authenticators of a server, and what it lets everybody do.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use arrow_flight::HandshakeResponse;

use super::authenticator::{Authenticator, Erased};
use super::handshake::{ByHandshake, ServerAuthHandler, ServerAuthReader, ServerAuthSender};
use crate::context::CallContext;
use crate::principal::Admission;
use crate::reply::{Rest, Running};
use crate::rpc::Method;
use crate::wire::compression::Encoding;
use crate::wire::cut::RequestBody;
use crate::{Code, Error};

/// Whom a server lets in.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    authenticators: Vec<Arc<dyn Erased>>,
    /// Asked after the others: it cannot tell whether a handshake is meant for it.
    handler: Option<Arc<dyn Erased>>,
    public: Arc<BTreeSet<Method>>,
    /// Two handlers were given.
    handler_twice: bool,
}

impl Gate {
    pub(crate) fn add(&mut self, authenticator: impl Authenticator) {
        self.authenticators.push(Arc::new(authenticator));
    }

    pub(crate) fn set_handler(&mut self, handler: impl ServerAuthHandler) {
        self.handler_twice |= self.handler.is_some();
        self.handler = Some(Arc::new(ByHandshake(handler)));
    }

    pub(crate) fn add_public(&mut self, methods: impl IntoIterator<Item = Method>) {
        Arc::make_mut(&mut self.public).extend(methods);
    }

    /// Whether anybody is asked for anything.
    pub(crate) fn is_open(&self) -> bool {
        self.all().next().is_none()
    }

    /// Whether secrets travel in headers.
    pub(crate) fn has_secrets(&self) -> bool {
        self.all().any(|authenticator| authenticator.is_secret())
    }

    /// What the builder was told that does not fit together.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.handler_twice {
            return Err(Error::invalid_argument(
                "two `auth_handler`s: a client's handshake goes to one of them; the ready-made ones are `authenticator`s",
            ));
        }
        for authenticator in self.all() {
            authenticator.check()?;
        }
        if self.is_open()
            && let Some(method) = self.public.iter().next()
        {
            return Err(Error::invalid_argument(format!(
                "`{method}` is said to be public, and this server asks nobody for credentials: add an `.authenticator(…)`, or leave it out"
            )));
        }
        Ok(())
    }

    fn all(&self) -> impl Iterator<Item = &Arc<dyn Erased>> {
        self.authenticators.iter().chain(&self.handler)
    }

    fn is_handler(&self, one: &Arc<dyn Erased>) -> bool {
        let handler = self.handler.as_ref();
        handler.is_some_and(|handler| Arc::ptr_eq(handler, one))
    }

    /// Asks who calls. A call that is neither admitted nor public ends here or at its handler, whatever it asks for.
    ///
    /// The second is whether the call brought credentials that are wrong.
    pub(crate) async fn admit(&self, context: &CallContext) -> Result<(Admission, bool), Error> {
        if self.is_open() {
            return Ok((Admission::Open, false));
        }
        let mut wrong = None;
        for authenticator in self.all() {
            match authenticator.authenticate(context).await {
                Ok(Some(principal)) => return Ok((Admission::Known(principal), false)),
                Ok(None) => {}
                // A bearer token that one does not know may be another's.
                Err(error) if error.code() == Code::Unauthenticated => {
                    wrong.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        let is_wrong = wrong.is_some();
        let admission = Admission::Anonymous {
            refusal: wrong.unwrap_or_else(|| self.missing()),
            public: Arc::clone(&self.public),
        };
        Ok((admission, is_wrong))
    }

    /// What callers without credentials are told.
    fn missing(&self) -> Error {
        let expected: Vec<_> = self.all().filter_map(|each| each.expects()).collect();
        Error::unauthenticated(match expected.split_last() {
            None => "credentials are missing".to_owned(),
            Some((last, [])) => format!("credentials are missing: expected {last}"),
            Some((last, rest)) => {
                format!(
                    "credentials are missing: expected {}, or {last}",
                    rest.join(", ")
                )
            }
        })
    }

    /// Answers a Handshake, which nobody needs credentials for.
    pub(crate) fn handshake(
        &self,
        context: CallContext,
        body: RequestBody,
        encoding: Encoding,
    ) -> Running<HandshakeResponse> {
        let gate = self.clone();
        Running::start(|sink| {
            Box::pin(async move {
                let mut outgoing = ServerAuthSender::new(sink);
                let mut incoming = ServerAuthReader::new(body, encoding);
                let mut wrong = None;
                for authenticator in gate.all() {
                    // Both would wait: the handler for what this client, who meant another, does not send, and the client for an answer to what was read.
                    if wrong.is_some() && (incoming.is_used() || gate.is_handler(authenticator)) {
                        break;
                    }
                    let taking_part =
                        authenticator.handshake(&context, &mut outgoing, &mut incoming);
                    match taking_part.await {
                        Ok(true) => return Ok(Rest::none()),
                        Ok(false) => {}
                        // Whom one does not know, another may.
                        Err(error) if error.code() == Code::Unauthenticated => {
                            wrong.get_or_insert(error);
                        }
                        Err(error) => return Err(wrong.unwrap_or(error)),
                    }
                }
                Err(wrong.unwrap_or_else(|| gate.no_handshake()))
            })
        })
    }

    fn no_handshake(&self) -> Error {
        let expected = self.all().find_map(|each| each.expects());
        Error::unimplemented(match expected {
            Some(expected) => {
                format!("this server has no handshake: each call brings {expected}")
            }
            None => "this server has no handshake: no auth_handler is set".to_owned(),
        })
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("authenticators", &self.all().count())
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}
