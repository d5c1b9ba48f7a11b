//! Orders, in memory. Put a database here.

use std::sync::{Mutex, MutexGuard, PoisonError};

use flight_runtime::prelude::*;
use flight_runtime::rows::Date;

/// A row: its fields are the columns that clients see.
#[derive(Clone, Debug, PartialEq, Row)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) customer: String,
    pub(crate) day: Date,
    pub(crate) amount: f64,
}

#[derive(Default)]
pub(crate) struct Orders(Mutex<Vec<Order>>);

impl Orders {
    /// Those from this day on, or all.
    pub(crate) fn since(&self, day: Option<Date>) -> Vec<Order> {
        let orders = self.lock();
        let from = orders
            .iter()
            .filter(|order| day.is_none_or(|day| order.day >= day));
        from.cloned().collect()
    }

    /// All of them, or none when one is there already.
    pub(crate) fn add(&self, new: Vec<Order>) -> Result<(), Error> {
        let mut orders = self.lock();
        let mut ids: Vec<_> = orders.iter().chain(&new).map(|order| order.id).collect();
        ids.sort_unstable();
        if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::already_exists(format!(
                "order {} is there already",
                twice[0]
            )));
        }
        orders.extend(new);
        Ok(())
    }

    pub(crate) fn cancel(&self, id: u64) -> Result<(), Error> {
        let mut orders = self.lock();
        let place = orders.iter().position(|order| order.id == id);
        orders.remove(place.ok_or_else(|| Error::not_found(format!("no order {id}")))?);
        Ok(())
    }

    // No method leaves a list behind that is half changed, so a lock that somebody panicked under is as good as any.
    fn lock(&self) -> MutexGuard<'_, Vec<Order>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
