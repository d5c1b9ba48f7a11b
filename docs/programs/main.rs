//! Runs the program of a page: `guide first-service`.
//!
//! It prints where it listens, and ends when its standard input closes, as the service under test does.

use flight_runtime::Error;
use flight_tests::process;

type Program = fn() -> Result<(), Error>;

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

fn main() -> Result<(), Error> {
    process::log_and_announce()?;
    let page = std::env::args().nth(1).unwrap_or_default();
    let found = PROGRAMS.iter().find(|(name, _)| *name == page);
    let (_, program) =
        found.ok_or_else(|| Error::not_found(format!("no page `{page}` has a program")))?;
    let closed = process::stdin_closed();
    std::thread::spawn(move || {
        let _ = closed.blocking_recv();
        std::process::exit(0);
    });
    program()
}
