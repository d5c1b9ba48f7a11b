//! What a case costs: panics, caught or not, the heap at its most, and time.
//!
//! All of it is counted in the thread that runs the case, which the decoder does not leave.

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::sync::Once;
use std::time::{Duration, Instant};

/// No case may ask for so much at once: the process ends, and says which case it was.
const MOST: usize = 1 << 30;

thread_local! {
    static CASE: Cell<Option<u64>> = const { Cell::new(None) };
    static HEAP: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The system's allocator, which counts.
pub(crate) struct Counting;

fn grown(by: usize) {
    let heap = HEAP.get().wrapping_add(by);
    HEAP.set(heap);
    // What is freed here may come from elsewhere, so that the count may pass below zero.
    if heap > PEAK.get() && heap <= isize::MAX as usize {
        PEAK.set(heap);
    }
}

/// Whether that much may be asked for.
fn may_have(size: usize) -> bool {
    let Some(case) = CASE.get().filter(|_| size > MOST) else {
        return true;
    };
    // Nothing is allocated here: standard error has no buffer.
    let _ = writeln!(std::io::stderr(), "case {case} asks for {size} bytes");
    false
}

// SAFETY: the system's allocator does all of the work, and what is refused is null, which is allowed.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !may_have(layout.size()) {
            return std::ptr::null_mut();
        }
        grown(layout.size());
        // SAFETY: what the caller promises is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HEAP.set(HEAP.get().wrapping_sub(layout.size()));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !may_have(size) {
            return std::ptr::null_mut();
        }
        HEAP.set(HEAP.get().wrapping_sub(layout.size()));
        grown(size);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What came of a case.
pub(crate) struct Cost {
    /// Where it panicked, also behind a `catch_unwind`.
    pub(crate) panics: Vec<String>,
    /// The most bytes of heap, beyond what there was before.
    pub(crate) heap: usize,
    pub(crate) time: Duration,
}

/// Notes panics of cases instead of printing them.
fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| match CASE.get() {
            Some(_) => {
                let mut told = panic.to_string();
                let trace = Backtrace::capture();
                if trace.status() == BacktraceStatus::Captured {
                    told = format!("{told}\n{trace}");
                }
                PANICS.with_borrow_mut(|panics| panics.push(told));
            }
            None => print(panic),
        }));
    });
}

/// Runs a case of this number.
pub(crate) fn watch(number: u64, case: impl FnOnce()) -> Cost {
    note_panics();
    let before = HEAP.get();
    PEAK.set(before);
    CASE.set(Some(number));
    let began = Instant::now();
    // A panic that gets here is noted like any other.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(case));
    let time = began.elapsed();
    CASE.set(None);
    Cost {
        panics: PANICS.take(),
        heap: PEAK.get().wrapping_sub(before),
        time,
    }
}
