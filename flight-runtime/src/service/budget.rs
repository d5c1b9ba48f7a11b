//! [`Budget`]: what all messages that have begun to arrive may take, in fair shares.
//!
//! A message of hundreds of megabytes is legal, and whoever sends all of many messages but their ends makes the server hold them. So everybody may
//! hold as much as is still free: one caller half of the budget, and whoever comes next finds the other half there. (These are the dynamic
//! thresholds of Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998, with α = 1.)

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::quota::Who;
use crate::context::CallContext;
use crate::wire::error::WireError;
use crate::wire::held::Holds;

/// The bytes of unfinished messages of a server.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Inner>);

struct Inner {
    limit: usize,
    held: AtomicUsize,
    by_caller: Mutex<HashMap<Option<Who>, Arc<AtomicUsize>>>,
}

impl Budget {
    /// [`Limits::max_unfinished_bytes`](crate::Limits::max_unfinished_bytes).
    pub(crate) fn new(limit: usize) -> Self {
        Self(Arc::new(Inner {
            limit,
            held: AtomicUsize::new(0),
            by_caller: Mutex::default(),
        }))
    }

    /// The share of a call.
    pub(super) fn share(&self, context: &CallContext) -> Share {
        Share {
            budget: self.clone(),
            context: context.clone(),
            caller: None,
            held: 0,
        }
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<Option<Who>, Arc<AtomicUsize>>> {
        let callers = self.0.by_caller.lock();
        callers.unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("limit", &self.0.limit)
            .field("held", &self.0.held)
            .finish_non_exhaustive()
    }
}

/// What a call holds of it.
pub(super) struct Share {
    budget: Budget,
    context: CallContext,
    /// Known once the call holds something.
    caller: Option<Caller>,
    held: usize,
}

struct Caller {
    who: Option<Who>,
    held: Arc<AtomicUsize>,
}

impl Holds for Share {
    fn hold(&mut self, bytes: usize) -> Result<(), WireError> {
        let limit = self.budget.0.limit;
        let before = std::mem::replace(&mut self.held, bytes);
        let caller = self.caller();
        if bytes <= before {
            let less = before - bytes;
            caller.held.fetch_sub(less, Ordering::Relaxed);
            self.budget.0.held.fetch_sub(less, Ordering::Relaxed);
            return Ok(());
        }
        let more = bytes - before;
        let own = caller.held.fetch_add(more, Ordering::Relaxed) + more;
        let all = self.budget.0.held.fetch_add(more, Ordering::Relaxed) + more;
        if own <= limit.saturating_sub(all) {
            return Ok(());
        }
        Err(WireError::Limit {
            what: format!(
                "the messages that this caller has begun and not ended take {own} bytes, more than is left of what all may take"
            ),
            option: "max_unfinished_bytes",
            limit: limit.to_string(),
            slow: false,
        })
    }
}

impl Share {
    fn caller(&mut self) -> &Caller {
        self.caller.get_or_insert_with(|| {
            let who = Who::of(&self.context);
            let mut callers = self.budget.callers();
            let held = Arc::clone(callers.entry(who.clone()).or_default());
            Caller { who, held }
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.caller.is_none() {
            return;
        }
        // Less is never too much.
        let _ = self.hold(0);
        if let Some(Caller { who, held }) = self.caller.take() {
            let mut callers = self.budget.callers();
            drop(held);
            if callers
                .get(&who)
                .is_some_and(|held| Arc::strong_count(held) == 1)
            {
                callers.remove(&who);
            }
        }
    }
}
