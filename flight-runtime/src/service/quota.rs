//! [`Quota`]: how many calls run, in all and for each caller.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Error;
use crate::caller::network;
use crate::context::CallContext;
use crate::handle::Counters;
use crate::limits::{Limits, reached};

/// The calls of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quota {
    counters: Arc<Counters>,
    by_caller: Arc<Mutex<HashMap<Who, usize>>>,
}

/// Who is counted by himself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Identity(Arc<str>),
    Address(IpAddr),
}

/// A call that may run. Dropped with it, it makes room for another.
pub(super) struct Permit {
    quota: Quota,
    who: Option<Who>,
}

impl Quota {
    pub(crate) fn new(counters: Arc<Counters>) -> Self {
        Self {
            counters,
            by_caller: Arc::default(),
        }
    }

    /// Lets a call run, whoever calls.
    pub(super) fn begin(&self, limits: &Limits) -> Result<Permit, Error> {
        let permit = Permit {
            quota: self.clone(),
            who: None,
        };
        if self.counters.call_began() > limits.calls {
            return Err(reached("too many calls at once", "max_calls", limits.calls));
        }
        Ok(permit)
    }
}

impl Permit {
    /// Counts the call for its caller, once it is known who that is.
    pub(super) fn of(&mut self, context: &CallContext, limits: &Limits) -> Result<(), Error> {
        let identity = context.peer_identity();
        let (who, most, option) = if identity.is_empty() {
            let Some(most) = limits.calls_per_address else {
                return Ok(());
            };
            let Some(address) = network(context.peer()) else {
                return Ok(());
            };
            (Who::Address(address), most, "max_calls_per_address")
        } else {
            let Some(most) = limits.calls_per_identity else {
                return Ok(());
            };
            (
                Who::Identity(identity.into()),
                most,
                "max_calls_per_identity",
            )
        };
        let mut running = self
            .quota
            .by_caller
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
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
        self.quota.counters.call_ended();
        if let Some(who) = self.who.take() {
            let mut running = self
                .quota
                .by_caller
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = running.get_mut(&who) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    running.remove(&who);
                }
            }
        }
    }
}
