//! Writes what fuzzers begin with, a directory for each target: `cargo run -p flight-tests --example seeds -- DIRECTORY`.
//!
//! `tests/fuzz/run` does.
#![allow(clippy::unwrap_used, missing_docs, dead_code)]

#[path = "../tests/mutations/damage.rs"]
mod damage;
#[path = "../tests/property/generate.rs"]
mod generate;
#[path = "../tests/mutations/seeds.rs"]
mod seeds;

use std::path::PathBuf;

use flight_runtime::__fuzz::TARGETS;

fn main() {
    let root = std::env::args_os().nth(1).expect("a directory");
    for (target, _) in TARGETS {
        let directory = PathBuf::from(&root).join(target);
        std::fs::create_dir_all(&directory).unwrap();
        for (index, seed) in seeds::of(target).into_iter().enumerate() {
            std::fs::write(directory.join(index.to_string()), seed).unwrap();
        }
    }
}
