//! Runs the program of a page: `guide first-service`.
//!
//! It prints where it listens, and ends when its standard input closes, as the service under test does. With `--alone` behind the page it does
//! what its program does, and nothing else.

use flight_runtime::Error;
use flight_tests::process;

type Program = fn() -> Result<(), Error>;

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

fn main() -> Result<(), Error> {
    let page = std::env::args().nth(1).unwrap_or_default();
    let found = PROGRAMS.iter().find(|(name, _)| *name == page);
    let (_, program) =
        found.ok_or_else(|| Error::not_found(format!("no page `{page}` has a program")))?;
    if std::env::args().nth(2).as_deref() != Some("--alone") {
        process::log_and_announce()?;
        let closed = process::stdin_closed();
        std::thread::spawn(move || {
            let _ = closed.blocking_recv();
            std::process::exit(0);
        });
    }
    program()
}
