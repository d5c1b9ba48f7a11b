//! gRPC services beside Flight on the same port: health, and reflection.
//!
//! Their calls go the way of Flight's own through layers, deadline, span and log, and ask for the same credentials. Middleware does not see them.

mod health;
#[cfg(feature = "reflection")]
mod reflection;

use std::sync::Arc;

use super::Service;
use super::dispatch::Incoming;
use super::frames::Messages;
use crate::Error;
use crate::context::CallContext;
use crate::principal::Admission;
use crate::wire::cut::RequestBody;

/// Of a request to them: a name in it is short.
const MAX_MESSAGE: usize = 64 << 10;

/// Which of them are on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beside {
    pub(crate) health: bool,
    /// Health asks nobody for credentials.
    pub(crate) public_health: bool,
    #[cfg(feature = "reflection")]
    pub(crate) reflection: bool,
}

/// A call of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BesideCall {
    HealthCheck,
    HealthWatch,
    #[cfg(feature = "reflection")]
    Reflection,
}

impl Beside {
    /// The call that a path names, and its name.
    pub(super) fn find(&self, path: &str) -> Option<(BesideCall, &'static str)> {
        let (call, path) = self.calls().find(|(_, of)| *of == path)?;
        Some((call, path.trim_start_matches('/')))
    }

    fn calls(&self) -> impl Iterator<Item = (BesideCall, &'static str)> {
        let health = [
            (BesideCall::HealthCheck, "/grpc.health.v1.Health/Check"),
            (BesideCall::HealthWatch, "/grpc.health.v1.Health/Watch"),
        ];
        let calls = health.into_iter().filter(|_| self.health);
        #[cfg(feature = "reflection")]
        let calls = calls.chain(reflection::calls().filter(|_| self.reflection));
        calls
    }
}

impl Service {
    /// Answers a call of a service beside Flight.
    pub(super) async fn open_beside(
        self: Arc<Self>,
        call: BesideCall,
        context: CallContext,
        body: RequestBody,
    ) -> Result<Messages, Error> {
        let is_health = matches!(call, BesideCall::HealthCheck | BesideCall::HealthWatch);
        match is_health && self.settings.beside.public_health {
            true => context.admit(Admission::Open),
            false => self.identify(&context).await?,
        }
        // What is public of Flight says nothing of these.
        if let Some(Admission::Anonymous { refusal, .. }) = context.admission() {
            return Err(refusal.again());
        }
        let incoming = Incoming::new(&context, body)?;
        match call {
            BesideCall::HealthCheck => health::check(context.server(), incoming).await,
            BesideCall::HealthWatch => health::watch(context.server().cloned(), incoming).await,
            #[cfg(feature = "reflection")]
            BesideCall::Reflection => Ok(reflection::answer(&self.settings.beside, incoming)),
        }
    }
}
