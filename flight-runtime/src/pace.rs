//! [`Pace`]: a call as its connection sees it: whether its client keeps up with it, and how to end it.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use crate::Error;
use crate::wire::progress::Progress;

/// What can be ended from outside.
pub(crate) trait Ends: Send + Sync {
    /// Drops the handler; the client is told this, if it still listens.
    fn end_with(&self, error: Error);
}

/// What a call and its connection know of each other.
#[derive(Clone, Default)]
pub(crate) struct Pace(Arc<Inner>);

#[derive(Default)]
struct Inner {
    progress: Arc<Progress>,
    /// Unset until it has begun.
    call: OnceLock<Weak<dyn Ends>>,
}

impl Pace {
    pub(crate) fn progress(&self) -> &Arc<Progress> {
        &self.0.progress
    }

    /// Says what is ended; the first time counts.
    pub(crate) fn begin(&self, call: Weak<dyn Ends>) {
        let _ = self.0.call.set(call);
    }

    /// Ends the call, if it has begun and not ended.
    pub(crate) fn end_with(&self, error: Error) {
        if let Some(call) = self.0.call.get().and_then(Weak::upgrade) {
            call.end_with(error);
        }
    }

    /// Whether anybody else still knows it: the call.
    pub(crate) fn is_over(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pace").field(&self.0.progress).finish()
    }
}
