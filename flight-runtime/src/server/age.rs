//! [`Due`]: when a connection is old enough to be replaced.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use crate::handle::LAST_WORDS;
use crate::limits::Limits;

/// What is to be done with a connection, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing new begins on it.
    Drain,
    /// Its calls end.
    Stop,
    /// It is closed.
    Cut,
}

impl Due {
    /// Of a connection that begins now: what is due, and in what time.
    pub(super) fn first(limits: &Limits) -> Option<(Self, Duration)> {
        limits.connection_age.map(|age| (Self::Drain, about(age)))
    }

    /// What is due behind it.
    pub(super) fn next(self, limits: &Limits) -> Option<(Self, Duration)> {
        match self {
            Self::Drain => limits.connection_age_grace.map(|grace| (Self::Stop, grace)),
            Self::Stop => Some((Self::Cut, LAST_WORDS)),
            Self::Cut => None,
        }
    }
}

/// A tenth more or less: connections that began together, after a restart, must not all end together.
fn about(age: Duration) -> Duration {
    // The standard library's hashers are seeded by chance, which is all the chance that is needed here.
    let chance = RandomState::new().build_hasher().finish() % 2001;
    age.mul_f64(0.9 + chance as f64 / 10_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_connection_is_drained_then_stopped_then_cut() {
        let limits = Limits::default().max_connection_age(HOUR);
        let limits = limits.connection_age_grace(HOUR);
        let (due, after) = Due::first(&limits).unwrap();
        assert_eq!(due, Due::Drain);
        assert!(HOUR.mul_f64(0.899) < after && after < HOUR.mul_f64(1.101));
        assert_eq!(due.next(&limits), Some((Due::Stop, HOUR)));
        assert_eq!(Due::Stop.next(&limits), Some((Due::Cut, LAST_WORDS)));
        assert_eq!(Due::Cut.next(&limits), None);
    }

    #[test]
    fn without_grace_calls_may_go_on_and_without_age_nothing_is_due() {
        let limits = Limits::default().max_connection_age(HOUR);
        let limits = limits.connection_age_grace(None);
        assert_eq!(Due::Drain.next(&limits), None);
        assert_eq!(Due::first(&limits.max_connection_age(None)), None);
    }

    #[test]
    fn ages_differ_within_a_tenth() {
        let ages: Vec<_> = (0..1000).map(|_| about(HOUR)).collect();
        let (least, most) = (HOUR.mul_f64(0.899), HOUR.mul_f64(1.101));
        assert!(ages.iter().all(|age| least < *age && *age < most));
        assert!(ages.iter().any(|age| *age < HOUR.mul_f64(0.95)));
        assert!(ages.iter().any(|age| *age > HOUR.mul_f64(1.05)));
    }
}
