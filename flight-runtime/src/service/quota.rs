//! [`Quota`]: how many calls run, in all and for each caller.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Error;
use crate::caller::network;
use crate::context::CallContext;
use crate::handle::Counters;
use crate::limits::{Limits, reached};

/// The calls of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quota(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    counters: Arc<Counters>,
    by_caller: Mutex<HashMap<Who, usize>>,
}

impl Inner {
    fn by_caller(&self) -> MutexGuard<'_, HashMap<Who, usize>> {
        self.by_caller
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who is counted by himself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    Identity(Arc<str>),
    Address(IpAddr),
}

impl Who {
    /// Whose call it is, as far as that is known.
    pub(super) fn of(context: &CallContext) -> Option<Self> {
        let identity = context.peer_identity();
        match identity.is_empty() {
            true => network(context.peer()).map(Self::Address),
            false => Some(Self::Identity(identity.into())),
        }
    }
}

/// A call that may run. Dropped with it, it makes room for another.
pub(super) struct Permit {
    quota: Quota,
    who: Option<Who>,
}

impl Quota {
    pub(crate) fn new(counters: Arc<Counters>) -> Self {
        Self(Arc::new(Inner {
            counters,
            by_caller: Mutex::default(),
        }))
    }

    /// Lets a call run, whoever calls.
    pub(super) fn begin(&self, limits: &Limits) -> Result<Permit, Error> {
        let permit = Permit {
            quota: self.clone(),
            who: None,
        };
        if self.0.counters.call_began() > limits.calls {
            return Err(reached("too many calls at once", "max_calls", limits.calls));
        }
        Ok(permit)
    }
}

impl Permit {
    /// Counts the call for its caller, once it is known who that is.
    pub(super) fn of(&mut self, context: &CallContext, limits: &Limits) -> Result<(), Error> {
        let Some(who) = Who::of(context) else {
            return Ok(());
        };
        let (most, option) = match who {
            Who::Address(_) => (limits.calls_per_address, "max_calls_per_address"),
            Who::Identity(_) => (limits.calls_per_identity, "max_calls_per_identity"),
        };
        let Some(most) = most else {
            return Ok(());
        };
        let mut running = self.quota.0.by_caller();
        let count = running.entry(who.clone()).or_default();
        if *count >= most {
            let whose = match &who {
                Who::Identity(name) => format!("`{}`", crate::route::shorten(name)),
                Who::Address(_) => "this address".to_owned(),
            };
            let what = format!("too many calls of {whose} at once");
            return Err(reached(&what, option, most));
        }
        *count += 1;
        drop(running);
        self.who = Some(who);
        Ok(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.quota.0.counters.call_ended();
        if let Some(who) = self.who.take() {
            let mut running = self.quota.0.by_caller();
            if let Some(count) = running.get_mut(&who) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    running.remove(&who);
                }
            }
        }
    }
}
