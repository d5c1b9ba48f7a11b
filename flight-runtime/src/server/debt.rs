//! [`Debt`]: for how long the calls of a connection keep each other waiting, beyond what it would take to hand them to other threads.
//!
//! A call that is alone may take its time: nobody else needs the connection's thread. Of several that are ready at once each waits for those before it,
//! while other processors may be idle. With 8 calls of 50 µs in flight a server that does them one by one gives six tenths of the answers on two
//! processors, and the fewer the more processors there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a call may take while others wait: about what it costs to hand it to another thread and back.
const FAIR: Duration = Duration::from_micros(10);
/// And for each byte that it has for the connection to send a quarter of a nanosecond: to write it takes as long.
const BYTES_A_NANOSECOND: u64 = 4;
/// How much may come together.
const MOST: Duration = Duration::from_micros(100);
/// What one call may add to it: on a busy machine the thread is taken away for a while, which is no call's fault.
const SHARE: Duration = Duration::from_micros(25);
/// If that was so long that the call leaves, a tenth of it: a client may begin a hundred slow calls in one packet.
const SLOW_PART: u32 = 10;

/// Of a connection and its calls, in one task.
#[derive(Debug, Default)]
pub(super) struct Debt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    nanoseconds: AtomicU64,
    /// The call that was polled first since the task began to run; 0 before that.
    first: AtomicU64,
    calls: AtomicU64,
}

/// One of the calls.
#[derive(Debug)]
pub(super) struct Debtor {
    state: Arc<State>,
    call: u64,
}

impl Debt {
    /// The task runs: what is too much was seen to the last time.
    pub(super) fn begin(&self) {
        self.0.first.store(0, Ordering::Relaxed);
        if self.0.is_too_much() {
            self.0.nanoseconds.store(0, Ordering::Relaxed);
        }
    }

    /// A call more.
    pub(super) fn debtor(&self) -> Debtor {
        let state = Arc::clone(&self.0);
        let call = state.calls.fetch_add(1, Ordering::Relaxed) + 1;
        Debtor { state, call }
    }
}

impl Debtor {
    /// The call took so long to give so many bytes, which may be so slow that it leaves.
    pub(super) fn add(&self, took: Duration, given: usize, slow: bool) {
        let Self { state, call } = self;
        let first = match state.first.load(Ordering::Relaxed) {
            0 => *call,
            first => first,
        };
        state.first.store(first, Ordering::Relaxed);
        // Who has waited for the first is not known yet, and nobody waits for himself.
        let counted = match first == *call {
            true => 0,
            false => nanoseconds(took),
        };
        let share = match slow {
            true => SHARE.max(took / SLOW_PART),
            false => SHARE,
        };
        let fair = nanoseconds(FAIR).saturating_add(given as u64 / BYTES_A_NANOSECOND);
        let counted = counted.min(fair.saturating_add(nanoseconds(share)));
        let before = state.nanoseconds.load(Ordering::Relaxed);
        let debt = before.saturating_add(counted).saturating_sub(fair);
        state.nanoseconds.store(debt, Ordering::Relaxed);
    }

    /// Whether it is to go on in a task of its own.
    pub(super) fn is_too_much(&self) -> bool {
        self.state.is_too_much()
    }
}

impl State {
    fn is_too_much(&self) -> bool {
        self.nanoseconds.load(Ordering::Relaxed) > nanoseconds(MOST)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many runs of the task it is too much, in each of which so many calls take so long to give so much.
    fn runs(calls: usize, took: Duration, given: usize) -> Option<usize> {
        let debt = Debt::default();
        let calls: Vec<_> = (0..calls).map(|_| debt.debtor()).collect();
        (1..1000).find(|_| {
            debt.begin();
            // Each has two turns.
            for call in calls.iter().chain(&calls) {
                call.add(took, given, false);
            }
            debt.0.is_too_much()
        })
    }

    #[test]
    fn calls_that_take_longer_than_another_thread_would_are_too_much_when_they_are_several() {
        assert_eq!(runs(8, FAIR * 5, 0), Some(1));
        assert_eq!(runs(8, FAIR * 3 / 2, 0), Some(2));
        assert_eq!(runs(8, FAIR, 0), None);
        assert_eq!(runs(1, FAIR * 100, 0), None, "nobody waits");
    }

    #[test]
    fn what_has_much_to_send_may_take_as_long_as_that() {
        assert_eq!(runs(2, FAIR * 50, 4 << 20), None);
        assert_eq!(runs(2, FAIR * 50, 4 << 10), Some(4));
    }

    #[test]
    fn one_that_was_held_up_is_made_up_for_by_the_others() {
        let debt = Debt::default();
        let calls = [(); 8].map(|()| debt.debtor());
        for _ in 0..100 {
            debt.begin();
            for (index, call) in calls.iter().enumerate() {
                call.add(if index == 1 { MOST * 10 } else { FAIR / 4 }, 0, false);
            }
            assert!(!debt.0.is_too_much());
        }
    }

    #[test]
    fn slow_ones_count_for_more_and_it_begins_anew_when_they_were_seen_to() {
        for (took, slow, times) in [(MOST * 10, false, 5), (MOST, true, 5), (MOST * 10, true, 2)] {
            let debt = Debt::default();
            debt.debtor().add(took, 0, slow);
            let last = debt.debtor();
            for _ in 0..times {
                assert!(!last.is_too_much());
                last.add(took, 0, slow);
            }
            assert!(last.is_too_much());
            debt.begin();
            assert!(!last.is_too_much());
        }
    }
}
