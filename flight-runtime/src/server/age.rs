//! [`Age`]: when a connection is old enough to be replaced.

use std::collections::hash_map::RandomState;
use std::future::pending;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

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

/// The age of a connection: what is due next, and when.
pub(super) struct Age {
    next: Option<(Due, Pin<Box<Sleep>>)>,
    grace: Option<Duration>,
}

impl Age {
    /// Of a connection that begins now.
    pub(super) fn new(limits: &Limits) -> Self {
        let at = |age| (Due::Drain, Box::pin(sleep(about(age))));
        Self {
            next: limits.connection_age.map(at),
            grace: limits.connection_age_grace,
        }
    }

    /// Waits for what is due next. May be dropped and asked again.
    pub(super) async fn due(&mut self) -> Due {
        let Some((due, at)) = &mut self.next else {
            return pending().await;
        };
        at.await;
        let due = *due;
        let behind = match due {
            Due::Drain => self.grace.map(|grace| (Due::Stop, grace)),
            Due::Stop => Some((Due::Cut, LAST_WORDS)),
            Due::Cut => None,
        };
        self.next = behind.map(|(due, after)| (due, Box::pin(sleep(after))));
        due
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
    use tokio::time::Instant;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_drained_then_stopped_then_cut() {
        let limits = Limits::default().max_connection_age(HOUR);
        let mut age = Age::new(&limits.connection_age_grace(HOUR));
        let began = Instant::now();
        assert_eq!(age.due().await, Due::Drain);
        let drained = began.elapsed();
        assert!(HOUR.mul_f64(0.899) < drained && drained < HOUR.mul_f64(1.101));
        assert_eq!(age.due().await, Due::Stop);
        assert_eq!((began.elapsed() - drained).as_secs(), HOUR.as_secs());
        assert_eq!(age.due().await, Due::Cut);
        assert!(tokio::time::timeout(HOUR, age.due()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn without_grace_calls_may_go_on_and_without_age_nothing_is_due() {
        let limits = Limits::default().max_connection_age(HOUR);
        let mut age = Age::new(&limits.clone().connection_age_grace(None));
        assert_eq!(age.due().await, Due::Drain);
        assert!(tokio::time::timeout(9 * HOUR, age.due()).await.is_err());
        let mut age = Age::new(&limits.max_connection_age(None));
        assert!(tokio::time::timeout(9 * HOUR, age.due()).await.is_err());
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
