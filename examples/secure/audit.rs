//! The audit log: a line for each call at its end, also for those that were refused.

use std::time::Instant;

use flight_runtime::prelude::*;
use flight_runtime::{Code, ServerMiddleware};

/// One call, watched from its start.
pub(crate) struct Audited {
    call: CallContext,
    began: Instant,
}

/// The factory: a function is one.
pub(crate) fn start(call: &CallContext, _: &Metadata) -> Result<Option<Audited>, Error> {
    Ok(Some(Audited {
        call: call.clone(),
        began: Instant::now(),
    }))
}

impl ServerMiddleware for Audited {
    fn call_completed(&self, result: Result<(), &Error>) {
        tracing::info!(
            target: "audit",
            method = %self.call.method(),
            // Known by now, as authentication and routing came in between; empty for nobody and nothing.
            route = self.call.route().unwrap_or_default(),
            identity = self.call.peer_identity(),
            peer = %self.call.peer(),
            code = ?result.map_or_else(Error::code, |()| Code::Ok),
            took = ?self.began.elapsed(),
        );
    }
}
