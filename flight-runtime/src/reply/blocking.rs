//! [`on_blocking_thread`]: work on a thread that may block.

use std::panic::resume_unwind;

use tokio::task::spawn_blocking;
use tokio_util::task::AbortOnDropHandle;

use crate::Error;
use crate::observe::carried;

/// Runs `work` on a blocking thread. Whoever stops waiting before a thread was free has it not run at all; what has begun runs to its end.
///
/// # Errors
///
/// UNAVAILABLE when the runtime ends.
///
/// # Panics
///
/// When `work` does, with its panic: the call's own guard turns that into INTERNAL.
pub(crate) async fn on_blocking_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    match AbortOnDropHandle::new(spawn_blocking(carried(work))).await {
        Ok(done) => Ok(done),
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => Err(Error::unavailable("the server is stopping")),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    use futures::FutureExt;

    use super::*;

    #[test]
    fn what_nobody_waits_for_any_more_is_not_begun() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .build();
        runtime.unwrap().block_on(async {
            let (go, goes) = mpsc::channel::<()>();
            let first = tokio::spawn(on_blocking_thread(move || goes.recv().unwrap()));
            tokio::task::yield_now().await;
            let ran = Arc::new(AtomicBool::new(false));
            let runs = Arc::clone(&ran);
            let mut late = on_blocking_thread(move || runs.store(true, Ordering::SeqCst)).boxed();
            assert!(late.as_mut().now_or_never().is_none());
            drop(late);
            go.send(()).unwrap();
            first.await.unwrap().unwrap();
            // Behind whatever else waits for the one thread.
            on_blocking_thread(|| ()).await.unwrap();
            assert!(!ran.load(Ordering::SeqCst));
        });
    }
}
