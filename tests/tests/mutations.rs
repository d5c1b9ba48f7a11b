//! Damaged input does no harm: whatever the bytes are, nothing panics, ends the process, takes much memory, or takes long.
//!
//! Uploads of every Arrow type are damaged where it hurts, and every function of `flight_runtime::__fuzz` is given damaged input of its kind.
//! The cases follow from their numbers; a failure names its number:
//!
//! ```text
//! FLIGHT_MUTATION=7 cargo test -p flight-tests --test mutations
//! FLIGHT_MUTATIONS=100000000 cargo test --release -p flight-tests --test mutations uploads -- --nocapture
//! ```
//!
//! are one case and the long form. Panics count also where the guard's `catch_unwind` stops them: behind the guard there is to be nothing that
//! panics. `tests/fuzz` looks for the same with a fuzzer.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "mutations/damage.rs"]
mod damage;
#[path = "property/generate.rs"]
#[allow(dead_code)]
mod generate;
#[path = "mutations/seeds.rs"]
mod seeds;
#[path = "mutations/watch.rs"]
mod watch;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use damage::{Part, Workbench};
use flight_runtime::__fuzz::{TARGETS, Target, decode, validate};
use generate::Dice;
use watch::{Cost, Counting, watch};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Cases of the short form.
const CASES: u64 = 40_000;
const THREADS: u64 = 2;
/// The most heap of one thread. Both together stay below 64 MiB.
const HEAP: usize = 32 << 20;
/// The longest case. One that took longer is tried again, because the machine may be busy.
const SLOW: Duration = Duration::from_millis(100);

/// What came of many cases.
#[derive(Default)]
struct Course {
    cases: u64,
    accepted: u64,
    heap: (usize, u64),
    slowest: (Duration, u64),
    failed: Vec<String>,
}

impl Course {
    /// Notes a case; `again` runs it once more.
    fn note(&mut self, number: u64, cost: Cost, mut again: impl FnMut() -> Cost) {
        self.cases += 1;
        let mut time = cost.time;
        if time > SLOW / 4 {
            time = (0..3).map(|_| again().time).fold(time, Duration::min);
        }
        self.heap = self.heap.max((cost.heap, number));
        self.slowest = self.slowest.max((time, number));
        let mut fail = |what: String| {
            if self.failed.len() < 20 {
                self.failed
                    .push(format!("FLIGHT_MUTATION={number}: {what}"));
            }
        };
        cost.panics.into_iter().for_each(&mut fail);
        if cost.heap > HEAP {
            fail(format!("{} bytes of heap", cost.heap));
        }
        if time > SLOW {
            fail(format!("took {time:?}"));
        }
    }

    fn join(mut self, other: Self) -> Self {
        self.cases += other.cases;
        self.accepted += other.accepted;
        self.heap = self.heap.max(other.heap);
        self.slowest = self.slowest.max(other.slowest);
        self.failed.extend(other.failed);
        self
    }
}

fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}

/// The numbers of the cases: first and behind the last.
fn numbers(count: u64) -> (u64, u64) {
    match variable("FLIGHT_MUTATION") {
        Some(number) => (number, number + 1),
        None => (0, variable("FLIGHT_MUTATIONS").unwrap_or(count)),
    }
}

/// One upload.
fn upload(number: u64, streams: &[Vec<Part>], bench: &mut Workbench, course: &mut Course) {
    let wire = bench.stream(streams, &mut Dice(number));
    let mut accepted = false;
    let mut run = || {
        watch(number, || {
            let decoded = decode(wire);
            accepted = decoded.is_ok();
            if let Ok(batches) = decoded {
                validate(&batches);
            }
        })
    };
    let cost = run();
    course.note(number, cost, &mut run);
    course.accepted += u64::from(accepted);
}

#[test]
fn uploads_that_are_damaged_are_refused_or_read() {
    let streams = seeds::streams();
    let (first, end) = numbers(CASES);
    let began = Instant::now();
    let next = AtomicU64::new(first);
    let work = || {
        let (mut bench, mut course) = (Workbench::default(), Course::default());
        loop {
            let from = next.fetch_add(1000, Ordering::Relaxed);
            if from >= end {
                return course;
            }
            for number in from..end.min(from + 1000) {
                upload(number, &streams, &mut bench, &mut course);
            }
        }
    };
    let course = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let courses = threads.into_iter().map(|thread| thread.join().unwrap());
        courses.fold(Course::default(), Course::join)
    });
    let took = began.elapsed();
    let Course {
        cases,
        accepted,
        heap,
        slowest,
        failed,
    } = course;
    println!(
        "{cases} uploads in {took:?}, {:.0} a second: {accepted} read, {} refused; at most {} KiB of heap (case {}), at most {:?} (case {})",
        cases as f64 / took.as_secs_f64(),
        cases - accepted,
        heap.0 >> 10,
        heap.1,
        slowest.0,
        slowest.1,
    );
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    if cases >= CASES {
        let share = accepted as f64 / cases as f64;
        assert!((0.05..0.95).contains(&share), "{share} read");
    }
}

/// Cases of each target in the short form.
const CASES_OF_TARGET: u64 = 1500;

/// Everything that reads bytes of others, a thread each.
#[test]
fn damaged_input_of_every_kind_does_no_harm() {
    let (first, end) = numbers(CASES_OF_TARGET);
    let work = |(name, target): Target| {
        let seeds = seeds::of(name);
        assert!(!seeds.is_empty());
        let mut course = Course::default();
        for seed in &seeds {
            // Its thread's server and runtime are made here.
            target(seed);
        }
        for number in first..end {
            let mut dice = Dice(number);
            let mut bytes = dice.pick(&seeds);
            for _ in 0..1 + dice.below(3) {
                damage::bytes(&mut bytes, &mut dice);
            }
            let mut run = || watch(number, || target(&bytes));
            let cost = run();
            course.note(number, cost, &mut run);
        }
        println!(
            "{name}: at most {} KiB of heap (case {}), at most {:?} (case {})",
            course.heap.0 >> 10,
            course.heap.1,
            course.slowest.0,
            course.slowest.1,
        );
        let failed = course.failed.into_iter();
        failed
            .map(|what| format!("{name}: {what}"))
            .collect::<Vec<_>>()
    };
    let next = Mutex::new(TARGETS.into_iter());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let Some(target) = next.lock().unwrap().next() else {
                        return;
                    };
                    let found = work(target);
                    failed.lock().unwrap().extend(found);
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}
