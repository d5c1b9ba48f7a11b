//! Timers beside the runtime that waits for them.
//!
//! A timer that runs bounds how long tokio may wait for sockets, and the kernel takes time to arrange for that: with one call under way it was a
//! twentieth of the server's time for it, whatever the timer was for. Every connection has one (whether its peer lives), so they run in a runtime of their own, whose thread does
//! nothing else. Where a runtime has one thread alone, they are its own: only there may a test stop time (`tokio::time::pause`).

use std::sync::LazyLock;
use std::time::Duration;

use tokio::runtime::{Builder, EnterGuard, Handle, RuntimeFlavor};
use tokio::time::{Instant, Sleep};

/// Waits for so long.
pub(crate) fn sleep(duration: Duration) -> Sleep {
    let _beside = beside();
    tokio::time::sleep(duration)
}

/// Waits until then.
pub(crate) fn sleep_until(deadline: Instant) -> Sleep {
    let _beside = beside();
    tokio::time::sleep_until(deadline)
}

/// The same, but no longer than a clock can count: whoever says `Duration::MAX` wants no limit, and not an overflow.
pub(crate) fn countable(duration: Duration) -> Duration {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    duration.min(CENTURY)
}

/// What is made while this is held has its timers beside the runtime that it is made in.
fn beside() -> Option<EnterGuard<'static>> {
    let here = Handle::try_current().ok()?.runtime_flavor();
    if here == RuntimeFlavor::CurrentThread {
        return None;
    }
    Some(TIMERS.as_ref()?.enter())
}

/// `None` where no thread could be had: then everybody has timers of his own.
static TIMERS: LazyLock<Option<Handle>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().build().ok()?;
    let timers = runtime.handle().clone();
    std::thread::Builder::new()
        .name("flight-timers".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))
        .ok()?;
    Some(timers)
});

#[cfg(test)]
mod tests {
    use std::time::Instant as StdInstant;

    use super::*;

    const WHILE: Duration = Duration::from_millis(20);

    #[test]
    fn they_are_not_those_of_the_runtime_that_waits() {
        // This one has none.
        let runtime = Builder::new_multi_thread().worker_threads(1).build();
        runtime.unwrap().block_on(async {
            let began = Instant::now();
            sleep(WHILE).await;
            sleep_until(Instant::now() + WHILE).await;
            assert!(began.elapsed() >= 2 * WHILE);
        });
    }

    #[tokio::test(start_paused = true)]
    async fn a_runtime_of_one_thread_keeps_its_own_time() {
        const DAY: Duration = Duration::from_secs(86_400);
        let began = (Instant::now(), StdInstant::now());
        sleep(DAY).await;
        assert!(began.0.elapsed() >= DAY);
        assert!(began.1.elapsed() < DAY);
    }
}
